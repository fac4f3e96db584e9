"""The line that lets other commands find a storage that was given as a flag."""

from __future__ import annotations

import pytest

from automed.search.storage_url import to_export

SECRET = "geheim"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://lab@db/automed", "postgresql://lab@db/automed"),
        (f"postgresql://lab:{SECRET}@db:5433/a", "postgresql://lab:PASSWORD@db:5433/a"),
        ("postgresql:///automed", "postgresql:///automed"),
        (
            f"postgresql://lab@db/a?password={SECRET}&sslmode=require",
            "'postgresql://lab@db/a?password=PASSWORD&sslmode=require'",
        ),
    ],
)
def test_no_password_is_shown(url: str, shown: str) -> None:
    assert to_export(url) == f"export AUTOMED_STORAGE={shown}"
