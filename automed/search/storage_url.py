"""Which database holds the studies that several machines search together."""

from __future__ import annotations

import os
from pathlib import Path
from shlex import quote
from urllib.parse import urlsplit

from automed.domain.errors import StudyError

STORAGE = "AUTOMED_STORAGE"
PASSWORD_FILE = "AUTOMED_STORAGE_PASSWORD_FILE"
"""Names a file with the password, for where secrets are mounted as files."""

_PASSWORD = "PASSWORD"

_EXPECTED = "postgresql://USER@HOST:PORT/DATABASE"


def storage_url() -> str | None:
    """The database that the environment names; None: studies are kept in their folders.

    Raises:
        StudyError: It is none that machines can share.
    """
    url = os.environ.get(STORAGE, "").strip()
    return checked_url(url) if url else None


def required_url(study: str) -> str:
    """The database of a study that is kept in one.

    Raises:
        StudyError: The environment names none.
    """
    url = storage_url()
    if url is None:
        raise StudyError(
            f"study {study!r} is kept in Postgres, and {STORAGE} does not say where",
            expected=f"{STORAGE}={_EXPECTED}, as the search had it",
            hint=f"export {STORAGE}={_EXPECTED}",
        )
    return url


def checked_url(url: str) -> str:
    """The URL as libpq takes it. What is wrong is said without it: it may hold a password.

    Raises:
        StudyError: It names no Postgres database.
    """
    scheme, _, rest = url.partition("://")
    kind = scheme.partition("+")[0]
    if kind not in ("postgresql", "postgres") or not rest:
        named = f"a URL of {scheme}" if rest else "no URL"
        raise StudyError(
            f"{STORAGE} names no storage that machines can share",
            found=named,
            expected=_EXPECTED,
            hint=f"for a search on one machine leave {STORAGE} and --storage out: its study is "
            "kept in its folder",
        )
    return f"{kind}://{rest}"


def shown(url: str) -> str:
    """A URL for messages: host and database, neither user nor password nor options."""
    parts = urlsplit(url)
    return f"postgresql://{parts.netloc.rpartition('@')[2] or 'localhost'}{parts.path}"


def to_export(url: str) -> str:
    """What a shell is to be told so that commands find the database; without the password."""
    # Here, as commands that read a study need none of it.
    from sqlalchemy.engine import make_url

    parsed = make_url(url)
    if parsed.password is not None:
        parsed = parsed.set(password=_PASSWORD)
    if "password" in parsed.query:
        parsed = parsed.update_query_dict({"password": _PASSWORD})
    return f"export {STORAGE}={quote(parsed.render_as_string(hide_password=False))}"


def password() -> str | None:
    """The password in the file that the environment names; None: it names none.

    Raises:
        StudyError: The file cannot be read.
    """
    name = os.environ.get(PASSWORD_FILE)
    if not name:
        return None
    try:
        return Path(name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(
            f"{PASSWORD_FILE} names a file that cannot be read: {name}",
            found=getattr(error, "strerror", None) or type(error).__name__,
            expected="a text file that holds the password of the storage",
        ) from error
