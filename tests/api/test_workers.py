"""From ``--workers`` and ``--gpus-per-trial`` to a place for each worker."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest
import torch

from automed.api import workers
from automed.api.workers import AS_BEFORE, Workers, gpus_of, places_for, read_workers
from automed.domain.errors import AutomedError, TrainingError
from automed.executors.ray_reach import Cluster


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """Sets how many cores and GPUs there seem to be."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def has(cores: int, gpus: int) -> None:
        monkeypatch.setattr(workers, "available_cores", lambda: cores)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)

    return has


def test_flags() -> None:
    assert read_workers(None, None) == AS_BEFORE
    assert read_workers("auto", 0.5) == Workers(0, 0.5)
    assert read_workers("4", None) == Workers(4)
    for word in ("0", "-1", "many", "1.5", ""):
        with pytest.raises(AutomedError, match="--workers is no number of workers"):
            read_workers(word, None)


def test_one_worker_is_no_change(machine) -> None:
    machine(8, 2)
    places = places_for(AS_BEFORE, "auto")
    assert len(places.slots) == 1
    assert places.slots[0].environment == {}
    assert (places.device, places.notes) == ("auto", ())


def test_a_study_keeps_its_workers_until_told_otherwise(machine) -> None:
    machine(8, 0)
    assert len(places_for(AS_BEFORE, "auto", before=3).slots) == 3
    assert len(places_for(Workers(2), "auto", before=3).slots) == 2
    assert len(places_for(Workers(1), "auto", before=3).slots) == 1


def test_auto(machine) -> None:
    machine(8, 0)
    assert len(places_for(Workers(0), "auto").slots) == 4
    machine(8, 2)
    assert len(places_for(Workers(0), "auto").slots) == 2
    assert len(places_for(Workers(0, 0.5), "auto").slots) == 4
    assert len(places_for(Workers(0, 0.5), "cpu").slots) == 4, "one for two cores"
    assert len(places_for(Workers(0, 0.5), "cuda:1").slots) == 2


def test_gpus_are_shared_out_by_the_users_own_names(machine, monkeypatch) -> None:
    machine(8, 2)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-7f, 3")
    places = places_for(Workers(4, 0.5), "auto")
    assert [slot.gpu for slot in places.slots] == ["GPU-7f", "3", "GPU-7f", "3"]
    assert places.device == "cuda", "each sees a single one, whatever its number"
    assert "4 workers on GPU 3, GPU-7f, 2 threads each" in places.notes
    assert gpus_of("cuda:1") == ("3",)
    assert [slot.gpu for slot in places_for(Workers(2, 0.5), "cuda:1").slots] == ["3", "3"]


def test_the_cpu_is_respected(machine) -> None:
    machine(8, 2)
    places = places_for(Workers(2), "cpu")
    assert places.device == "cpu"
    assert all(slot.gpu is None for slot in places.slots)


def test_notes(machine, monkeypatch) -> None:
    machine(2, 0)
    notes = places_for(Workers(3, 0.5), "auto").notes
    assert notes[0] == "--gpus-per-trial has no effect: trainings compute on the CPU"
    assert notes[1] == "3 workers on 2 cores, 1 thread each"
    assert "more workers than cores (2)" in notes[2]
    assert "another run" in notes[-1]
    assert places_for(Workers(1, 0.5), "auto").notes == notes[:1]
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    assert "2 workers on 2 cores, 4 threads each" in places_for(Workers(2), "auto").notes


def test_bad_input(machine) -> None:
    machine(8, 1)
    with pytest.raises(AutomedError, match="2 workers do not fit on 1 GPU"):
        places_for(Workers(2), "auto")
    with pytest.raises(AutomedError, match="--gpus-per-trial is no share"):
        places_for(Workers(1, 1.5), "auto")
    with pytest.raises(TrainingError, match="there is no device"):
        places_for(AS_BEFORE, "cuda:1")


def test_a_cluster_that_does_not_answer_is_said_before_the_data_are_read() -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(AutomedError, match="no Ray cluster answers") as caught:
            places_for(Workers(ray=address), "cpu")
    assert caught.value.found == "connection refused"


@pytest.mark.parametrize(
    ("gpus", "share", "device", "without"),
    [
        (0, 0.5, "auto", True),
        (2, 0.5, "auto", False),
        (2, 0.5, "cpu", True),
        (0, None, "cpu", False),
    ],
)
def test_what_a_cluster_has_is_said(
    monkeypatch: pytest.MonkeyPatch, gpus: int, share: float | None, device: str, *, without: bool
) -> None:
    has = Cluster(nodes=3, cpus=24, free_cpus=20, gpus=gpus, free_gpus=gpus)
    monkeypatch.setattr(workers, "ask_cluster", lambda *_: has)
    first, *rest = places_for(Workers(None, share, "10.0.0.7:6379"), device).notes
    assert first == (f"the Ray cluster: nodes 3, free CPUs 20 of 24, free GPUs {gpus} of {gpus}")
    assert bool(rest) is without
