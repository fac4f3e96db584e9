"""What is said of retrained points: order, steps, what is supported, and what failed."""

from __future__ import annotations

import numpy as np
import pytest

from automed.analysis.confirm_png import write_confirm_png
from automed.analysis.confirm_words import interval_words, short, signed, step_words, verdict_words
from automed.analysis.confirmed_points import Retrained, costs_of, proven
from automed.analysis.group_scores import mean_over_images, of_ranks
from automed.domain.confirmation import Confirmation
from automed.domain.objective import Objective

IMAGES = 12
RATIO = 0.125


@pytest.fixture
def retrained(trial):
    """A trial that scores about `dice` on each of five partitions, and on the test part."""

    def make(number, dice, gmacs, megabytes=10.0, failed=0, spread=0.004):
        source = np.random.default_rng(number)
        values = [float(v) for v in dice + source.normal(0, spread, 5)]
        values[:failed] = [None] * failed
        test = mean_over_images(dice - 0.02 + source.normal(0, 0.02, IMAGES), np.arange(IMAGES))
        return Retrained(
            trial(number, dice=dice + 0.03, gmacs=gmacs, megabytes=megabytes), tuple(values),
            tuple(None if v is None else test for v in values), ("DivergedError: x",) * failed,
        )  # fmt: skip

    return make


@pytest.fixture
def confirmed(retrained, objectives):
    def make(*points, **changes):
        made = [retrained(*point) for point in points]
        costs = costs_of(objectives, "dice", [r.trial for r in made])
        found = proven(made, objectives[0], costs, RATIO, IMAGES)
        fields = {
            "study": "s", "quality": objectives[0], "partitions": 5, "looks": (), "version": "0",
            "images": IMAGES, "groups": None, "grouped_by": None, **vars(found), **changes,
        }  # fmt: skip
        return Confirmation(**fields)

    return make


def test_points_are_sorted_by_cost_and_each_is_compared_with_the_next(confirmed):
    found = confirmed((3, 0.9, 2.0), (1, 0.7, 0.5), (2, 0.8, 1.0))
    assert [p.trial for p in found.points] == [1, 2, 3]
    assert [(s.cheaper, s.dearer) for s in found.steps] == [(1, 2), (2, 3)]
    assert [s.extra["macs"] for s in found.steps] == [0.5e9, 1e9]
    assert all(s.significant and s.gain > 0.05 for s in found.steps)
    assert found.supported == found.best == 3


def test_optimism_is_the_searchs_validation_minus_the_test_mean(confirmed):
    point = confirmed((1, 0.7, 0.5)).points[0]
    assert point.optimism == pytest.approx(point.search - point.test.mean)
    assert point.optimism == pytest.approx(0.05, abs=0.02)
    assert point.test.interval.low < point.test.mean < point.test.interval.high


def test_less_is_better_where_the_objective_says_so(retrained):
    error = Objective(metric="dice", direction="minimize")
    found = proven([retrained(1, 0.7, 0.5), retrained(2, 0.6, 1.0)], error, ("macs",), RATIO, 12)
    assert found.steps[0].gain == pytest.approx(0.1, abs=0.02)
    assert found.supported == 2
    assert found.points[0].optimism == pytest.approx(-0.05, abs=0.02)


def test_a_dearer_point_that_is_not_better_is_not_supported(confirmed):
    found = confirmed((1, 0.8, 0.5), (2, 0.801, 1.0), (3, 0.7, 2.0))
    assert found.supported == 1
    assert not found.steps[0].significant
    assert found.steps[1].significant  # proven to be worse
    assert found.steps[1].gain < 0


def test_small_steps_that_add_up_are_climbed_in_one(confirmed):
    rungs = [(number, 0.7 + 0.004 * number, 1.0 + number) for number in range(1, 7)]
    found = confirmed(*rungs)
    assert not any(step.significant for step in found.steps)
    assert found.supported > 1


