"""Fixtures for every test: where the real images lie, and a quiet, deterministic environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ["COLUMNS"] = "200"  # read once, when the console is made

DATA = Path(
    os.environ.get("AUTOMED_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with cell/, polyp/, leukemia/ and breast_cell/; skips where it is missing."""
    if not DATA.is_dir():
        pytest.skip(f"no real images at {DATA}; set AUTOMED_TEST_DATA")
    return DATA


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty workspace folder that automed finds by itself."""
    root = tmp_path / "workspace"
    monkeypatch.setenv("AUTOMED_WORKSPACE", str(root))
    return root
