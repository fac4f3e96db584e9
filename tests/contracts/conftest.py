"""Lets these tests import the toy study, and spares them the wait for the disk."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / room) for room in ("search", "executors")]


@pytest.fixture(autouse=True)
def no_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Power cuts are not tested, and fsync is most of a trial's time here."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
