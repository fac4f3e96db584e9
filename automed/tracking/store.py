"""Where MLflow keeps things, and whether it can be written to without a long wait."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

BUSY_SECONDS = 2.0
REQUEST_SECONDS = 8

_DEFAULTS = {
    # One attempt: a request that timed out may still have been obeyed, and MLflow would blindly
    # create the same run again. The tracker tries again itself, after looking.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": str(REQUEST_SECONDS),
    # A line on stdout whenever a run ends would break the live table.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # A hospital's machine reports to nobody unless its owner says so.
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


def set_defaults() -> None:
    """Bound MLflow's patience, unless the user has set it.

    MLflow reads these from the environment alone.
    """
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)


def artifact_location(uri: str, workspace: Path) -> str | None:
    """Where a new experiment keeps its files; None: where the tracking server says.

    Args:
        uri: MLflow's tracking URI.
        workspace: Absolute path of the workspace.
    """
    if uri.startswith(("http://", "https://", "databricks")):
        return None
    return (workspace / "mlartifacts").as_uri()


def check_sqlite(uri: str) -> None:
    """Fail fast where a SQLite store is locked or read-only.

    MLflow waits 20 seconds for every statement on a locked database, which cannot be changed.

    Raises:
        sqlite3.OperationalError: It cannot be written to at the moment.
    """
    path = _sqlite_path(uri)
    if path is None or not path.exists():
        return
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    with closing(connection):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")


def _sqlite_path(uri: str) -> Path | None:
    found = re.match(r"sqlite(?:\+\w+)?:///(?!file:)([^?]+)$", uri)
    return Path(found.group(1)) if found and found.group(1) != ":memory:" else None


def explain(error: Exception) -> str:
    """An error of MLflow or its libraries in one line."""
    text = str(error)
    reason = re.search(r"Connection refused|Read timed out|No route to host|Name or service", text)
    url = re.search(r"https?://[^/\s'\"]+", text)
    if reason is not None and url is not None:
        line = f"{url.group()} does not answer ({reason.group().lower()})"
    else:
        # SQLAlchemy puts the driver's exception in front: (sqlite3.OperationalError) ...
        first = re.sub(r"^\(\w+\.\w+\) ", "", text.strip()).partition("\n")[0]
        line = first or type(error).__name__
    return mask(line)[:300]


def mask(text: str) -> str:
    """The text without the names and passwords of URLs."""
    return re.sub(r"://[^/@\s]+@", "://***@", text)
