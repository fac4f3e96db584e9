"""Resizing: area down, linear up, masks by majority of area."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from automed.data.resize import resize_image, resize_mask


def test_down_is_the_mean_of_the_area():
    image = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    means = image.reshape(16, 4, 16, 6, 3).mean(axis=(1, 3))
    assert np.abs(resize_image(image, (16, 16)) - means).max() <= 0.5 + 1e-6


def test_up_is_linear():
    image = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    expected = cv2.resize(image, (20, 30), interpolation=cv2.INTER_LINEAR)
    assert (resize_image(image, (30, 20)) == expected).all()


def test_one_axis_shrinks_while_the_other_grows():
    """Stripes along the shrinking axis must average out; linear alone would pick some."""
    stripes = np.tile(np.array([0, 0, 0, 240], np.uint8), 32)[None, :, None].repeat(8, axis=0)
    assert (resize_image(stripes, (16, 32)) == 60).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_shape_and_type_are_kept(channels):
    resized = resize_image(np.zeros((10, 12, channels), np.uint8), (5, 24))
    assert resized.shape == (5, 24, channels)
    assert resized.dtype == np.uint8


@given(arrays(np.bool_, (16, 24)))
@settings(max_examples=50, deadline=None)
def test_mask_pixel_is_foreground_where_half_of_its_area_is(mask):
    cover = mask.reshape(4, 4, 4, 6).mean(axis=(1, 3))
    assert (resize_mask(mask, (4, 4)) == (cover >= 0.5)).all()


@given(arrays(np.bool_, (9, 11)), st.integers(5, 30), st.integers(5, 30))
@settings(max_examples=50, deadline=None)
def test_masks_stay_binary_and_equal_sizes_are_exact(mask, height, width):
    assert set(np.unique(resize_mask(mask, (height, width)))) <= {0, 1}
    assert (resize_mask(mask, (9, 11)) == mask).all()


def test_area_of_a_disc_survives_better_than_with_nearest_neighbour():
    rows, columns = np.indices((300, 300))
    errors = {"area": [], "nearest": []}
    for shift in range(12):
        disc = (rows - 140 - shift) ** 2 + (columns - 150 + shift / 2) ** 2 < 40**2
        nearest = cv2.resize(disc.astype(np.uint8), (32, 32), interpolation=cv2.INTER_NEAREST)
        for name, small in (("area", resize_mask(disc, (32, 32))), ("nearest", nearest)):
            errors[name].append(abs(small.mean() - disc.mean()))
    assert np.mean(errors["area"]) < np.mean(errors["nearest"])


@pytest.mark.parametrize("channels", [5, 9])
def test_any_number_of_channels_is_resized_as_each_channel_is(channels):
    image = np.random.default_rng(0).integers(0, 256, (37, 53, channels), dtype=np.uint8)
    resized = resize_image(image, (16, 24))
    for index in range(channels):
        alone = resize_image(image[..., index : index + 1], (16, 24))
        np.testing.assert_array_equal(resized[..., index : index + 1], alone)
