"""How often a trial may be lost before it fails, in Ray's words."""

from __future__ import annotations

import pytest

pytest.importorskip("ray")

from automed.executors.ray_tune.losses import NODES, Losses, loss_of

KILLED = """Failure # 1 (occurred at 2026-11-22_16-20-45)
The actor died unexpectedly before finishing this task.
\tpid: 2620
The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR
"""
LOST = """Failure # 1 (occurred at 2026-11-22_16-20-05)
The actor died unexpectedly before finishing this task.
\tpid: 2175
The actor died because its node has died. Node Id: 4a48
\tthe actor's node was terminated unexpectedly: health check failed
"""
SILENT = "The actor c29a is unavailable: rpc error. The task may or may not have been executed."


def test_the_reason_is_the_last_line() -> None:
    assert loss_of(KILLED).why.startswith("The actor is dead because its worker process has died")
    assert loss_of(LOST).why == "the actor's node was terminated unexpectedly: health check failed"
    assert loss_of("").why == "its actor is gone"


@pytest.mark.parametrize("said", [KILLED, ""])
def test_two_workers_that_died_of_a_trial_fail_it(said: str) -> None:
    losses = Losses()
    assert losses.verdict(3, loss_of(said)) is None
    assert losses.verdict(4, loss_of(said)) is None
    assert str(losses.verdict(3, loss_of(said))).startswith("2 workers died of it")


@pytest.mark.parametrize("said", [LOST, SILENT])
def test_nodes_are_lost_under_a_trial_without_its_fault_but_not_for_ever(said: str) -> None:
    losses = Losses()
    assert losses.verdict(3, loss_of(KILLED)) is None
    assert [losses.verdict(3, loss_of(said)) for _ in range(NODES - 1)] == [None] * (NODES - 1)
    assert str(losses.verdict(3, loss_of(said))).startswith("5 nodes were lost under it")
