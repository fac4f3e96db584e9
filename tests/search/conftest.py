"""Lets these tests import the toy study, and spares them the wait for the disk."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from toy_seats import Sit, seats


@pytest.fixture(autouse=True)
def no_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Power cuts are not tested, and fsync is most of a trial's time here."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def sit(tmp_path: Path, storage: str) -> Iterator[Sit]:
    """Searches at one study, each with a workspace of its own; the first begins it."""
    with seats(tmp_path, storage) as taking:
        yield taking
