"""Real trainings on a Ray cluster of three nodes, parts of which are killed at random moments.

``AUTOMED_KILLS=10`` looks longer: each time at other moments.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dsb2018_fields import link_fields
from ray_nodes import Nodes, nodes, wait_until
from real_search import SMALL, Search, whole

pytest.importorskip("ray")
pytestmark = [pytest.mark.thorough, pytest.mark.real_data, pytest.mark.timeout(900)]
KILLS = int(os.environ.get("AUTOMED_KILLS", "1"))
TRIALS, EPOCHS = 5, 16
"""A training lasts longer than the start of an actor: Tune would hand its trial to another one."""


@pytest.fixture(scope="module")
def cells(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty fluorescence images of dsb2018 and their masks, as links."""
    return link_fields(real_data, tmp_path_factory.mktemp("data") / "cells")


@pytest.fixture
def cluster() -> Iterator[Nodes]:
    with nodes(2) as made:
        yield made


class Run:
    """A search on the cluster, its chance, and what was complete when something was killed."""

    def __init__(self, workspace: Path, cells: Path, cluster: Nodes, seed: int) -> None:
        self.chance = random.Random(seed)
        self.cluster = cluster
        self._workspace = workspace
        self._new = (
            "--data", str(cells), "--no-groups", "one image a field", "--seed", str(seed),
            "--budget", str(TRIALS), "--epochs", str(EPOCHS), *SMALL,
        )  # fmt: skip
        self.before: dict[Path, int] = {}
        self.begin()

    def begin(self) -> None:
        """Or go on, where there is a study."""
        begun = (self._workspace / "studies" / "s" / "study.json").exists()
        arguments = ("--resume",) if begun else self._new
        self.search = Search(self._workspace, "cell", "--ray", self.cluster.address, *arguments)

    def some_time_later(self) -> None:
        self.search.wait_for(self.search.epochs + self.chance.randrange(1, TRIALS * EPOCHS // 4))
        time.sleep(2 * self.chance.random())
        self.before = self.search.complete()

    def end(self) -> None:
        output = self.search.end()
        assert f"The budget of {TRIALS} trials is spent" in output
        assert "(raylet)" not in output, "Ray's own words break the live table"
        whole(self.search, TRIALS, self.before)


def kill_a_training(run: Run) -> None:
    found = wait_until(run.cluster.trainings)
    os.kill(run.chance.choice(found), signal.SIGKILL)


def kill_a_node(run: Run) -> None:
    run.cluster.lose(run.chance.choice(run.cluster.there), whole=run.chance.random() < 0.5)


def kill_the_search(run: Run) -> None:
    run.search.kill()
    run.before = run.search.complete()
    run.begin()


@pytest.mark.parametrize("seed", range(KILLS))
def test_nothing_is_lost_nor_run_twice(
    tmp_path: Path, cells: Path, cluster: Nodes, seed: int
) -> None:
    run = Run(tmp_path, cells, cluster, seed)
    faults = [kill_a_training, kill_a_node, kill_the_search]
    for fault in run.chance.sample(faults, k=len(faults)):
        run.some_time_later()
        fault(run)
    run.cluster.join()
    run.end()


@pytest.mark.parametrize("seed", range(KILLS))
def test_nodes_come_and_go(tmp_path: Path, cells: Path, cluster: Nodes, seed: int) -> None:
    run = Run(tmp_path, cells, cluster, seed)
    run.some_time_later()
    run.cluster.leave(run.chance.choice(run.cluster.there))
    run.some_time_later()
    run.cluster.join()
    run.end()
