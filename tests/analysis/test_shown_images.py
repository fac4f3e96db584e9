"""Images of any number of channels on a screen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from automed.analysis.shown_image import as_rgb


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 1)])
def test_grey_images_become_rgb(shape):
    image = np.arange(24).reshape(shape).astype(np.uint8)
    shown = as_rgb(image)
    assert shown.shape == (4, 6, 3)
    assert (shown == image.reshape(4, 6, 1)).all()


@given(hnp.arrays(np.uint8, (4, 6, 3)))
def test_colours_stay_as_they_are(image):
    assert (as_rgb(image) == image).all()


@given(hnp.arrays(np.uint8, st.tuples(st.just(5), st.just(7), st.sampled_from([2, 4, 6]))))
def test_other_images_show_their_first_channel_in_grey_and_in_order(image):
    shown = as_rgb(image)
    assert shown.shape == (5, 7, 3)
    assert shown.dtype == np.uint8
    assert (shown[..., 0] == shown[..., 1]).all()
    assert (shown[..., 0] == shown[..., 2]).all()
    order = np.argsort(image[..., 0].ravel(), kind="stable")
    assert (np.diff(shown[..., 0].ravel()[order].astype(int)) >= 0).all()


def test_a_faint_channel_is_stretched_and_a_flat_one_left_alone():
    faint = np.zeros((20, 20, 4), np.uint8)
    faint[..., 0] = np.linspace(100, 110, 400).reshape(20, 20)
    shown = as_rgb(faint)
    assert shown.min() == 0
    assert shown.max() == 255
    assert (as_rgb(np.full((4, 4, 5), 77, np.uint8)) == 77).all()
