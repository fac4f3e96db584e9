"""Otsu segmentation, against an independent implementation with scikit-image."""

import numpy as np
import pytest
from skimage.filters import threshold_otsu
from skimage.morphology import closing

from automed.data.preprocess import otsu
from automed.data.preprocess.otsu import otsu_bright
from automed.data.readers import read_image

ELLIPSE = np.array(
    [[0, 0, 1, 0, 0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 1, 0, 0]]
)


def independent(image):
    weights = np.array([0.299, 0.587, 0.114])  # Rec. 601, as in paper 3's library
    grey = np.floor(image @ weights + 0.5).astype(np.uint8)
    dark = grey <= threshold_otsu(grey)
    kept = closing(dark.astype(np.uint8), ELLIPSE, mode="ignore")
    return np.repeat((grey * kept)[..., None], 3, axis=2)


def smear(seed):
    """Dark discs on a bright ground, with noise."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices((96, 80))
    image = np.full((96, 80, 3), [235.0, 220.0, 225.0])
    for _ in range(9):
        row, column, radius = rng.uniform(0, 96), rng.uniform(0, 80), rng.uniform(4, 11)
        disc = (rows - row) ** 2 + (columns - column) ** 2 < radius**2
        image[disc] = rng.uniform([90, 40, 130], [140, 100, 180])
    return np.clip(image + rng.normal(0, 18, image.shape), 0, 255).astype(np.uint8)


def agreement(image):
    """Share of pixels equal within one grey level: the two libraries round grey differently."""
    apart = np.abs(otsu(image).astype(int) - independent(image).astype(int))
    return (apart <= 1).mean()


@pytest.mark.parametrize("seed", range(5))
def test_equals_scikit_image(seed):
    assert agreement(smear(seed)) > 0.999


@pytest.mark.real_data
def test_equals_scikit_image_on_real_smears(real_data):
    files = sorted((real_data / "leukemia" / "ALL_4class").glob("*/*.jpg"))[::130]
    assert len(files) >= 10
    assert min(agreement(read_image(file, 3)) for file in files) > 0.98


def test_keeps_the_dark_cells_and_blackens_the_plasma():
    image = np.full((40, 40, 3), 230, np.uint8)
    image[10:20, 10:20] = 90
    result = otsu(image)
    assert (result[10:20, 10:20] == 90).all()
    assert (result[25:] == 0).all()


def test_closing_fills_a_hole_of_the_ellipses_size():
    image = np.full((40, 40, 3), 230, np.uint8)
    image[5:30, 5:30] = 90
    image[15, 15] = 230
    assert (otsu(image)[15, 15] == 230).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_grey_is_replicated_to_the_channels_of_the_input(channels):
    image = smear(0)[..., :channels]
    result = otsu(image)
    assert result.shape == image.shape
    assert result.dtype == np.uint8
    assert (result == result[..., :1]).all()


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_flat_image_has_no_cells(level):
    assert not otsu(np.full((20, 20, 3), level, np.uint8)).any()


@pytest.mark.parametrize("channels", [2, 5])
def test_grey_of_other_channels_is_their_mean(channels):
    plane = smear(1)[..., :1]
    same = otsu(np.repeat(plane, channels, axis=2))
    assert (same == otsu(plane)).all()


def test_the_bright_side_of_a_picture_is_the_dark_side_of_its_negative():
    image = np.full((40, 40, 3), 20, np.uint8)
    image[10:30, 12:28] = 200
    kept = otsu_bright(image)[..., 0]
    assert (kept[10:30, 12:28] == 200).all()
    assert kept.sum() == 20 * 16 * 200
    assert ((kept > 0) == (otsu(255 - image)[..., 0] > 0)).all()
