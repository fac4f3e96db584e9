"""Where a browser finds the run of a trial on an MLflow server; asked without MLflow itself."""

from __future__ import annotations

import json
import os
import ssl
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from automed.tracking import entries
from automed.tracking.identity import FILE
from automed.tracking.reach import UnreachableError, credentials

PAGES = "AUTOMED_MLFLOW_URL"
"""Environment variable: where browsers reach the server, if not where this process does."""


def run_address(uri: str, task: str, study: Path, number: int, seconds: float = 3.0) -> str | None:
    """The page of a trial's run. Nothing is written, neither there nor here.

    Args:
        uri: Of an MLflow server.
        task: Name of the study's task, which names the experiment.
        study: The study's folder.
        number: Of the trial.
        seconds: How long to wait for each of two answers.

    Returns:
        An address without a password; None where the server has no such run.

    Raises:
        UnreachableError: The server does not answer, or refuses.
    """
    try:
        uid = json.loads((study / FILE).read_text(encoding="utf-8"))["study_uid"]
    except (OSError, ValueError, KeyError, TypeError):
        return None  # the study was never written to MLflow
    parts = urllib.parse.urlsplit(uri)
    plain = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")
    headers = credentials(parts.username, parts.password)
    name = urllib.parse.quote(f"automed/{task}", safe="")
    found = _ask(f"{plain}/api/2.0/mlflow/experiments/get-by-name?experiment_name={name}",
                 None, headers, seconds)  # fmt: skip
    if found is None:
        return None
    experiment = found["experiment"]["experiment_id"]
    where = f"tags.`{entries.UID}` = '{uid}' and tags.`{entries.NUMBER}` = '{number}'"
    question = {"experiment_ids": [experiment], "filter": where, "max_results": 1}
    answer = _ask(f"{plain}/api/2.0/mlflow/runs/search", question, headers, seconds)
    runs = (answer or {}).get("runs", [])
    if not runs:
        return None
    pages = (os.environ.get(PAGES) or plain).rstrip("/")
    return f"{pages}/#/experiments/{experiment}/runs/{runs[0]['info']['run_id']}"


def _ask(
    address: str, question: dict[str, Any] | None, headers: dict[str, str], seconds: float
) -> dict[str, Any] | None:
    """The answer; None where there is no such thing."""
    data = None if question is None else json.dumps(question).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json", **headers})
    bundle = os.environ.get("REQUESTS_CA_BUNDLE")  # what MLflow itself goes by
    context = ssl.create_default_context(cafile=bundle) if address.startswith("https") else None
    server = urllib.parse.urlsplit(address).netloc
    try:
        with urllib.request.urlopen(request, timeout=seconds, context=context) as answer:
            found: dict[str, Any] = json.loads(answer.read())
            return found
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise UnreachableError(f"{server} answers {error.code}: {error.reason}") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", None) or error
        raise UnreachableError(f"{server} does not answer: {why}") from None
