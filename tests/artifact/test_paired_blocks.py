"""Drift cancels, and calls fill the time there is, on a clock that the test turns."""

from __future__ import annotations

import gc
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automed.artifact.paired_blocks import paired_blocks


class Machine:
    """A clock, and calls that turn it on; it may become slower from one call to the next."""

    def __init__(self, slower=1.0):
        self.now, self.factor, self.calls = 0.0, 1.0, {}
        self._slower = slower

    def clock(self):
        return self.now

    def call(self, name, seconds):
        def run():
            self.calls[name] = self.calls.get(name, 0) + 1
            self.now += seconds * self.factor
            self.factor *= self._slower

        return run


@given(
    ours=st.floats(1e-4, 1.0), theirs=st.floats(1e-3, 1e-2), seconds=st.floats(0.1, 5),
)  # fmt: skip
def test_the_ratio_is_that_of_the_times_within_the_seconds_or_five_blocks(ours, theirs, seconds):
    machine = Machine()
    blocks = paired_blocks(
        machine.call("model", ours), machine.call("reference", theirs), machine.clock, seconds
    )
    assert all(block.ratio == pytest.approx(ours / theirs) for block in blocks)
    assert all(pair == pytest.approx(ours / theirs) for block in blocks for pair in block.pairs)
    assert 5 <= len(blocks) <= 15
    warm_up, five_turns = 6 * (ours + theirs), 5 * 2.6 * max(ours, theirs)
    assert machine.now <= warm_up + max(seconds, five_turns) * 1.01


def test_a_machine_that_becomes_twice_as_slow_does_not_change_the_ratio():
    machine = Machine(slower=1.001)
    model, reference = machine.call("model", 0.012), machine.call("reference", 0.004)
    blocks = paired_blocks(model, reference, machine.clock, 6.0)
    assert machine.factor > 1.9
    assert statistics.median(b.ratio for b in blocks) == pytest.approx(3, rel=0.01)
    assert blocks[-1].reference > 1.5 * blocks[0].reference


def test_of_the_quicker_call_several_make_a_turn():
    machine = Machine()
    paired_blocks(machine.call("model", 0.1), machine.call("reference", 0.005), machine.clock, 2.0)
    assert machine.calls["reference"] > 5 * machine.calls["model"]
    machine = Machine()
    paired_blocks(machine.call("model", 5e-4), machine.call("reference", 5e-3), machine.clock, 2.0)
    assert machine.calls["model"] > 5 * machine.calls["reference"]


def test_garbage_is_collected_again_afterwards_even_if_a_call_fails():
    def broken():
        if gc.isenabled():
            machine.now += 0.001
        else:
            raise RuntimeError("out of memory")

    machine = Machine()
    with pytest.raises(RuntimeError, match="out of memory"):
        paired_blocks(broken, machine.call("reference", 0.001), machine.clock, 0.1)
    assert gc.isenabled()
