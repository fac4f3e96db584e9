"""Smoothed labels: bounds, what stays exact, and that no label changes sides."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import binary_dilation, binary_erosion, gaussian_filter
from skimage.draw import disk

from automed.data.smooth_masks import smooth_masks
from automed.domain.errors import TrainingError

METHODS = {"gaussian": 3, "morphology": 2}
"""And how far from a border each reaches, in pixels."""


def objects():
    """A disc, a rectangle at the edge, and a ring, larger than any kernel."""
    masks = np.zeros((3, 1, 64, 80), np.float32)
    masks[(0, 0, *disk((30, 40), 17))] = 1
    masks[1, 0, 20:50, :25] = 1
    masks[(2, 0, *disk((32, 40), 28))] = 1
    masks[(2, 0, *disk((32, 40), 13))] = 0
    return torch.from_numpy(masks)


@pytest.mark.parametrize("method", METHODS)
def test_far_from_a_border_labels_stay_exact_and_near_it_they_are_soft(method):
    masks = objects()
    soft = smooth_masks(masks, method)
    reach = METHODS[method]
    square = np.ones((2 * reach + 1, 2 * reach + 1))
    for mask, smoothed in zip(masks[:, 0].bool().numpy(), soft[:, 0].numpy(), strict=True):
        inside = binary_erosion(mask, square, border_value=1)
        outside = ~binary_dilation(mask, square)
        assert (smoothed[inside] == 1).all()
        assert (smoothed[outside] == 0).all()
        rest = smoothed[~inside & ~outside]
        assert len(rest) > 0
        assert ((rest > 0) & (rest < 1)).all()


@pytest.mark.parametrize("method", METHODS)
@given(mask=arrays(np.float32, (1, 1, 9, 11), elements=st.sampled_from([0.0, 1.0])))
def test_a_threshold_gives_every_mask_back(method, mask):
    """Specks and checkerboards too."""
    given_masks = torch.from_numpy(mask)
    soft = smooth_masks(given_masks, method)
    assert 0 <= soft.min() <= soft.max() <= 1
    assert torch.equal((soft >= 0.5).float(), given_masks)
    assert torch.equal((soft > 0.5).float(), given_masks)


@pytest.mark.parametrize("method", METHODS)
def test_a_threshold_gives_the_objects_back(method):
    assert torch.equal((smooth_masks(objects(), method) >= 0.5).float(), objects())


def test_gaussian_is_that_of_scipy_along_a_straight_border():
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., :16] = 1
    expected = gaussian_filter(mask[0, 0].double().numpy(), 1.5, radius=3, mode="nearest")
    soft = smooth_masks(mask, "gaussian")[0, 0].numpy()
    assert np.abs(soft - expected).max() < 1e-6


def test_morphology_is_a_ramp():
    mask = torch.zeros(1, 1, 5, 12)
    mask[..., 6:] = 1
    row = smooth_masks(mask, "morphology")[0, 0, 2]
    expected = [0, 0, 0, 0, 0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1]
    assert row.tolist() == pytest.approx(expected)


def test_none_and_the_empty_and_the_full():
    masks = objects()
    assert smooth_masks(masks, "none") is masks
    for method in METHODS:
        for value in (0.0, 1.0):
            flat = torch.full((2, 1, 16, 16), value)
            assert torch.equal(smooth_masks(flat, method), flat)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_type_shape_and_input_are_kept(method, dtype):
    masks = objects().to(dtype)
    before = masks.clone()
    soft = smooth_masks(masks, method)
    assert soft.dtype == dtype
    assert soft.shape == masks.shape
    assert torch.equal(masks, before)


def test_unknown_methods_and_class_indices():
    with pytest.raises(TrainingError, match="did you mean 'gaussian'"):
        smooth_masks(objects(), "gausian")
    with pytest.raises(TrainingError, match="binary masks"):
        smooth_masks(objects().long().squeeze(1), "gaussian")


@pytest.mark.gpu
@pytest.mark.parametrize("method", METHODS)
def test_on_cuda_as_on_the_cpu(method):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    soft = smooth_masks(objects().cuda(), method)
    assert soft.is_cuda
    assert torch.allclose(soft.cpu(), smooth_masks(objects(), method), atol=1e-6)
