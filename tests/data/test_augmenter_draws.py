"""Draws apart from their application: replay, and each step against another library."""

import copy
import math

import cv2
import numpy as np
import pytest
import torch
from kornia.enhance import adjust_hue
from torchvision.transforms.v2 import functional

from automed.data.augment import Augmenter, Draws, apply, draw
from automed.domain.augment import Augment

SHAPE = (3, 40, 56)
ALL = Augment(
    horizontal_flip=0.5, vertical_flip=0.5, rotation=30, shift=0.2, zoom=0.2, shear=15,
    elastic=0.03, brightness=0.2, contrast=0.2, gamma=0.2, saturation=0.3, hue=0.1, blur=0.5,
    gauss_noise=0.5, coarse_dropout=0.5,
)  # fmt: skip


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def smooth(batch=5, shape=SHAPE, seed=0):
    images = torch.rand(batch, *shape, generator=generator(seed))
    return torch.nn.functional.avg_pool2d(images, 7, 1, 3, count_include_pad=False)


def as_cv(image):
    return np.ascontiguousarray(image.permute(1, 2, 0).numpy())


def test_draws_replay_a_batch_exactly():
    images, masks = smooth(), (smooth(seed=1)[:, :1] > 0.5).float()
    draws = draw(ALL, 5, SHAPE, generator())
    kept = copy.deepcopy(draws)
    first = apply(draws, images, masks)
    torch.rand(7)  # the global state does not matter
    again = apply(kept, images, masks)
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    alone = apply(kept, images.clone().contiguous(memory_format=torch.channels_last))
    assert torch.allclose(first[0], alone[0], atol=1e-5)


def test_the_same_generator_draws_the_same_and_uses_no_other():
    state = torch.get_rng_state()
    one, two = draw(ALL, 6, SHAPE, generator(3)), draw(ALL, 6, SHAPE, generator(3))
    other = draw(ALL, 6, SHAPE, generator(4))
    for name in Draws.__dataclass_fields__:
        a, b, c = (torch.as_tensor(getattr(d, name)) for d in (one, two, other))
        assert torch.equal(a, b), name
        assert not torch.equal(a, c), name
        assert a.device.type == "cpu"
    assert torch.equal(state, torch.get_rng_state())


def test_the_draws_of_an_augmenter_replay_its_batches():
    images, masks = smooth(), (smooth(seed=1)[:, :1] > 0.5).float()
    augmenter, twin = Augmenter(ALL, 3), Augmenter(ALL, 3)
    kept = [twin.draws(5, SHAPE) for _ in range(3)]
    batches = [augmenter(images, masks) for _ in range(3)]
    for draws, (varied, labels) in reversed(list(zip(kept, batches, strict=True))):
        again, marks = apply(draws, images, masks)
        assert torch.equal(again, varied)
        assert torch.equal(marks, labels)


def test_nothing_to_vary_is_nothing_drawn():
    draws = draw(Augment(), 4, SHAPE, generator())
    assert {n for n in Draws.__dataclass_fields__ if getattr(draws, n) is not None} == {
        "noise_seed"
    }
    images = smooth()
    assert apply(draws, images, images) == (images, images)


@pytest.mark.parametrize("channels", [1, 4])
def test_there_is_no_colour_without_three_channels(channels):
    draws = draw(ALL, 4, (channels, 8, 8), generator())
    assert draws.saturation is None
    assert draws.hue is None
    assert draws.brightness is not None


def test_the_warp_is_that_of_opencv():
    """Same matrices, another library: source to destination, border repeated."""
    shape = (3, 48, 64)
    images, masks = smooth(6, shape), (torch.rand(6, 1, 48, 64, generator=generator(1)) > 0.5)
    setting = Augment(rotation=20, shift=0.1, zoom=0.1, zoom_each_axis=True, shear=10)
    draws = draw(setting, 6, shape, generator(3))
    varied, labels = apply(draws, images, masks.float())
    for n, matrix in enumerate(draws.matrices.numpy()):
        border = cv2.BORDER_REPLICATE
        expected = cv2.warpAffine(
            as_cv(images[n]), matrix, (64, 48), flags=cv2.INTER_LINEAR, borderMode=border
        )
        assert np.abs(as_cv(varied[n]) - expected).max() < 0.02
        mask = cv2.warpAffine(
            masks[n, 0].float().numpy(), matrix, (64, 48), flags=cv2.INTER_NEAREST,
            borderMode=border,
        )  # fmt: skip
        assert (labels[n, 0].numpy() == mask).mean() > 0.98


