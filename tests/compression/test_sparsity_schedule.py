"""How sparse a model is after how many steps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automed.compression.sparsity_schedule import INITIAL, SparsitySchedule

STEPS = st.integers(1, 20_000)
FINAL = st.floats(0.51, 0.99)


def test_a_long_training_updates_every_hundred_steps():
    schedule = SparsitySchedule.over(2_000, 0.9)
    assert (schedule.interval, schedule.updates, schedule.last_step) == (100, 14, 1_400)


@pytest.mark.parametrize(
    ("step", "sparsity"), [(0, 0.5), (250, 0.73125), (500, 0.85), (750, 0.89375), (1_000, 0.9)]
)
def test_it_rises_as_tensorflows_polynomial_decay(step, sparsity):
    # Worked out by hand: .9 + (.5 - .9) (1 - step / 1000)^3.
    assert SparsitySchedule(0.9, 250, 4).sparsity(step) == pytest.approx(sparsity, abs=1e-12)


@given(STEPS, FINAL)
def test_it_completes_within_seven_tenths_of_any_training(steps, final):
    schedule = SparsitySchedule.over(steps, final)
    assert 1 <= schedule.interval <= 100
    assert 1 <= schedule.last_step <= max(0.7 * steps, 1)
    # No more than one interval of what there is room for is left unused.
    assert schedule.last_step > 0.7 * steps - schedule.interval - 1
    assert schedule.is_due(schedule.last_step)
    assert schedule.sparsity(schedule.last_step) == final
    assert schedule.sparsity(steps) == final
    assert schedule.updates >= min(10, int(0.7 * steps))


@given(STEPS, FINAL)
def test_it_rises_from_one_half_and_never_falls(steps, final):
    schedule = SparsitySchedule.over(steps, final)
    updates = [step for step in range(schedule.last_step + 2) if schedule.is_due(step)]
    rising = [schedule.sparsity(step) for step in updates]
    assert len(updates) == schedule.updates + 1
    assert rising[0] == pytest.approx(INITIAL)
    assert rising == sorted(rising)


@given(STEPS, st.integers(1, 500))
def test_the_first_epoch_to_choose_from_ends_at_the_final_sparsity(epochs, each):
    epochs = 1 + epochs % 50
    schedule = SparsitySchedule.over(each * epochs, 0.9)
    first = schedule.first_epoch(each)
    assert 1 <= first <= epochs
    assert first * each >= schedule.last_step
    assert (first - 1) * each < schedule.last_step