def test_a_point_that_failed_is_compared_where_it_did_not(confirmed):
    found = confirmed((1, 0.7, 0.5, 10.0, 2), (2, 0.8, 1.0))
    assert found.steps[0].partitions == 3
    assert len(found.points[0].failures) == 2
    assert found.points[0].validation is not None


def test_a_point_that_mostly_failed_is_shown_but_not_compared(confirmed):
    found = confirmed((1, 0.7, 0.5), (2, 0.9, 0.7, 10.0, 3), (3, 0.8, 1.0))
    assert found.points[1].validation is None
    assert [(s.cheaper, s.dearer) for s in found.steps] == [(1, 3)]
    assert found.best == 3


def test_a_metric_that_the_test_part_does_not_define_is_left_out(trial, objectives):
    undefined = of_ranks(np.zeros(IMAGES, int), np.full((IMAGES, 2), 0.5), np.arange(IMAGES))
    made = Retrained(trial(1), (0.7, 0.8, 0.7), (undefined,) * 3)
    point = proven([made], objectives[0], ("macs",), RATIO, IMAGES).points[0]
    assert (point.test, point.optimism, set(point.locked)) == (None, None, {None})


def test_children_are_sorted_by_what_they_differ_in(retrained, objectives):
    trials = [retrained(n, 0.8, 1.0, megabytes).trial for n, megabytes in ((1, 8.0), (2, 2.0))]
    assert costs_of(objectives, "dice", trials) == ("size_bytes", "macs")
    assert costs_of(objectives[:1], "dice", trials) == ("macs",)


def test_a_step_in_words(confirmed):
    found = confirmed((1, 0.8, 0.5, 10.0), (2, 0.802, 1.0, 8.0))
    words = step_words(found.steps[0], found)
    assert words.startswith("1 to 2: 0.500 GFLOPs more and 2.000 MB less ")
    assert " Dice (-." in words
    assert "not significant, p " in words
    assert verdict_words(found).startswith("Trial 1 is the cheapest, and none dearer is proven")
    assert "significant, p" in step_words(confirmed((1, 0.7, 1), (2, 0.9, 1)).steps[0], found)


def test_what_to_take_is_said_and_why(confirmed):
    climbed = verdict_words(confirmed((1, 0.7, 0.5), (2, 0.9, 1.0), (3, 0.901, 2.0)))
    assert climbed.startswith("Trial 2 is proven to be better than cheaper ones")
    assert "Trial 3 has the best mean, but" in climbed
    assert verdict_words(confirmed((1, 0.7, 1), (2, 0.9, 2))).endswith("has the best mean, too.")
    assert "alone" in verdict_words(confirmed((1, 0.7, 1)))


def test_what_is_significant_alone_but_not_with_the_others_says_so(confirmed):
    found = confirmed((1, 0.8, 0.5), (2, 0.802, 1.0))
    step = found.steps[0].replace(p=0.04, adjusted=0.12, interval={"low": 0.001, "high": 0.02})
    assert step_words(step, found).endswith("not significant, p .120 for all steps together")


def test_figures_are_short():
    assert [short(v) for v in (0.8421, -0.004, 1.0, 0.9996, -0.0001)] == [
        ".842", "-.004", "1.000", "1.000", ".000",
    ]  # fmt: skip
    assert [signed(v) for v in (0.012, -0.012, 0.0)] == ["+.012", "-.012", "+.000"]
    assert interval_words(None) == ""


def test_the_report_survives_its_file(confirmed):
    found = confirmed((1, 0.7, 0.5, 10.0, 2), (2, 0.8, 1.0))
    assert Confirmation.model_validate_json(found.model_dump_json()) == found


def test_it_is_drawn(confirmed, tmp_path, pixels):
    found = confirmed((1, 0.7, 0.5), (2, 0.9, 0.7, 10.0, 3), (3, 0.8, 1.0))
    drawn = pixels(write_confirm_png(found, tmp_path / "a.png", "A title"))
    assert (drawn == (213, 94, 0)).all(axis=2).sum() > 100  # the test part's colour
    assert (drawn == (0, 114, 178)).all(axis=2).sum() > 100