def test_flips_inside_a_warp_are_flips():
    flips = torch.tensor([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=torch.bool)
    still = torch.eye(3, dtype=torch.float64)[:2].repeat(4, 1, 1)
    images = smooth(4)
    alone, _ = apply(Draws(flips=flips), images)
    warped, _ = apply(Draws(flips=flips, matrices=still), images)
    assert torch.allclose(alone, warped, atol=1e-5)
    assert torch.equal(alone[3], images[3].flip((-1, -2)))


def test_zoom_is_one_scale_or_one_for_each_axis():
    for apart in (False, True):
        setting = Augment(zoom=0.1, zoom_each_axis=apart)
        matrices = draw(setting, 500, SHAPE, generator()).matrices
        wide, high = matrices[:, 0, 0], matrices[:, 1, 1]
        assert torch.allclose(wide, high) != apart
        assert 0.9 <= matrices[:, 0, 0].min() < 0.91
        assert 1.09 < matrices[:, 1, 1].max() <= 1.1


def test_an_elastic_point_says_where_to_look():
    """All points alike are a shift; one point moves its neighbourhood only."""
    images = smooth(1)
    shift = torch.zeros(1, 2, 7, 7)
    shift[:, 0] = 3
    shift[:, 1] = -2
    varied, _ = apply(Draws(elastic=shift), images)
    assert torch.allclose(varied[..., 2:, :-3], images[..., :-2, 3:], atol=1e-4)
    point = torch.zeros(1, 2, 7, 7)
    point[0, 0, 3, 3] = 3
    varied, _ = apply(Draws(elastic=point), images)
    changed = (varied - images).abs().amax(1)[0] > 1e-3
    rows, columns = torch.nonzero(changed).T
    assert rows.min() >= 40 * 1 / 6
    assert rows.max() <= 40 * 5 / 6
    assert columns.min() >= 56 * 1 / 6 - 1
    assert columns.max() <= 56 * 5 / 6 + 1


@pytest.mark.parametrize(("elastic", "share"), [(0.02, 1.0), (0.08, 0.97)])
def test_deformations_hardly_fold(elastic, share):
    """Where each pixel is looked for runs from left to right in every row, as before."""
    ramp = torch.linspace(0, 1, 96).expand(20, 1, 96, 96).contiguous()
    draws = draw(Augment(elastic=elastic), 20, (1, 96, 96), generator())
    assert draws.elastic.abs().max().item() == pytest.approx(elastic * 96, rel=0.01)
    varied, _ = apply(draws, ramp)
    assert (varied.diff(dim=-1) > -1e-6).float().mean() >= share


FACTORS = torch.tensor([0.6, 0.8, 1.0, 1.3, 1.6])


@pytest.mark.parametrize("field", ["brightness", "contrast", "saturation", "gamma"])
def test_colours_are_those_of_torchvision(field):
    images = smooth()
    varied, _ = apply(Draws(**{field: FACTORS}), images)
    adjust = getattr(functional, f"adjust_{field}")
    for n, factor in enumerate(FACTORS.tolist()):
        assert torch.allclose(varied[n], adjust(images[n], factor), atol=2e-4)


def test_contrast_of_other_channels_is_about_their_mean():
    images = smooth(5, (2, 9, 9))
    varied, _ = apply(Draws(contrast=FACTORS), images)
    mean = images.mean((1, 2, 3), keepdim=True)
    expected = (mean + FACTORS.view(-1, 1, 1, 1) * (images - mean)).clamp(0, 1)
    assert torch.allclose(varied, expected, atol=1e-6)


def test_hue_is_that_of_torchvision_and_kornia():
    images = torch.rand(5, *SHAPE, generator=generator())
    images[0, :, :5] = 0.4  # grey has no hue
    images[1, 1] = images[1, 0]  # two channels equal
    turns = torch.tensor([-0.5, -0.1, 0.0, 0.2, 0.5])
    varied, _ = apply(Draws(hue=turns * 2 * math.pi), images)
    assert torch.allclose(varied, adjust_hue(images, turns * 2 * math.pi), atol=1e-4)
    for n, turn in enumerate(turns.tolist()):
        assert torch.allclose(varied[n], functional.adjust_hue(images[n], turn), atol=1e-4)


def test_blur_is_that_of_opencv():
    images = torch.rand(3, *SHAPE, generator=generator())
    varied, _ = apply(Draws(blur=torch.tensor([0.0, 0.7, 2.0])), images)
    assert torch.equal(varied[0], images[0])
    for n, sigma in ((1, 0.7), (2, 2.0)):
        side = 2 * math.ceil(3 * sigma) + 1
        expected = cv2.GaussianBlur(
            as_cv(images[n]), (side, side), sigma, borderType=cv2.BORDER_REPLICATE
        )
        assert np.abs(as_cv(varied[n]) - expected).max() < 1e-5


def test_blur_has_its_chance_and_range():
    sigmas = draw(Augment(blur=0.3, blur_sigma=1.5), 1000, SHAPE, generator()).blur
    drawn = sigmas[sigmas > 0]
    assert 0.25 < len(drawn) / 1000 < 0.35
    assert 0.1 <= drawn.min() < 0.13
    assert 1.45 < drawn.max() <= 1.5


@pytest.mark.parametrize("field", ["brightness", "contrast", "gamma", "saturation"])
def test_factors_are_drawn_from_their_range(field):
    factors = getattr(draw(Augment(**{field: 0.3}), 1000, SHAPE, generator()), field)
    assert 0.7 <= factors.min() < 0.71
    assert 1.29 < factors.max() <= 1.3


def test_hue_is_drawn_as_a_share_of_the_circle():
    angles = draw(Augment(hue=0.1), 1000, SHAPE, generator()).hue / (2 * math.pi)
    assert -0.1 <= angles.min() < -0.098
    assert 0.098 < angles.max() <= 0.1


def test_the_smallest_hole():
    setting = Augment(coarse_dropout=1, coarse_dropout_size=10, coarse_dropout_size_min=10)
    holes = draw(setting, 50, SHAPE, generator()).holes
    assert holes.shape == (50, 8, 4)
    assert (holes[..., 2:] - holes[..., :2] == 10).all()
    assert holes[..., 0].min() == 0
    assert holes[..., 2].max() == 40
    assert holes[..., 3].max() == 56


def test_tiny_images():
    varied, _ = Augmenter(ALL, 0)(torch.rand(6, 3, 2, 3))
    assert 0 <= varied.min() <= varied.max() <= 1
