"""A cluster shared out among trainings: pure arithmetic, no Ray needed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automed.domain.errors import StudyError
from automed.executors.ray_tune.share import Room, Share, Wish, share_out

BIG = {"CPU": 16.0, "GPU": 2.0}
SMALL = {"CPU": 4.0}


def test_a_training_gets_a_gpu_and_the_cores_beside_it():
    assert share_out([BIG, SMALL], Wish()) == Share(cpus=8, gpus=1)
    assert share_out([BIG, SMALL], Wish(gpus_per_trial=0.5)) == Share(cpus=4, gpus=0.5)


def test_without_gpus_cores_are_shared():
    assert share_out([SMALL, SMALL], Wish()) == Share(cpus=2)
    assert share_out([SMALL, SMALL], Wish(workers=4)) == Share(cpus=2)
    assert share_out([BIG], Wish(workers=2, on_gpus=False)) == Share(cpus=8)


def test_a_training_does_not_reach_over_two_nodes():
    assert share_out([SMALL, SMALL], Wish(workers=1)) == Share(cpus=4)


@pytest.mark.parametrize("share", [0, -1, 1.5])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(StudyError, match="--gpus-per-trial is no share of a GPU"):
        share_out([BIG], Wish(gpus_per_trial=share))


def test_a_cluster_without_cores_is_refused():
    with pytest.raises(StudyError, match="no cores to train on"):
        share_out([{"memory": 1.0}], Wish())


NODES = st.fixed_dictionaries({"CPU": st.integers(1, 64), "GPU": st.integers(0, 8)})


@given(
    st.lists(NODES, min_size=1),
    st.none() | st.integers(1, 20),
    st.sampled_from([None, 0.25, 0.5, 1.0]),
)
def test_whatever_is_shared_out_fits_somewhere(nodes, workers, gpus):
    found = [{k: float(v) for k, v in node.items()} for node in nodes]
    share = share_out(found, Wish(workers, gpus))
    room = Room(lambda: found, share, workers)()
    assert 1 <= room <= (workers or 1000)
    assert any(share.cpus <= node["CPU"] and share.gpus <= node["GPU"] for node in found)


def test_room_follows_nodes_that_come_and_go(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("automed.executors.ray_tune.share.time.monotonic", lambda: now[0])
    there = [SMALL]
    room = Room(lambda: there, Share(cpus=2), None)
    assert room() == 2
    there += [SMALL, SMALL]
    assert room() == 2
    now[0] += 6
    assert room() == 6
    there.clear()
    now[0] += 6
    assert room() == 1
