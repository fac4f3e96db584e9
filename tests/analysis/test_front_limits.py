"""Columns, axes, staircases, limits and answers, against plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automed.analysis.front_axes import axes_of, log_ticks, stairs, usual_axes, wants_log
from automed.analysis.front_course import best_so_far
from automed.analysis.front_limits import Limits, answer, best_of, cheapest, stops, within
from automed.analysis.front_points import points_of
from automed.analysis.published_points import (
    PUBLISHED,
    left_out,
    published_levels,
    published_points,
)
from automed.domain.front import front_of
from automed.domain.objective import Objective
from automed.domain.trial import TrialState

FIGURES = st.tuples(st.floats(0, 1), st.floats(0.01, 50), st.floats(0.1, 200))


@pytest.fixture
def columns(objectives):
    def made(trials):
        return points_of(trials, front_of(trials, objectives), trials)

    return made


def test_columns_hold_what_the_results_hold(trial, columns):
    trials = [
        trial(4, dice=0.8, gmacs=2), trial(1, dice=0.7), trial(2, state=TrialState.FAIL),
        trial(3, dice=0.9, config={"model.architecture": "unet", "model.encoder": "resnet18"}),
    ]  # fmt: skip
    points = columns(trials)
    assert points.number.tolist() == [1, 3, 4]
    assert points.values["macs"].tolist() == [1e9, 1e9, 2e9]
    assert points.model.tolist() == ["tf_efficientnet_lite3", "unet", "tf_efficientnet_lite3"]
    assert points.on_front.tolist() == [False, True, False]
    assert points.knee is None, "one point does not bend"
    assert [points.position(n) for n in (0, 1, 2, 3, 4, 5)] == [None, 0, None, 1, 2, None]
    assert len(columns([])) == 0


def test_axes_come_with_units_and_directions(trial, columns, objectives):
    axes = axes_of(columns([trial(0)]), objectives)
    assert list(axes) == ["dice", "macs", "size_bytes", "parameters", "iou"]
    assert axes["macs"].title == "GFLOPs (MACs), input 288x384"
    assert axes["iou"].objective.direction == "maximize"
    assert axes["parameters"].objective.direction == "minimize"
    assert axes["macs"].shown(np.array([2e9])).tolist() == [2.0]
    assert usual_axes(objectives) == ("macs", "dice")
    assert usual_axes((objectives[2], objectives[0])) == ("size_bytes", "dice")


def test_logarithms_where_they_help():
    assert wants_log(np.array([1.0, 11.0, np.nan]))
    assert not wants_log(np.array([1.0, 9.0]))
    assert not wants_log(np.array([0.0, 11.0]))
    assert not wants_log(np.array([]))
    assert log_ticks(np.array([0.15, 3.0])).tolist() == pytest.approx([0.2, 0.5, 1.0, 2.0])


@settings(max_examples=60)
@given(rows=st.lists(FIGURES, min_size=1, max_size=12), across=st.sampled_from(["macs", "iou"]))
def test_stairs_are_what_no_other_point_beats(trial, objectives, rows, across):
    trials = [trial(i, *row) for i, row in enumerate(rows)]
    points = points_of(trials, front_of(trials, objectives), trials)
    axes = axes_of(points, objectives)
    x, y = axes[across], axes["dice"]
    xs, ys = points.values[across], points.values["dice"]
    corners = set(zip(*(found.tolist() for found in stairs(x, y, xs, ys)), strict=True))
    pairs = [tuple(pair) for pair in np.column_stack([x.losses(xs), y.losses(ys)])]
    best = {
        (x.losses(np.array([a]))[0], y.losses(np.array([b]))[0])
        for a, b in pairs
        if not any(c <= a and d <= b and (c, d) != (a, b) for c, d in pairs)
    }
    assert corners == best


@settings(max_examples=60)
@given(
    rows=st.lists(FIGURES, min_size=1, max_size=12),
    gmacs=st.floats(0.01, 50), megabytes=st.floats(0.1, 200),
)  # fmt: skip
def test_the_answer_is_the_best_that_one_can_afford(trial, objectives, rows, gmacs, megabytes):
    trials = [trial(i, *row) for i, row in enumerate(rows)]
    points = points_of(trials, front_of(trials, objectives), trials)
    limits = Limits((("macs", gmacs * 1e9), ("size_bytes", megabytes * 1e6)))
    text, number = answer(points, np.ones(len(rows), dtype=bool), limits, objectives)
    able = [
        (-t.result.metrics["dice"], t.result.cost.macs.value, t.result.cost.size_bytes.value, i)
        for i, t in enumerate(trials)
        if t.result.cost.macs.value <= gmacs * 1e9 and t.result.cost.size_bytes.value
        <= megabytes * 1e6
    ]  # fmt: skip
    if able:
        assert number == min(able)[3]
        assert f"the best of {len(able)} is trial {number}" in text
    else:
        assert number is None
        assert text.startswith(f"None of {len(rows)} trials has at most")


def test_answers_in_words(trial, columns, objectives):
    points = columns([
        trial(0, dice=0.7, gmacs=0.5, megabytes=2), trial(1, dice=0.8, gmacs=2, megabytes=8),
        trial(2, dice=0.9, gmacs=9, megabytes=4),
    ])  # fmt: skip
    every = np.ones(3, dtype=bool)
    both = Limits((("macs", 2e9), ("size_bytes", 10e6)))
    assert answer(points, every, both, objectives) == (
        "With at most 2 GFLOPs and at most 10 MB, the best of 2 is trial 1: "
        "Dice 0.8000 at 2 GFLOPs, 8 MB, 2 M parameters.", 1,
    )  # fmt: skip
    assert answer(points, every, Limits(), objectives)[0].startswith("The best of 3 is trial 2:")
    few = Limits((("macs", 1e8),))
    assert answer(points, every, few, objectives) == (
        "None of 3 trials has at most 0.1 GFLOPs: the least is 0.5 GFLOPs.", None,
    )  # fmt: skip
    split = Limits((("macs", 2e9),), at_least=0.85)
    assert answer(points, every, split, objectives) == (
        "None of 3 trials has at most 2 GFLOPs and at least Dice 0.85 at once.", None,
    )  # fmt: skip
    assert answer(points, ~every, both, objectives)[1] is None
    text, number = cheapest(points, every, Limits(at_least=0.75), objectives)
    assert number == 1
    assert text.startswith("The fewest GFLOPs has trial 1: Dice 0.8000 at 2 GFLOPs")
    assert cheapest(points, every, Limits(), objectives) is None
    assert cheapest(points, every, Limits(at_least=0.75), objectives[:1]) is None


def test_a_figure_that_is_missing_keeps_no_limit(trial, columns, objectives):
    points = columns([trial(0), trial(1, dice=float("nan"))])
    limits = Limits((("latency_ms", 5.0),))
    assert not within(points, limits, objectives[0]).any()
    assert best_of(points, np.ones(2, dtype=bool), objectives) == 0
    text, number = answer(points, np.ones(2, dtype=bool), limits, objectives)
    assert (text, number) == ("None of 2 trials has at most 5 ms.", None)


def test_a_loss_is_bounded_from_above(trial, columns):
    loss = Objective(metric="loss", direction="minimize")
    (bound,) = Limits(at_least=0.5).bounds(loss)
    assert (bound.kind, bound.bound) == ("at_most", 0.5)


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=5))
def test_stops_cover_the_values_and_rise(values):
    found = stops(np.array(values))
    assert found == sorted(set(found))
    assert found[0] <= min(values) * 1.0001
    assert found[-1] >= max(values) * 0.9999
    shown = [f"{stop:g}" for stop in found]
    assert len(set(shown)) == len(shown), "each reads differently in a slider"


def test_stops_hold_round_numbers():
    found = stops(np.array([0.3, 7.0, np.nan]))
    assert {0.5, 1.0, 2.0, 5.0, 10.0} <= set(found)
    assert stops(np.array([np.nan, 0.0])) == []


def test_the_best_so_far(trial, columns, objectives):
    points = columns([trial(i, dice=d) for i, d in enumerate([0.5, 0.4, 0.7, 0.9, 0.7, 0.8])])
    axis = axes_of(points, objectives)["dice"]
    among = np.array([False, True, True, False, True, True])
    improved, best = best_so_far(axis, points.values["dice"], among)
    assert improved.tolist() == [False, True, True, False, False, True]
    assert best.tolist()[1:] == [0.4, 0.7, 0.7, 0.7, 0.8]
    assert np.isnan(best[0])


def test_published_figures_are_in_our_units():
    for row in PUBLISHED:
        for metric in ("dice", "accuracy", "f1_macro"):
            assert 0.3 < row.values.get(metric, 0.5) < 1
        assert 1e9 < row.values.get("macs", 2e9) < 1e12
        assert 1e6 < row.values.get("parameters", 2e6) < 1e8
    names = [row.name for row in published_points("polyp", "macs", "dice", (288, 384))]
    assert "DeepLabV3+, MobileNetV3" in names
    assert "TransFuse-S" not in names, "its GFLOPs could not be reproduced"
    light = [row.name for row in published_points("polyp", "size_bytes", "dice", (96, 128))]
    assert "U-Net, MobileNetV3" in light
    assert "DeepLabV3+, MobileNetV3" not in light, "its 6.18 belongs to another encoder"


def test_published_points_need_the_same_input_for_compute():
    assert published_points("polyp", "macs", "dice", (96, 128)) == []
    assert left_out("polyp", "macs", "dice", (96, 128)) == (288, 384)
    assert left_out("polyp", "macs", "dice", (288, 384)) is None
    assert left_out("cell", "macs", "dice", (64, 64)) is None
    levels = published_levels("cell", "macs", "dice")
    assert [round(row.values["dice"], 4) for row in levels] == [0.9395, 0.9561]
    assert published_levels("polyp", "macs", "dice") == []
    assert published_points("made", "macs", "dice", (32, 32)) == []
