"""Cutting off empty borders."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automed.data.preprocess import crop_box

RNG = np.random.default_rng(0)


def content(height, width, channels=3):
    return RNG.integers(40, 220, (height, width, channels), dtype=np.uint8)


def framed(inner, margins, colour=0):
    top, bottom, left, right = margins
    sides = ((top, bottom), (left, right), (0, 0))
    return np.pad(inner, sides, constant_values=colour)


@given(
    margins=st.tuples(*[st.integers(0, 12)] * 4),
    colour=st.sampled_from([0, 255]),
    channels=st.sampled_from([1, 3, 4]),
)
def test_a_frame_is_cut_off_and_nothing_else(margins, colour, channels):
    inner = content(30, 40, channels)
    image = framed(inner, margins, colour)
    assert (image[crop_box(image)] == inner).all()
    assert image[crop_box(image)].shape == inner.shape


def test_noise_and_specks_in_the_border_do_not_keep_it():
    image = framed(content(100, 300), (20, 20, 30, 30))
    image[:20] += RNG.integers(0, 9, image[:20].shape, dtype=np.uint8)
    image[5, 50] = 255  # one of 360 pixels
    assert crop_box(image) == (slice(20, 120), slice(30, 330))


def test_each_side_has_its_own_colour():
    image = framed(content(30, 40), (8, 0, 0, 0), 255)
    image = framed(image, (0, 0, 6, 0), 0)
    image = framed(image, (0, 5, 0, 0), 128)
    assert crop_box(image) == (slice(8, 38), slice(6, 46))


def test_dark_content_inside_is_kept():
    image = framed(content(40, 40), (10, 10, 10, 10))
    image[25:35, 10:50] = 0
    assert crop_box(image) == (slice(10, 50), slice(10, 50))


@pytest.mark.parametrize("level", [0, 128, 255])
def test_an_image_of_one_colour_is_kept(level):
    image = np.full((20, 30, 3), level, np.uint8)
    assert crop_box(image) == (slice(0, 20), slice(0, 30))


def test_a_nearly_empty_image_is_kept():
    image = framed(content(6, 40), (40, 40, 5, 5))
    assert crop_box(image) == (slice(0, 86), slice(0, 50))


def test_two_halves_and_a_single_pixel():
    halves = np.zeros((20, 20, 3), np.uint8)
    halves[10:] = 255
    assert crop_box(halves) == (slice(0, 20), slice(0, 20))
    assert crop_box(np.zeros((1, 1, 1), np.uint8)) == (slice(0, 1), slice(0, 1))


def test_borderless_images_are_kept():
    image = content(25, 35)
    assert crop_box(image) == (slice(0, 25), slice(0, 35))
