"""The colours of agreement between a prediction and the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from automed.analysis.example import Example
from automed.analysis.overlay import (
    FN,
    FP,
    TN,
    TP,
    blend,
    class_map,
    write_overlays,
)

MASKS = hnp.arrays(np.uint8, (5, 7), elements=st.sampled_from([0, 1, 255]))


def test_each_outcome_has_the_colour_of_the_paper():
    mask = np.array([[1, 0], [1, 0]])
    prediction = np.array([[1, 1], [0, 0]])
    picture = class_map(mask, prediction)
    assert picture.dtype == np.uint8
    assert [tuple(map(int, c)) for c in picture.reshape(4, 3)] == [TP, FP, FN, TN]
    assert TP == (0, 255, 255), "cyan"
    assert TN == (0, 0, 0), "black"
    assert FN == (0, 100, 0), "dark green"
    assert FP[0] == 255, "pink: all the red"
    assert FP[1] < FP[2] < FP[0], "pink: more blue than green"


@given(MASKS, MASKS)
def test_every_pixel_has_one_outcome_and_the_counts_give_dice(mask, prediction):
    picture = class_map(mask, prediction).reshape(-1, 3)
    count = {c: int((picture == c).all(axis=1).sum()) for c in (TP, FP, FN, TN)}
    assert sum(count.values()) == mask.size
    truth, found = mask > 0, prediction > 0
    if truth.any() or found.any():
        dice = 2 * (truth & found).sum() / (truth.sum() + found.sum())
        assert 2 * count[TP] / (2 * count[TP] + count[FP] + count[FN]) == pytest.approx(dice)


@given(MASKS, MASKS, hnp.arrays(np.uint8, (5, 7, 3)))
def test_the_blend_leaves_true_negatives_to_the_image(mask, prediction, image):
    mixed = blend(image, mask, prediction)
    negative = (mask == 0) & (prediction == 0)
    assert (mixed[negative] == image[negative]).all()
    assert (blend(image, mask, prediction, opacity=1.0)[~negative] ==
            class_map(mask, prediction)[~negative]).all()  # fmt: skip


def test_masks_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"\(4, 4\).*\(5, 4\)"):
        class_map(np.zeros((4, 4)), np.zeros((5, 4)))


def _example(height=24, width=32, channels=3, dice=0.75):
    mask = np.zeros((height, width), dtype=np.uint8)
    mask[4:16, 4:20] = 1
    return Example(
        id="patient-7/frame-" + "0" * 80, mask=mask, prediction=np.roll(mask, 3, axis=1),
        image=np.full((height, width, channels), 90, dtype=np.uint8), dice=dice,
    )  # fmt: skip


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("count", [1, 8])
def test_the_grid_shows_all_four_colours(tmp_path, pixels, channels, count):
    path = write_overlays([_example(channels=channels)] * count, tmp_path / "overlays.png", "title")
    picture = pixels(path)
    for colour in (TP, FP, FN, TN):
        assert (picture == colour).all(axis=2).sum() > 500, colour
    assert picture.shape[0] > 150 * count * 24 / 32


def test_the_same_input_gives_the_same_bytes(tmp_path):
    first = write_overlays([_example()], tmp_path / "a.png", "title").read_bytes()
    assert write_overlays([_example()], tmp_path / "b.png", "title").read_bytes() == first


def test_no_example_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="no example"):
        write_overlays([], tmp_path / "overlays.png", "title")
