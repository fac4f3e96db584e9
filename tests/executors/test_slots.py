"""Who gets which share of a machine: plain arithmetic, so that it is tested without a GPU."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automed.domain.errors import AutomedError
from automed.executors.cores import available_cores
from automed.executors.slots import GPUS, THREADS, assign, usual_workers


@pytest.mark.parametrize(
    ("cores", "gpus", "share", "workers"),
    [
        (1, 0, 1.0, 1), (2, 0, 1.0, 1), (8, 0, 1.0, 4), (8, 0, 0.5, 4),
        (8, 1, 1.0, 1), (8, 1, 0.5, 2), (8, 1, 0.3, 3), (8, 1, 1 / 3, 3), (64, 8, 0.25, 32),
        (8, 2, 0.6, 2), (1, 4, 1.0, 4),
    ],
)  # fmt: skip
def test_usual_workers(cores: int, gpus: int, share: float, workers: int) -> None:
    assert usual_workers(cores, [str(n) for n in range(gpus)], share) == workers


@given(
    workers=st.integers(1, 40), cores=st.integers(1, 64), gpus=st.integers(0, 8),
    share=st.sampled_from([1.0, 0.5, 1 / 3, 0.25, 0.2, 0.1]),
)  # fmt: skip
def test_no_gpu_and_no_core_is_given_away_twice(workers, cores, gpus, share) -> None:
    names = [f"GPU-{number}" for number in range(gpus)]
    if gpus and workers > usual_workers(cores, names, share):
        with pytest.raises(AutomedError, match="do not fit"):
            assign(workers, cores, names, share)
        return
    slots = assign(workers, cores, names, share)
    assert [slot.number for slot in slots] == list(range(workers))
    if workers > 1:
        threads = [int(slot.environment[THREADS]) for slot in slots]
        assert min(threads) >= 1
        assert sum(threads) <= max(cores, workers)
    held = [slot.environment.get(GPUS) for slot in slots]
    assert held == [slot.gpu for slot in slots]
    for name in names:
        assert held.count(name) * share <= 1 + 1e-6
    if gpus:
        counts = [held.count(name) for name in names]
        assert max(counts) - min(counts) <= 1
    else:
        assert set(held) == {None}


def test_a_users_own_number_of_threads_is_left_alone() -> None:
    assert all(THREADS not in slot.environment for slot in assign(3, cores=12, threads="2"))


def test_a_single_worker_computes_as_a_search_without_workers() -> None:
    assert assign(1, cores=12)[0].environment == {}


def test_too_many_for_the_gpus_says_what_would_fit() -> None:
    with pytest.raises(AutomedError) as error:
        assign(4, 16, ["0"], 0.5)
    assert "4 workers do not fit on 1 GPU" in str(error.value)
    assert "--workers 2, or --gpus-per-trial 0.25" in str(error.value)
    assert len(assign(4, 16, ["0"], 0.25)) == 4
    with pytest.raises(AutomedError, match="3 workers do not fit on 1 GPU") as error:
        assign(3, 16, ["0"])
    assert len(assign(3, 16, ["0"], float(str(error.value).split()[-1]))) == 3


@pytest.mark.parametrize("share", [0, -1, 1.5, float("nan")])
def test_a_share_that_is_none(share: float) -> None:
    with pytest.raises(AutomedError, match="--gpus-per-trial is no share"):
        assign(1, share=share)


def test_no_workers() -> None:
    with pytest.raises(AutomedError, match="--workers must be positive"):
        assign(0)


class TestCores:
    HERE = len(os.sched_getaffinity(0))

    def of(self, folder: Path, own: str, **files: str) -> int:
        for name, text in files.items():
            file = folder / name.replace("__", "/").replace("_max", ".max")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        (folder / "own").write_text(own)
        return available_cores(folder, folder / "own")

    @pytest.fixture(autouse=True)
    def of_sixteen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)))

    def test_no_control_groups(self, tmp_path: Path) -> None:
        assert available_cores(tmp_path, tmp_path / "missing") == 16

    def test_no_quota(self, tmp_path: Path) -> None:
        assert self.of(tmp_path, "0::/\n", cpu_max="max 100000\n") == 16

    def test_a_quota(self, tmp_path: Path) -> None:
        assert self.of(tmp_path, "0::/\n", cpu_max="350000 100000\n") == 3

    def test_less_than_a_core(self, tmp_path: Path) -> None:
        assert self.of(tmp_path, "0::/\n", cpu_max="50000 100000\n") == 1

    def test_the_smallest_of_a_group_and_those_around_it(self, tmp_path: Path) -> None:
        found = self.of(
            tmp_path, "0::/outer/inner\n", outer__inner__cpu_max="800000 100000\n",
            outer__cpu_max="200000 100000\n", cpu_max="max 100000\n",
        )  # fmt: skip
        assert found == 2

    def test_version_1(self, tmp_path: Path) -> None:
        folder = tmp_path / "cpu" / "docker"
        folder.mkdir(parents=True)
        (folder / "cpu.cfs_quota_us").write_text("400000\n")
        (folder / "cpu.cfs_period_us").write_text("100000\n")
        assert self.of(tmp_path, "3:memory:/docker\n2:cpu,cpuacct:/docker\n") == 4
        (folder / "cpu.cfs_quota_us").write_text("-1\n")
        assert self.of(tmp_path, "2:cpu,cpuacct:/docker\n") == 16
