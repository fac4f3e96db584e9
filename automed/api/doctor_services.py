"""What may be elsewhere: the tracking server, the hub with pretrained weights, a Ray cluster."""

from __future__ import annotations

import shlex
import sys
from functools import partial

from automed.api.doctor_finding import Check, Finding, broken, in_a_line, ok, warning
from automed.domain.errors import AutomedError, StudyError
from automed.domain.workspace import Workspace
from automed.executors.ray_reach import AUTO, ask_cluster, ray_version
from automed.models.weights_hub import view_hub
from automed.search.shared_study import SharedStudies
from automed.search.storage_url import STORAGE, storage_url
from automed.tracking.reach import UnreachableError, reach
from automed.tracking.uri import tracking_uri

_ANSWER_SECONDS = 3.0
_RAY_SECONDS = 20.0
"""A driver that joins a cluster takes about ten seconds, most of them to start."""


def service_checks(workspace: Workspace, ray: str | None) -> list[Check]:
    """Of services. They only wait, so all of them may be asked at the same time.

    Args:
        workspace: Holds the tracking store where no server is named.
        ray: Address of a cluster; None: only whether Ray is installed.
    """
    uri = tracking_uri(workspace)
    asked = partial(_cluster, ray) if ray is not None else _ray
    return [
        Check("MLflow", partial(_tracking, uri), _ANSWER_SECONDS + 7, _without_server(uri)),
        Check("storage", _storage, _ANSWER_SECONDS + 10, f"unset {STORAGE}"),
        Check("weights", _weights, _ANSWER_SECONDS + 7, "automed search cell --no-pretrained"),
        Check("Ray", asked, _RAY_SECONDS + 2),
    ]


def _tracking(uri: str) -> Finding:
    try:
        return ok("MLflow", reach(uri, _ANSWER_SECONDS))
    except UnreachableError as error:
        # Trials are kept in the study, and written later: automed sync.
        found = f"{error}. Searches run; automed sync NAME writes what MLflow missed"
        return broken("MLflow", found, _without_server(uri))


def _without_server(uri: str) -> str | None:
    """The command for where a store does not answer."""
    if uri.startswith("sqlite"):
        return f"fuser -v {shlex.quote(uri.partition(':///')[2])}"
    return "unset MLFLOW_TRACKING_URI"


def _storage() -> Finding:
    """Where studies are kept that several machines search together."""
    try:
        url = storage_url()
        if url is None:
            return ok("storage", "each study in its folder; for several machines: --storage URL")
        studies = SharedStudies(url)
        try:
            names = studies.names()
        finally:
            studies.close()
    except StudyError as error:
        return broken("storage", in_a_line(error), f"unset {STORAGE}")
    return ok("storage", f"{studies.place} answers, studies: {len(names)}")


def _weights() -> Finding:
    seen = view_hub(_ANSWER_SECONDS)
    cached = f"{seen.cached} weight files are cached in {seen.cache}"
    if seen.problem is None:
        return ok("weights", f"{seen.endpoint} answers, {cached}")
    found = f"{seen.problem}; {cached}. Others: --weights FOLDER, or random with --no-pretrained"
    return warning("weights", found, "automed search cell --no-pretrained")


def _ray() -> Finding:
    found = ray_version()
    if found is None:
        return ok("Ray", "not installed; one machine does not need it")
    return ok("Ray", f"{found}; no cluster was asked (--ray ADDRESS)")


def _cluster(address: str) -> Finding:
    installed = ray_version()
    if installed is None:
        return broken("Ray", "not installed", f"{sys.executable} -m pip install 'ray[default]'")
    try:
        seen = ask_cluster(address, _RAY_SECONDS)
    except AutomedError as error:
        if address == AUTO and error.hint is None:
            return warning(
                "Ray", f"{installed}; no cluster runs here: automed search --ray auto begins one "
                "of its own", "ray start --head",
            )  # fmt: skip
        usual = f"ray status --address {shlex.quote(address)}"
        return broken("Ray", in_a_line(error), error.hint or usual)
    return ok("Ray", f"{installed} at {address}: {seen.describe()}")
