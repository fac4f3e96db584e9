"""What a user brings along to a search: configs to try, and a study to learn from."""

from __future__ import annotations

from pathlib import Path

from automed.api.progress import Steps
from automed.domain.config import Config
from automed.domain.errors import StudyError
from automed.domain.study_spec import StudySpec, WarmStart
from automed.domain.suggestion import suggestion
from automed.domain.task import AnyTask, Baseline
from automed.domain.workspace import Workspace
from automed.search.enqueued_file import read_enqueued
from automed.search.listing import list_studies
from automed.search.samplers.registry import SAMPLERS
from automed.search.screen import CostOf, Verdict, screen_family
from automed.search.warm_start import Prior
from automed.search.warm_start_source import prior_of

_ORIGINS = (*SAMPLERS, "leftover")
"""What trials are said to come from, where it is no baseline."""


def wanted_configs(file: Path | None, task: AnyTask, sampler: str) -> tuple[Baseline, ...]:
    """The configs of ``--enqueue``.

    Raises:
        SpaceError: The file cannot be read, or a config cannot be tried.
    """
    return () if file is None else read_enqueued(file, task, (*_ORIGINS, sampler))


def check_source(name: str | None, workspace: Workspace) -> None:
    """Refuse a ``--warm-start`` from a study that is not there.

    Raises:
        StudyError: Naming those there are.
    """
    if name is None:
        return
    known = [study.name for study in list_studies(workspace.studies)]
    if name not in known:
        raise StudyError(
            f"--warm-start {name}: there is no such study{suggestion(name, known)}",
            expected=f"one of {', '.join(known)}" if known else "a study of this workspace: none",
            hint=f"list them: automed studies{workspace.flag}",
        )


def with_warm_start(
    spec: StudySpec, name: str, workspace: Workspace, cost_of: CostOf, steps: Steps
) -> tuple[StudySpec, Prior]:
    """The spec of a study that begins with another one's trials, and those trials.

    Raises:
        StudyError: The other study cannot be read, or has nothing in common with this one.
    """

    def judge(config: Config) -> Verdict:
        return screen_family(config, spec, cost_of)

    prior = prior_of(workspace.studies / name, spec, judge, steps(f"Pricing trials of {name}"))
    begun = WarmStart(study=prior.study, content=prior.digest)
    changed: StudySpec = spec.replace(warm_start=begun)
    return changed, prior
