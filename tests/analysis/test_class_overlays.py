"""Pictures of masks of several classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.color import deltaE_ciede2000, rgb2lab

from automed.analysis.class_colours import BACKGROUND, WRONG, class_colour
from automed.analysis.class_overlay import colour_classes, error_map, write_class_overlays
from automed.analysis.example import Example

MASKS = hnp.arrays(np.uint8, (5, 7), elements=st.integers(0, 12))

# Machado et al. (2009), "A Physiologically-based Model for Simulation of Color Vision Deficiency",
# severity 1.0: on linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                   [0.004733, 0.691367, 0.303900]],
}  # fmt: skip


def as_seen(colours, matrix):
    share = np.array(colours) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(matrix).T, 0, 1)
    return np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)


def differences(colours, sight):
    lab = rgb2lab(as_seen(colours, SIGHT[sight]))
    pairs = np.triu_indices(len(colours), 1)
    return deltaE_ciede2000(lab[pairs[0]], lab[pairs[1]])


@pytest.mark.parametrize("sight", SIGHT)
def test_few_classes_errors_and_background_are_told_apart_by_everyone(sight):
    six = [BACKGROUND, WRONG, *(class_colour(i) for i in range(1, 7))]
    assert differences(six, sight).min() > 10
    twelve = [BACKGROUND, WRONG, *(class_colour(i) for i in range(1, 13))]
    assert differences(twelve, sight).min() > 7


def test_the_first_twelve_classes_have_colours_of_their_own_then_they_come_again():
    assert class_colour(0) == BACKGROUND
    assert len({class_colour(i) for i in range(13)} | {WRONG}) == 14
    assert class_colour(13) == class_colour(1)
    assert class_colour(100) != BACKGROUND


@given(MASKS, MASKS)
def test_right_pixels_have_their_class_wrong_ones_the_warning(mask, prediction):
    picture = error_map(mask, prediction)
    assert picture.dtype == np.uint8
    wrong = mask != prediction
    assert (picture[wrong] == WRONG).all()
    assert (picture[~wrong] == colour_classes(mask)[~wrong]).all()
    for index in np.unique(mask):
        assert (colour_classes(mask)[mask == index] == class_colour(int(index))).all()


def test_masks_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"\(4, 4\).*\(5, 4\)"):
        error_map(np.zeros((4, 4)), np.zeros((5, 4)))


def example(classes=2, channels=3):
    mask = np.zeros((24, 32), np.uint8)
    mask[4:20, 4:28] = 1
    mask[8:14, 10:20] = classes
    image = np.full((24, 32, channels), 90, np.uint8)
    return Example("smear 7", image, mask, np.roll(mask, 2, axis=1), 0.8)


@pytest.mark.parametrize("channels", [1, 3, 5])
@pytest.mark.parametrize("classes", [2, 12])
def test_the_grid_shows_every_class_and_the_errors(tmp_path, pixels, channels, classes):
    names = [f"class number {i}" for i in range(1, classes + 1)]
    path = write_class_overlays(
        [example(classes, channels)] * 2, names, tmp_path / "o.png", "title"
    )
    picture = pixels(path)
    for colour in (class_colour(1), class_colour(classes), BACKGROUND):
        assert (picture == colour).all(axis=2).sum() > 500, colour
    assert not (picture == class_colour(3)).all(axis=2).any(), "no example has it"


def test_a_class_beyond_the_names_and_many_classes_find_room(tmp_path, pixels):
    one = pixels(write_class_overlays([example()], ["cytoplasm"], tmp_path / "a.png", "title"))
    mask = np.arange(24 * 32, dtype=np.uint8).reshape(24, 32) % 41
    many = Example("all", np.zeros((24, 32, 3), np.uint8), mask, mask, 1.0)
    names = [f"a long name of class {i}" for i in range(40)]
    other = pixels(write_class_overlays([many], names, tmp_path / "b.png", "title"))
    assert other.shape[0] > one.shape[0] + 300, "a legend of many lines"
    assert other.shape[1] == one.shape[1]


def test_no_example_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="no example"):
        write_class_overlays([], ["a"], tmp_path / "overlays.png", "title")
