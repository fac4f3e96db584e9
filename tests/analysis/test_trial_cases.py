"""Scores and pictures of single cases, and what a threshold does to them."""

from __future__ import annotations

import numpy as np
import pytest

from automed.analysis.case_pictures import load_cases, ranks, side_by_side
from automed.analysis.case_scores import case_changes, case_scores, dice_of_counts
from automed.analysis.case_threshold import threshold_course
from automed.analysis.class_colours import WRONG
from automed.analysis.overlay import FN, FP, TP
from automed.training.metrics.segmentation import per_image
from automed.training.metrics.threshold import best_threshold

RANDOM = np.random.default_rng(0)
COUNTS = np.array([[5, 1, 2, 8], [0, 0, 0, 16], [0, 3, 0, 13], [0, 0, 4, 12], [9, 0, 0, 7]])


def test_dice_of_counts_is_the_one_that_trials_are_scored_by():
    counts = np.concatenate([COUNTS, RANDOM.integers(0, 50, (40, 4))])
    assert dice_of_counts(counts) == pytest.approx(per_image(counts)["dice"], abs=0)


def masks(folder, **changes):
    mask = np.zeros((1, 4, 4), np.uint8)
    mask[0, :2] = 1
    bytes_ = np.zeros((1, 4, 4), np.uint8)
    bytes_[0, 1:3] = [[255, 128, 127, 0], [200, 60, 10, 0]]
    arrays = {
        "ids": np.array(["x"]), "images": np.full((1, 4, 4, 3), 9, np.uint8), "masks": mask,
        "probabilities": bytes_, "dice": np.array([2 * 2 / (3 + 8)]), "counts": COUNTS,
    }  # fmt: skip
    np.savez(folder / "preview.npz", **{**arrays, **changes})


def test_all_cases_where_their_counts_are_kept_else_those_with_pictures(tmp_path):
    masks(tmp_path)
    whole = case_scores(tmp_path, "abcde")
    assert whole.whole
    assert whole.ids == tuple("abcde")
    assert whole.of("e") == 1
    assert whole.of("z") is None
    part = case_scores(tmp_path, "abc")
    assert not part.whole, "the split is another one: whose counts they are is not known"
    assert part.ids == ("x",)
    assert case_scores(tmp_path / "gone", "abc") is None


def test_a_threshold_cuts_the_probabilities_that_were_kept(tmp_path):
    masks(tmp_path)
    cases = load_cases(tmp_path)
    assert cases.predicted(0.5).sum() == 3
    assert cases.dice_at(0.5) == pytest.approx(cases.dice)
    for threshold in (0.01, 0.04, 0.3, 0.7, 0.99):
        found = cases.probabilities[0] / 255 >= threshold
        truth = cases.masks[0] > 0
        expected = 2 * (found & truth).sum() / (found.sum() + truth.sum())
        assert cases.dice_at(threshold)[0] == pytest.approx(expected)


def test_a_row_shows_the_outcomes_in_the_colours_of_the_paper(tmp_path):
    masks(tmp_path)
    cases = load_cases(tmp_path)
    row = cases.row(0)
    assert len(row) == len(cases.columns) == 5
    outcomes = row[3]
    assert tuple(outcomes[1, 0]) == TP
    assert tuple(outcomes[0, 0]) == FN
    assert tuple(outcomes[2, 0]) == FP
    strip = side_by_side(row)
    assert strip.shape[2] == 4
    assert set(np.unique(strip[..., 3])) == {0, 255}


def test_masks_of_several_classes(tmp_path):
    predictions = np.zeros((1, 4, 4), np.uint8)
    predictions[0, 0] = 2
    np.savez(
        tmp_path / "preview.npz", ids=np.array(["x"]), images=np.zeros((1, 4, 4, 4), np.uint8),
        masks=np.ones((1, 4, 4), np.uint8), predictions=predictions, dice=np.array([0.25]),
        confusion=np.eye(3, dtype=np.int64),
    )  # fmt: skip
    cases = load_cases(tmp_path)
    assert cases.dice_at(0.9) == [0.25]
    assert tuple(cases.errors(0)[0, 0]) == WRONG
    assert threshold_course(tmp_path) is None
    assert not case_scores(tmp_path, "abc").whole


def test_the_best_threshold_is_the_one_that_bundles_use(tmp_path):
    for _ in range(5):
        scores = RANDOM.integers(0, 9, (2, 256))
        scores[1, 150:] += 40
        masks(tmp_path, scores=scores)
        course = threshold_course(tmp_path)
        assert course.best == pytest.approx(best_threshold(scores))
        hits, false = scores[1, 128:].sum(), scores[0, 128:].sum()
        expected = 2 * hits / (hits + false + scores[1].sum())
        assert course.dice_at(0.5) == pytest.approx(expected)
    masks(tmp_path, scores=np.zeros((2, 256), np.int64))
    assert threshold_course(tmp_path) is None


def test_changes_begin_with_what_was_lost_most(tmp_path):
    masks(tmp_path)
    one = case_scores(tmp_path, "abcde")
    (tmp_path / "other").mkdir()
    masks(tmp_path / "other", counts=COUNTS[::-1])
    other = case_scores(tmp_path / "other", "edcbz")
    found = case_changes(one, other)
    assert [c.id for c in found] == sorted("edcb", key=lambda i: (one.of(i) - other.of(i), i))
    assert found[0].change <= found[-1].change


def test_the_probability_of_the_true_class(tmp_path):
    np.savez(
        tmp_path / "predictions.npz", ids=np.array(["a", "b", "c"]), labels=np.array([0, 1, 1]),
        probabilities=np.array([[0.7, 0.3], [0.9, 0.1], [0.5, 0.5]], np.float32),
    )  # fmt: skip
    scores = case_scores(tmp_path, ())
    assert scores.values == pytest.approx([0.7, 0.1, 0.5])
    assert scores.right.tolist() == [True, False, False], "of two alike the first is predicted"


@pytest.mark.parametrize(
    ("count", "first"),
    [(1, ["worst"]), (2, ["worst", "best"]), (4, ["worst", "median", "best", "in between"])],
)
def test_ranks_are_those_of_the_preview(count, first):
    assert ranks(count) == first
