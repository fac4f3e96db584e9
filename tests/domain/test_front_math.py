"""Hypervolume, non-dominated filter and knee against brute force."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from automed.domain.config import Config
from automed.domain.cost import Cost, Quantity
from automed.domain.front import front_of, hypervolume, losses_of, non_dominated
from automed.domain.objective import Objective
from automed.domain.result import Failure, Result
from automed.domain.trial import Trial, TrialState

# A coarse grid makes ties and duplicates common, which is where such code goes wrong.
GRID = st.integers(-8, 8).map(lambda n: n / 4)
THREE = (
    Objective(metric="dice", reference=0.0),
    Objective(metric="macs", direction="minimize"),
    Objective(metric="size_bytes", direction="minimize"),
)


def points(objectives: int):
    shape = st.tuples(st.integers(0, 7), st.just(objectives))
    return shape.flatmap(lambda s: arrays(np.float64, s, elements=GRID))


def volume_by_cells(losses: np.ndarray, reference: list[float]) -> float:
    """The grid of all coordinates, cell by cell: no cleverness, exact for boxes."""
    edges = [sorted({*losses[:, k].tolist(), r}) for k, r in enumerate(reference)]
    total = 0.0
    for cell in itertools.product(*(itertools.pairwise(e) for e in edges)):
        low = np.array([c[0] for c in cell])
        high = np.array([c[1] for c in cell])
        if (high <= reference).all() and (losses <= low).all(axis=1).any():
            total += float(np.prod(high - low))
    return total


def dominated_by_pairs(losses: np.ndarray) -> list[bool]:
    return [any((other <= row).all() and (other < row).any() for other in losses) for row in losses]


@pytest.mark.parametrize("objectives", [2, 3])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_hypervolume_equals_the_sum_of_its_cells(objectives: int, data: st.DataObject) -> None:
    losses = data.draw(points(objectives))
    reference = data.draw(st.lists(GRID, min_size=objectives, max_size=objectives))
    assert hypervolume(losses, reference) == pytest.approx(
        volume_by_cells(losses, reference), abs=1e-9
    )


@pytest.mark.parametrize("objectives", [1, 2, 3])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_the_filter_keeps_what_no_other_row_dominates(objectives: int, data) -> None:
    losses = data.draw(points(objectives))
    kept = non_dominated(losses)
    assert kept.dtype == bool
    assert kept.tolist() == [not d for d in dominated_by_pairs(losses)]


@settings(max_examples=60, deadline=None)
@given(points(3))
def test_hypervolume_grows_with_points_and_needs_only_the_front(losses: np.ndarray) -> None:
    reference = [2.5, 2.5, 2.5]
    whole = hypervolume(losses, reference)
    assert whole == pytest.approx(hypervolume(losses[non_dominated(losses)], reference))
    if len(losses):
        assert hypervolume(losses[:-1], reference) <= whole + 1e-12


def test_points_on_or_beyond_the_reference_add_nothing() -> None:
    assert hypervolume(np.array([[1.0, 0.0], [0.5, 2.0]]), [1.0, 1.0]) == 0.0
    assert hypervolume(np.zeros((0, 3)), [1.0, 1.0, 1.0]) == 0.0


def trial(number: int, dice: float, macs: float, size: float, **changes) -> Trial:
    cost = Cost(
        parameters=Quantity(value=1),
        macs=Quantity(value=macs),
        size_bytes=Quantity(value=size),
        input_shape=(3, 8, 8),
    )
    result = Result(
        metrics={"dice": dice}, cost=cost, epochs=1, best_epoch=1, seconds=1, split_digest="s"
    )
    fields = {"state": TrialState.COMPLETE, "result": result, **changes}
    return Trial(number=number, config=Config({"n": number}), seed=0, **fields)


TRIALS = st.lists(
    st.tuples(
        st.integers(0, 20).map(lambda n: n / 20),
        st.integers(0, 5).map(lambda n: n * 1e9),
        st.integers(1, 5).map(lambda n: n * 1e6),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=80, deadline=None)
@given(TRIALS, st.sampled_from([None, 0.0, 0.3]))
def test_the_share_of_the_box_lies_between_0_and_1(rows, reference) -> None:
    objectives = (Objective(metric="dice", reference=reference), *THREE[1:])
    trials = [trial(i, *row) for i, row in enumerate(rows)]
    front = front_of(trials, objectives)
    assert 0 <= front.hypervolume <= 1
    assert front.trials
    values = [t.result.values()["dice"] for t in front.trials]
    assert values == sorted(values, reverse=True)
    if reference is None:
        assert front.hypervolume > 0, "each trial beats the worst one, moved a little further out"


def test_without_a_reference_the_worst_trial_still_spans_some_volume() -> None:
    objectives = (Objective(metric="dice"), *THREE[1:])
    one = front_of([trial(0, 0.5, 2e9, 4e6)], objectives)
    # Losses -0.5 of [-1, -0.45], 2 of [0, 2.2], 4 of [0, 4.4].
    assert one.hypervolume == pytest.approx(0.05 / 0.55 * (0.2 / 2.2) * (0.4 / 4.4))
    perfect = front_of([trial(0, 1.0, 0.0, 0.0)], THREE)
    assert perfect.hypervolume == pytest.approx(1.0)


def test_only_complete_trials_count() -> None:
    best = trial(0, 0.9, 1e9, 1e6)
    others = [
        trial(1, 0.99, 1, 1, state=TrialState.PRUNED),
        trial(2, 0.99, 1, 1, state=TrialState.RUNNING),
        trial(
            3, 0, 0, 1, state=TrialState.FAIL, result=None, failure=Failure(kind="E", message="")
        ),
    ]
    front = front_of([*others, best], THREE)
    assert [t.number for t in front.trials] == [0]
    assert front.knee == 0
    empty = front_of(others, THREE)
    assert (empty.trials, empty.hypervolume, empty.knee) == ((), 0.0, None)


def test_equal_trials_are_all_kept() -> None:
    front = front_of([trial(i, 0.5, 1e9, 1e6) for i in range(3)], THREE)
    assert sorted(t.number for t in front.trials) == [0, 1, 2]


@settings(max_examples=80, deadline=None)
@given(TRIALS)
def test_the_knee_is_the_nearest_to_the_ideal(rows) -> None:
    trials = [trial(i, *row) for i, row in enumerate(rows)]
    front = front_of(trials, THREE)
    losses = losses_of(front.trials, THREE)
    low, high = losses.min(axis=0), losses.max(axis=0)

    def distance(row) -> float:
        parts = [
            (v - a) / (b - a) if b > a else 0.0 for v, a, b in zip(row, low, high, strict=True)
        ]
        return math.sqrt(sum(p * p for p in parts))

    nearest = min(map(distance, losses))
    knee = next(i for i, t in enumerate(front.trials) if t.number == front.knee)
    assert distance(losses[knee]) == pytest.approx(nearest)


def test_a_child_that_lost_too_much_is_no_knee_if_there_are_others() -> None:
    objectives = (Objective(metric="dice"), Objective(metric="macs", direction="minimize"))
    rows = [(0.9, 10e9), (0.85, 3e9), (0.5, 1e9)]
    whole, best, last = [trial(i, d, m, 1) for i, (d, m) in enumerate(rows)]
    assert best.result is not None
    lost = best.result.replace(remarks=("Dice is 0.400 worse",))
    marked = best.replace(parent=0, result=lost)
    assert marked.is_marked
    assert not best.replace(result=lost).is_marked, "a remark about a training is no loss"
    assert front_of([whole, marked, last], objectives).knee != 1
    assert front_of([marked], objectives).knee == 1


def test_the_knee_of_a_known_curve() -> None:
    objectives = (Objective(metric="dice"), Objective(metric="macs", direction="minimize"))
    rows = [(0.9, 10e9), (0.85, 3e9), (0.5, 1e9)]
    front = front_of([trial(i, d, m, 1) for i, (d, m) in enumerate(rows)], objectives)
    assert [t.number for t in front.trials] == [0, 1, 2]
    assert front.knee == 1
