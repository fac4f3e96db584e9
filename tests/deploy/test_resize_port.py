"""The bundle's resizing gives the pixels that OpenCV gave in training, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from automed.data.resize import resize_image
from automed.deploy.standalone.runner.resize import resize

length = st.integers(1, 120)


@settings(max_examples=150)
@given(
    st.tuples(length, length), st.tuples(length, length), st.sampled_from([1, 3, 4]), st.integers(0)
)
@example((64, 64), (32, 32), 3, 0)  # halves: OpenCV rounds them up
@example((64, 64), (32, 32), 1, 1)
@example((96, 60), (32, 30), 3, 2)  # whole cells
@example((31, 47), (62, 94), 3, 3)
@example((1, 1), (9, 7), 3, 4)
@example((90, 20), (31, 45), 3, 5)  # one axis shrinks, the other grows
@example((2, 120), (120, 2), 1, 6)
@example((44, 98), (44, 1), 3, 0)  # 1 / (1 / 98) is not 98 to OpenCV
def test_pixels_are_opencvs(size, goal, channels, seed):
    image = np.random.default_rng(seed).integers(0, 256, (*size, channels), dtype=np.uint8)
    assert np.array_equal(resize(image, goal), resize_image(image, goal))


@pytest.mark.parametrize("size", [(1080, 1920), (288, 384), (531, 622)])
@pytest.mark.parametrize("goal", [(224, 224), (288, 384), (544, 640)])
def test_photographs_too(size, goal):
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    assert np.array_equal(resize(image, goal), resize_image(image, goal))


@settings(max_examples=60)
@given(st.tuples(length, length), st.tuples(length, length), st.integers(0))
def test_probabilities_stay_within_their_range_and_keep_their_mean(size, goal, seed):
    values = np.random.default_rng(seed).random((*size, 1), dtype=np.float32)
    resized = resize(values, goal)
    assert resized.dtype == np.float32
    assert values.min() - 1e-6 <= resized.min() <= resized.max() <= values.max() + 1e-6
    if goal[0] <= size[0] and goal[1] <= size[1]:  # areas: nothing is lost
        assert resized.mean() == pytest.approx(values.mean(), abs=1e-3)


def test_probabilities_are_interpolated_between_the_centres_of_pixels():
    ramp = np.array([[0.0, 1.0]], np.float32)[..., None]
    assert resize(ramp, (1, 4))[0, :, 0] == pytest.approx([0, 0.25, 0.75, 1])
