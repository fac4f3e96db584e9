"""Whether an MLflow store answers, asked without MLflow: importing that takes five seconds."""

from __future__ import annotations

import base64
import json
import os
import ssl
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import create_engine, inspect
from sqlalchemy.engine import make_url

from automed.tracking.store import check_sqlite, mask


class UnreachableError(Exception):
    """A store does not answer, or refuses; the message says which and why, without passwords."""


def reach(uri: str, seconds: float) -> str:
    """Ask a store for something small, as the tracker will.

    Args:
        uri: MLflow's tracking URI.
        seconds: How long to wait for a server.

    Returns:
        What answered, in a few words.

    Raises:
        UnreachableError: Nothing did.
    """
    if uri.startswith(("http://", "https://")):
        ask = partial(_server, uri, seconds)
    elif uri.startswith("sqlite"):
        ask = partial(_sqlite, uri)
    elif uri.startswith(("postgresql", "mysql", "mssql")):
        ask = partial(_database, uri, seconds)
    else:  # MLflow 3 refuses folders
        raise UnreachableError(f"{mask(uri)} is neither a database nor a server")
    try:
        return ask()
    except UnreachableError:
        raise
    except Exception as error:
        text = str(error).strip().partition("\n")[0] or type(error).__name__
        raise UnreachableError(mask(f"{text} ({uri})")) from error


def _sqlite(uri: str) -> str:
    path = Path(make_url(uri).database or "")
    if not path.exists():
        if path.parent.parent.exists():  # the workspace itself is made by the first search
            return f"{path}, made by the first search"
        raise UnreachableError(f"the folder {path.parent} does not exist")
    check_sqlite(uri)
    return f"{path}, {_tables(uri, {})}"


def _database(uri: str, seconds: float) -> str:
    patience = {"connect_timeout": max(2, round(seconds))}  # libpq takes no less than 2 s
    return f"{mask(uri)}, {_tables(uri, patience)}"


def _tables(uri: str, arguments: dict[str, int]) -> str:
    engine = create_engine(uri, connect_args=arguments)
    try:
        names = inspect(engine).get_table_names()
    finally:
        engine.dispose()
    return "answers" if "runs" in names else "empty, filled by the first search"


def _server(uri: str, seconds: float) -> str:
    parts = urlsplit(uri)
    plain = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")
    question = urllib.request.Request(
        f"{plain}/api/2.0/mlflow/experiments/search",
        json.dumps({"max_results": 1}).encode(),
        {"Content-Type": "application/json", **credentials(parts.username, parts.password)},
    )
    bundle = os.environ.get("REQUESTS_CA_BUNDLE")  # what MLflow itself goes by
    context = ssl.create_default_context(cafile=bundle) if parts.scheme == "https" else None
    try:
        with urllib.request.urlopen(question, timeout=seconds, context=context) as answer:
            json.loads(answer.read())
    except urllib.error.HTTPError as error:
        said = error.read(200).decode(errors="replace").strip().partition("\n")[0]
        raise UnreachableError(f"{plain} answers {error.code}: {said or error.reason}") from None
    except urllib.error.URLError as error:
        why = error.reason
        text = getattr(why, "strerror", None) or str(why)
        raise UnreachableError(f"{plain} does not answer: {text.lower()}") from None
    except json.JSONDecodeError:
        raise UnreachableError(f"{plain} is no MLflow server") from None
    return f"{plain}, answers"


def credentials(user: str | None, password: str | None) -> dict[str, str]:
    """The header that MLflow's client would send, by the same variables."""
    user = os.environ.get("MLFLOW_TRACKING_USERNAME", user or "")
    password = os.environ.get("MLFLOW_TRACKING_PASSWORD", password or "")
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    if user and password:
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}
    return {"Authorization": f"Bearer {token}"} if token else {}
