"""Nodes of a Ray cluster that come, go and are killed while a toy search runs on them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from ray_nodes import SOON, Nodes, nodes, trainings, wait_until
from ray_search import EPOCHS, TRIALS
from toy_study import cost_of

from automed.domain.trial import TrialState
from automed.search.replay import replay
from automed.search.view import read_study

pytest.importorskip("ray")
pytestmark = pytest.mark.thorough
HERE = Path(__file__).resolve().parent
PYTHONPATH = os.pathsep.join([str(HERE), str(HERE.parent / "search")])


class Toy:
    """The search of `ray_search`."""

    def __init__(self, folder: Path, cluster: Nodes) -> None:
        self.folder = folder
        self.want(len(cluster.there))
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "ray_search.py"), str(folder), cluster.address],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def want(self, processes: int) -> None:
        """No trial goes on until so many processes have trained."""
        (self.folder.parent / "wanted").write_text(str(processes))

    def noted(self, name: str) -> list[str]:
        note = self.folder.parent / name
        return note.read_text().splitlines() if note.exists() else []

    def wait_for(self, complete: int) -> None:
        """Until so many trials are; these are not to be trained again."""
        wait_until(lambda: len(self._complete()) >= complete or self.process.poll() is not None)
        assert self.process.poll() is None, self.process.communicate()[0]
        self.before = self._complete()
        self.begun = len(self.noted("trained"))

    def _complete(self) -> set[int]:
        if not (self.folder / "study.json").exists():
            return set()
        trials = read_study(self.folder).trials
        return {t.number for t in trials if t.state is TrialState.COMPLETE}

    def end(self) -> list[str]:
        """Wait for its end; what it printed. Nothing was lost, nor run twice."""
        output, _ = self.process.communicate(timeout=200)
        assert self.process.returncode == 0, output
        found = read_study(self.folder)
        assert [t.state for t in found.trials] == [TrialState.COMPLETE] * TRIALS, output
        assert [t.result.epochs for t in found.trials if t.result] == [EPOCHS] * TRIALS
        later = {int(line.split()[0]) for line in self.noted("trained")[self.begun :]}
        assert not later & self.before
        assert replay(self.folder, lambda _: cost_of, lambda *_: None).differences == ()
        return output.splitlines()

    def begun_twice(self) -> int:
        """Trials that went on in another process."""
        begun = Counter(line.split()[0] for line in self.noted("trained"))
        assert max(begun.values()) <= 2
        return sum(times == 2 for times in begun.values())


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> Iterator[Nodes]:
    monkeypatch.setenv("PYTHONPATH", PYTHONPATH)
    with nodes(2, **SOON) as cluster:
        yield cluster


@pytest.fixture
def one(monkeypatch: pytest.MonkeyPatch) -> Iterator[Nodes]:
    monkeypatch.setenv("PYTHONPATH", PYTHONPATH)
    with nodes(1, **SOON) as cluster:
        yield cluster


def test_trials_of_a_lost_node_go_on_elsewhere(tmp_path: Path, two: Nodes) -> None:
    toy = Toy(tmp_path / "s", two)
    toy.wait_for(2)
    two.lose(two.there[0])
    printed = toy.end()
    at_a_time = [line for line in printed if line.startswith("at a time")]
    assert "at a time: 2" in at_a_time
    assert at_a_time[-1] == "at a time: 1"
    assert toy.begun_twice() == 1
    # The raylet alone was killed: what ran beneath it was told to let go.
    assert sorted(toy.noted("left")) == sorted(toy.noted("trained"))


def test_a_node_that_joins_is_used_and_one_may_leave(tmp_path: Path, one: Nodes) -> None:
    toy = Toy(tmp_path / "s", one)
    toy.wait_for(1)
    toy.want(2)
    first, second = one.there[0], one.join()
    wait_until(lambda: trainings(second))
    toy.wait_for(4)
    one.leave(first)
    printed = toy.end()
    at_a_time = [line for line in printed if line.startswith("at a time")]
    assert at_a_time[0] == at_a_time[-1] == "at a time: 1"
    assert "at a time: 2" in at_a_time
    assert toy.begun_twice() <= 1


def test_without_any_node_the_search_waits_for_one(tmp_path: Path, one: Nodes) -> None:
    toy = Toy(tmp_path / "s", one)
    toy.wait_for(1)
    one.lose(one.there[0])
    one.join()
    toy.end()
    assert len(toy.before) < TRIALS


def test_a_training_that_is_killed_goes_on(tmp_path: Path, two: Nodes) -> None:
    toy = Toy(tmp_path / "s", two)
    toy.wait_for(2)
    os.kill(wait_until(two.trainings)[0], signal.SIGKILL)
    toy.end()
    assert toy.begun_twice() == 1
