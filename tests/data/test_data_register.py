"""The register of data sets survives other processes, crashes and damaged files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from automed.data.register import Registered, all_registered, register, registered
from automed.domain.data_options import DataOptions
from automed.domain.errors import WorkspaceError
from automed.domain.workspace import Workspace


def entry(task: str, samples: int = 3) -> Registered:
    options = DataOptions(group_pattern=r"^(p\d+)", mask_values="nonzero")
    return Registered(
        task=task, path="/data/Ünï code", options=options, digest="d" * 64, samples=samples
    )


def test_what_is_registered_is_found(tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path / "new")
    assert registered(workspace, "polyp") is None
    assert all_registered(workspace) == ()
    register(workspace, entry("polyp"))
    register(workspace, entry("cell"))
    assert registered(workspace, "polyp") == entry("polyp")
    assert [e.task for e in all_registered(workspace)] == ["cell", "polyp"]


def test_a_task_has_one_data_set(tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path)
    register(workspace, entry("polyp", 3))
    register(workspace, entry("polyp", 4))
    assert [e.samples for e in all_registered(workspace)] == [4]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"datasets": [{"task": "polyp"}]}', '{"version": 1, "surprise": 2}'],
)
def test_a_damaged_register_is_named_and_kept(content: str, tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path)
    workspace.datasets.write_text(content)
    with pytest.raises(WorkspaceError, match=r"datasets\.json is damaged") as caught:
        registered(workspace, "polyp")
    assert "automed data add" in str(caught.value)
    with pytest.raises(WorkspaceError):
        register(workspace, entry("polyp"))
    assert workspace.datasets.read_text() == content


def test_a_crash_while_writing_leaves_the_old_register(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.at(tmp_path)
    register(workspace, entry("polyp"))

    def power_cut(*_: object) -> None:
        raise OSError("power cut")

    monkeypatch.setattr("automed.data.register.os.fsync", power_cut)
    with pytest.raises(OSError, match="power cut"):
        register(workspace, entry("cell"))
    assert [e.task for e in all_registered(workspace)] == ["polyp"]
    assert json.loads(workspace.datasets.read_text())["version"] == 1


def test_processes_that_register_at_once_lose_nothing(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from automed.data.register import Registered, register\n"
        "from automed.domain.workspace import Workspace\n"
        "for i in range(15):\n"
        "    name = f'{sys.argv[2]}{i}'\n"
        "    entry = Registered(task=name, path='/x', digest='d', samples=1)\n"
        "    register(Workspace.at(sys.argv[1]), entry)\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name]) for name in "abc"
    ]
    assert [process.wait(120) for process in running] == [0, 0, 0]
    assert len(all_registered(Workspace.at(tmp_path))) == 45
