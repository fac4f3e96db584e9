"""How a search with workers ends: by Ctrl-C, by SIGTERM, by kill -9. No worker outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import toy_trainings as trainings
from toy_study import cost_of, spec_of

from automed.executors.outcome import Outcome
from automed.executors.processes import run
from automed.executors.slots import assign
from automed.search.study import Study

HERE = Path(__file__).resolve().parent
SCRIPT = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    import toy_trainings
    from toy_study import cost_of, spec_of
    from automed.executors.processes import run
    from automed.executors.slots import assign
    from automed.search.study import Study
    if __name__ == "__main__":
        study = Study.create(Path(sys.argv[1]), spec_of(trials=4), cost_of)
        train = getattr(toy_trainings, sys.argv[2])
        print(run(study, train, slots=assign(2)).value, flush=True)
        print([trial.label for trial in study.trials], flush=True)
    """
)


class Search:
    """A search in a process group of its own, as a terminal starts it."""

    def __init__(self, folder: Path, train: str) -> None:
        self.study = folder / "s"
        self.notes = folder / "notes"
        self.notes.mkdir()
        script = folder / "script.py"
        script.write_text(SCRIPT)
        paths = os.pathsep.join([str(HERE), str(HERE.parent / "search")])
        self.process = subprocess.Popen(
            [sys.executable, str(script), str(self.study), train],
            env=os.environ | {"PYTHONPATH": paths, "NOTES": str(self.notes)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def workers(self, at_least: int = 2) -> list[int]:
        """Process ids of the workers, as soon as they train."""
        deadline = time.monotonic() + 120
        while len(found := list(self.notes.glob("pid-*"))) < at_least:
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline, "no worker trains"
            time.sleep(0.02)
        return [int(file.name.removeprefix("pid-")) for file in found]

    def press_ctrl_c(self) -> None:
        os.killpg(self.process.pid, signal.SIGINT)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # An orphan that has ended may wait for an init that collects it.
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state != "Z"


def assert_ended(pids: list[int], within: float = 30) -> None:
    deadline = time.monotonic() + within
    while alive := [pid for pid in pids if is_alive(pid)]:
        assert time.monotonic() < deadline, f"{alive} train on"
        time.sleep(0.02)


@pytest.mark.parametrize(
    "how", ["ctrl-c", "sigterm", pytest.param("sigterm to all", marks=pytest.mark.thorough)]
)
def test_interrupted_quietly_and_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    search = Search(tmp_path, "waits_for_ever")
    workers = search.workers()
    if how == "ctrl-c":
        search.press_ctrl_c()
    elif how == "sigterm":
        search.process.terminate()
    else:
        os.killpg(search.process.pid, signal.SIGTERM)
    out, err = search.process.communicate(timeout=60)
    assert out == "interrupted\n['running', 'running']\n"
    assert err == ""
    assert search.process.returncode == 0
    assert not any(is_alive(pid) for pid in workers)
    assert all(file.read_text() == "" for file in (search.study / "workers").iterdir())
    with Study.open(search.study, cost_of) as study:
        assert run(study, trainings.sound, slots=assign(2)) is Outcome.FINISHED
        assert [t.label for t in study.trials] == ["done"] * 4


def test_ctrl_c_while_workers_start_is_quiet(tmp_path: Path) -> None:
    search = Search(tmp_path, "waits_for_ever")
    deadline = time.monotonic() + 120
    journal = search.study / "journal.log"
    while not journal.exists() or "automed:seed" not in journal.read_text():
        assert search.process.poll() is None, search.process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.001)
    time.sleep(0.05)  # a worker is on its way by now, and Python starts in it
    search.press_ctrl_c()
    out, err = search.process.communicate(timeout=60)
    assert out.startswith("interrupted\n")
    assert err == ""


def test_workers_clean_up(tmp_path: Path) -> None:
    search = Search(tmp_path, "writes_a_draft")
    search.workers()
    search.press_ctrl_c()
    search.process.communicate(timeout=60)
    assert not (search.notes / "draft").exists()
    assert (search.notes / "cleaned up").exists()


def test_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    search = Search(tmp_path, "cleans_up_for_ever")
    workers = search.workers()
    search.press_ctrl_c()
    time.sleep(1)
    assert all(is_alive(pid) for pid in workers), "they have some seconds to clean up"
    search.press_ctrl_c()
    out, err = search.process.communicate(timeout=60)
    assert out == "interrupted\n['running', 'running']\n"
    assert err == ""
    assert not any(is_alive(pid) for pid in workers)


@pytest.mark.thorough
def test_one_that_does_not_end_is_killed(tmp_path: Path) -> None:
    search = Search(tmp_path, "cleans_up_for_ever")
    workers = search.workers()
    search.press_ctrl_c()
    out, err = search.process.communicate(timeout=60)
    assert (out.splitlines()[0], err) == ("interrupted", "")
    assert not any(is_alive(pid) for pid in workers)


@pytest.mark.parametrize(
    "train", ["computes_for_ever", pytest.param("waits_for_ever", marks=pytest.mark.thorough)]
)
def test_workers_of_a_killed_search_end_in_the_middle_of_an_epoch(
    tmp_path: Path, train: str
) -> None:
    search = Search(tmp_path, train)
    workers = search.workers()
    search.process.kill()
    search.process.communicate()
    assert_ended(workers)
    with Study.open(search.study, cost_of, budget=spec_of(trials=2).budget) as study:
        assert run(study, trainings.sound, slots=assign(2)) is Outcome.FINISHED
        assert [t.label for t in study.trials] == ["done"] * 2
