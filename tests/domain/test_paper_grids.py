"""The papers' figures are those of the papers."""

from __future__ import annotations

import pytest

from automed.domain.paper1_grid import PAPER_1

# Figure 7 of paper 1: accuracy, F1, Jaccard, precision, recall, rounded to three digits.
FIGURE_7 = {
    ("adam + bce", "none"): (0.954, 0.940, 0.894, 0.943, 0.939),
    ("adam + bce", "ptq"): (0.953, 0.942, 0.896, 0.951, 0.938),
    ("adam + bce", "sparse"): (0.954, 0.944, 0.899, 0.945, 0.948),
    ("adam + bce", "qat"): (0.953, 0.939, 0.893, 0.959, 0.925),
    ("adagrad + bce", "none"): (0.826, 0.802, 0.684, 0.846, 0.781),
    ("adagrad + bce", "ptq"): (0.823, 0.809, 0.690, 0.860, 0.779),
    ("adagrad + bce", "sparse"): (0.872, 0.853, 0.755, 0.887, 0.828),
    ("adagrad + bce", "qat"): (0.832, 0.821, 0.707, 0.855, 0.803),
    ("nadam + bce", "none"): (0.950, 0.936, 0.888, 0.940, 0.935),
    ("nadam + bce", "sparse"): (0.954, 0.944, 0.899, 0.939, 0.953),
    ("rmsprop + bce", "ptq"): (0.949, 0.931, 0.883, 0.955, 0.919),
    ("rmsprop + bce", "qat"): (0.949, 0.934, 0.885, 0.947, 0.928),
    ("adam + bce+dice", "none"): (0.953, 0.943, 0.897, 0.946, 0.942),
    ("adam + bce+dice", "sparse"): (0.955, 0.945, 0.899, 0.944, 0.948),
    ("adam + dice+focal", "qat"): (0.955, 0.945, 0.901, 0.948, 0.945),
    ("adam + dice+focal", "ptq"): (0.953, 0.940, 0.895, 0.944, 0.942),
    ("adam + bce+jaccard", "none"): (0.954, 0.945, 0.900, 0.947, 0.945),
    ("adam + bce+jaccard", "qat"): (0.954, 0.943, 0.899, 0.951, 0.941),
}
REPORTED = {
    (combination.name, method): figures
    for combination in PAPER_1.combinations
    for method, figures in combination.reported.items()
}


def test_paper_1_has_eight_combinations_with_four_compressions():
    assert len(PAPER_1.combinations) == 8
    methods = {c.method for c in PAPER_1.compressions}
    assert all(set(c.reported) == methods == set(PAPER_1.labels) for c in PAPER_1.combinations)
    assert all(list(figures) == list(PAPER_1.metrics) for figures in REPORTED.values())
    assert next(c for c in PAPER_1.compressions if c.method == "sparse").sparsity == 0.9


@pytest.mark.parametrize("row", FIGURE_7, ids=", ".join)
def test_table_3_agrees_with_figure_7_of_the_paper(row):
    keys = ("accuracy", "dice", "iou", "precision", "recall")
    found = [REPORTED[row][key] for key in keys]
    assert found == pytest.approx(FIGURE_7[row], abs=0.00055)


def test_its_figures_are_means_over_images_but_for_one_row():
    # The IoU D / (2 - D) is convex in the Dice D: its mean lies above that of the mean Dice.
    impossible = [
        row for row, figures in REPORTED.items()
        if figures["iou"] < figures["dice"] / (2 - figures["dice"])
    ]  # fmt: skip
    assert impossible == [("rmsprop + bce+jaccard", "none")]
    assert any("rmsprop + bce+jaccard, none" in remark for remark in PAPER_1.remarks)


def test_the_best_one_is_the_one_that_the_paper_names():
    assert max(REPORTED, key=lambda row: REPORTED[row]["iou"]) == (
        "rmsprop + bce+jaccard", "sparse",
    )  # fmt: skip
