"""Next steps point to where the study really is."""

from __future__ import annotations

from pathlib import Path

import pytest

from automed.api.front import show_front
from automed.api.tracking import browse, tracking_uri
from automed.domain.errors import StudyError
from automed.domain.workspace import Workspace


def test_browsing_follows_the_tracking_uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    space = Workspace.at(tmp_path)
    assert browse(space) == f"mlflow ui --backend-store-uri sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    assert tracking_uri(space) == "http://127.0.0.1:5000"
    assert browse(space) == "http://127.0.0.1:5000"


def test_an_unknown_study_names_the_known_ones_and_the_workspace(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="'gone'") as caught:
        show_front("gone", Workspace.at(tmp_path / "other ws"))
    assert caught.value.hint == f"automed studies --workspace '{tmp_path}/other ws'"


def test_the_default_workspace_needs_no_flag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOMED_WORKSPACE", str(tmp_path))
    assert Workspace.at().flag == ""
    assert Workspace.at(tmp_path / "x").flag == f" --workspace {tmp_path / 'x'}"
