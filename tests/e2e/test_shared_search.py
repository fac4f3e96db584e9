"""``automed search --name same`` twice at a time, in two workspaces, on real images."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from postgres_server import PASSWORD

AUTOMED = Path(sys.executable).with_name("automed")


def command(data: Path, workspace: Path, storage: str) -> list[str]:
    return [
        str(AUTOMED), "search", "cell", "--name", "same", "--budget", "4", "--epochs", "1",
        "--image-size", "32", "--no-pretrained", "--data", str(data), "--workspace",
        str(workspace), "--storage", storage, "--artifact", "weights", "--max-gflops", "0.2",
    ]  # fmt: skip


@pytest.mark.thorough
@pytest.mark.real_data
@pytest.mark.timeout(900)
def test_two_commands_share_a_budget(
    real_data: Path, tmp_path: Path, storage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AUTOMED_STORAGE")
    data = real_data / "cell" / "segmentation_WBC" / "Dataset 2"
    if not data.is_dir():
        pytest.skip(f"no images in {data}")
    workspaces = [tmp_path / "one", tmp_path / "other"]
    searches = [
        subprocess.Popen(
            command(data, workspace, storage), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        for workspace in workspaces
    ]  # fmt: skip
    said = [search.communicate(timeout=600)[0] for search in searches]
    assert [search.returncode for search in searches] == [0, 0], "\n".join(said)
    for text in said:
        assert "The budget of 4 trials is spent: 4 of 4 trials" in text
        assert PASSWORD not in text
        assert "\n    export AUTOMED_STORAGE=postgresql://" in text
    trained = [{f.name for f in (w / "studies/same/trials").iterdir()} for w in workspaces]
    assert trained[0].isdisjoint(trained[1])
    assert len(trained[0] | trained[1]) == 4
    assert all(trained), "both took part"
    for workspace in workspaces:
        assert json.loads((workspace / "studies/same/study.json").read_text())["budget"]
        files = [file for file in workspace.rglob("*") if file.is_file()]
        assert not [file for file in files if PASSWORD.encode() in file.read_bytes()]
