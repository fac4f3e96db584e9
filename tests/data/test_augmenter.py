"""Augmentation: ranges, determinism, the global random state, and what happens to masks."""

import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch

from automed.data.augment import Augmenter
from automed.domain.augment import Augment

ALL = Augment(
    horizontal_flip=0.5, vertical_flip=0.5, rotation=30, shift=0.2, zoom=0.2, shear=15,
    elastic=0.03, brightness=0.2, contrast=0.2, gamma=0.2, saturation=0.3, hue=0.1, blur=0.5,
    gauss_noise=0.5, coarse_dropout=0.5,
)  # fmt: skip


def batch(size=12, channels=3, height=40, width=56, seed=0):
    draw = torch.Generator().manual_seed(seed)
    images = torch.rand(size, channels, height, width, generator=draw)
    masks = (torch.rand(size, 1, height, width, generator=draw) > 0.5).float()
    return images, masks


def test_everything_at_once_keeps_shapes_ranges_and_inputs():
    images, masks = batch()
    before = images.clone(), masks.clone()
    for _ in range(5):
        varied, labels = Augmenter(ALL, 0)(images, masks)
        assert varied.shape == images.shape
        assert labels.shape == masks.shape
        assert 0 <= varied.min() <= varied.max() <= 1
        assert set(labels.unique().tolist()) <= {0.0, 1.0}
    assert torch.equal(images, before[0])
    assert torch.equal(masks, before[1])


def test_a_seed_repeats_its_sequence_and_another_does_not():
    images, masks = batch()
    first, second, other = Augmenter(ALL, 1), Augmenter(ALL, 1), Augmenter(ALL, 2)
    sequence = [first(images, masks) for _ in range(3)]
    for one, two in zip(sequence, [second(images, masks) for _ in range(3)], strict=True):
        assert torch.equal(one[0], two[0])
        assert torch.equal(one[1], two[1])
    assert not torch.equal(sequence[0][0], sequence[1][0])
    assert not torch.equal(sequence[0][0], other(images, masks)[0])


def test_the_global_random_state_is_neither_read_nor_changed():
    images, masks = batch()
    torch.manual_seed(7)
    one = Augmenter(ALL, 1)(images, masks)
    after = torch.rand(5)
    torch.manual_seed(7)
    expected = torch.rand(5)
    torch.manual_seed(8)
    two = Augmenter(ALL, 1)(images, masks)
    assert torch.equal(after, expected)
    assert torch.equal(one[0], two[0])


def test_zeros_are_the_identity_without_kornia():
    code = (
        "import sys, torch; from automed.data.augment import Augmenter; "
        "from automed.domain.augment import Augment; x = torch.rand(2, 3, 8, 8); "
        "y, m = Augmenter(Augment(), 0)(x, x[:, :1]); "
        "assert y is x; assert torch.equal(m, x[:, :1]); assert 'kornia' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_classification_has_no_masks():
    images, _ = batch()
    varied, masks = Augmenter(ALL, 0)(images)
    assert masks is None
    assert torch.equal(varied, Augmenter(ALL, 0)(images, images[:, :1])[0])


@pytest.mark.parametrize(("field", "axis"), [("horizontal_flip", -1), ("vertical_flip", -2)])
def test_flips_are_drawn_for_each_sample(field, axis):
    images, masks = batch(400, height=4, width=4)
    varied, labels = Augmenter(Augment(**{field: 0.3}), 0)(images, masks)
    flipped = (varied == images.flip(axis)).flatten(1).all(1)
    same = (varied == images).flatten(1).all(1)
    assert (flipped ^ same).all()
    assert 0.2 < flipped.float().mean() < 0.4
    expected = torch.where(flipped.view(-1, 1, 1, 1), masks.flip(axis), masks)
    assert torch.equal(labels, expected)


def disc(height=96, width=128, row=48, column=64, radius=20):
    rows, columns = np.indices((height, width))
    inside = (rows - row) ** 2 + (columns - column) ** 2 < radius**2
    return torch.from_numpy(inside.astype(np.float32))[None, None]


def centre_of(mask):
    rows, columns = torch.nonzero(mask[0] > 0.5).float().T
    return rows.mean().item(), columns.mean().item()


def test_shift_is_a_share_of_height_and_width():
    images = disc().repeat(200, 1, 1, 1)
    varied, labels = Augmenter(Augment(shift=0.2), 0)(images, images)
    moves = np.array([centre_of(m) for m in labels]) - centre_of(images[0])
    assert 0.85 * 0.2 * 96 < np.abs(moves[:, 0]).max() <= 0.2 * 96 + 0.5
    assert 0.85 * 0.2 * 128 < np.abs(moves[:, 1]).max() <= 0.2 * 128 + 0.5
    assert ((varied > 0.5) == (labels > 0.5)).float().mean() > 0.99


def test_zoom_changes_the_scale_up_to_its_range():
    images = disc().repeat(200, 1, 1, 1)
    _, labels = Augmenter(Augment(zoom=0.3), 0)(images, images)
    scales = (labels.flatten(1).sum(1) / images[0].sum()).sqrt()
    assert 0.68 < scales.min() < 0.75
    assert 1.25 < scales.max() < 1.32


def test_rotation_reaches_its_angle_and_keeps_the_centre():
    bar = torch.zeros(1, 1, 81, 81)
    bar[..., 38:43, 10:71] = 1
    _, labels = Augmenter(Augment(rotation=25), 0)(
        bar.repeat(200, 1, 1, 1), bar.repeat(200, 1, 1, 1)
    )
    angles = []
    for mask in labels:
        rows, columns = torch.nonzero(mask[0]).float().T
        assert abs(rows.mean() - 40) < 0.6
        slope = np.polyfit(columns.numpy(), rows.numpy(), 1)[0]
        angles.append(np.degrees(np.arctan(slope)))
    assert 22 < np.max(angles) < 26
    assert -26 < np.min(angles) < -22


def test_the_mask_follows_its_image_over_the_border():
    """What is repeated of an object at the edge is labelled as that object, and nothing else."""
    image = disc(row=0)
    varied, labels = Augmenter(Augment(shift=0.3, rotation=40), 0)(
        image.repeat(50, 1, 1, 1), image.repeat(50, 1, 1, 1)
    )
    assert ((varied > 0.5) == (labels > 0.5)).float().mean() > 0.99


def test_noise_has_its_strength_and_its_chance():
    images = torch.full((300, 3, 16, 16), 0.5)
    setting = Augment(gauss_noise=0.4, gauss_noise_std=0.07, gauss_noise_std_min=0.07)
    varied, masks = Augmenter(setting, 0)(images, images[:, :1])
    noisy = (varied != images).flatten(1).any(1)
    assert 0.3 < noisy.float().mean() < 0.5
    assert varied[noisy].std().item() == pytest.approx(0.07, rel=0.05)
    assert torch.equal(masks, images[:, :1])


def test_the_variance_of_the_noise_is_uniform_between_the_squares():
    images = torch.full((400, 3, 16, 16), 0.5)
    setting = Augment(gauss_noise=1, gauss_noise_std=0.06, gauss_noise_std_min=0.02)
    variances = Augmenter(setting, 0)(images)[0].flatten(1).var(1)
    share = (variances - 0.02**2) / (0.06**2 - 0.02**2)
    assert -0.05 < share.min() < 0.05
    assert 0.9 < share.max() < 1.2
    assert share.mean().item() == pytest.approx(0.5, abs=0.05)


def test_dropout_is_all_holes_or_none_and_leaves_masks():
    images = torch.ones(500, 3, 64, 64)
    varied, masks = Augmenter(Augment(coarse_dropout=0.2), 0)(images, images[:, :1])
    assert torch.equal(masks, images[:, :1])
    lost = (varied == 0).float()
    assert torch.equal(lost[:, 0], lost[:, 2])
    share = lost[:, 0].flatten(1).mean(1)
    assert 0.15 < (share > 0).float().mean() < 0.25
    hit = [m for m, s in zip(lost[:, 0].numpy(), share, strict=True) if s > 0]
    pieces = [cv2.connectedComponentsWithStats(m.astype(np.uint8))[2][1:] for m in hit]
    assert max(len(p) for p in pieces) == 8
    alone = np.concatenate([p for p in pieces if len(p) == 8])  # none of them overlap
    sides = alone[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    assert sides.min() == 1
    assert sides.max() == 10
    assert (alone[:, cv2.CC_STAT_AREA] == sides.prod(axis=1)).all()


def test_holes_reach_every_corner():
    images = torch.ones(400, 1, 24, 24)
    lost = Augmenter(Augment(coarse_dropout=1), 0)(images)[0].eq(0).float().mean(0)[0]
    assert min(lost[0, 0], lost[0, -1], lost[-1, 0], lost[-1, -1]) > 0


def test_holes_larger_than_the_image():
    images = torch.ones(4, 1, 6, 6)
    varied, _ = Augmenter(Augment(coarse_dropout=1, coarse_dropout_size=50), 0)(images)
    assert varied.shape == images.shape


@pytest.mark.parametrize("channels", [1, 2, 4, 7])
def test_any_number_of_channels(channels):
    images, masks = batch(4, channels)
    varied, labels = Augmenter(ALL, 0)(images, masks)
    assert varied.shape == images.shape
    assert labels.shape == masks.shape
    assert not torch.equal(varied, images)


def test_class_indices_move_as_a_mask_does_and_are_not_mixed():
    images, masks = batch(6)
    several = (masks * 3).long().squeeze(1) + (masks.roll(5, 3) * 4).long().squeeze(1)
    varied, labels = Augmenter(ALL, 0)(images, several)
    assert labels.dtype == torch.int64
    assert set(labels.unique().tolist()) <= {0, 3, 4, 7}
    same, floats = Augmenter(ALL, 0)(images, several.unsqueeze(1).float())
    assert torch.equal(same, varied)
    assert torch.equal(floats.squeeze(1).long(), labels)


@pytest.mark.gpu
def test_on_cuda_as_on_the_cpu():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    images, masks = batch()
    setting = ALL.replace(gauss_noise=0)
    state = torch.cuda.get_rng_state()
    varied, labels = Augmenter(setting, 0)(images.cuda(), masks.cuda())
    expected, marks = Augmenter(setting, 0)(images, masks)
    assert torch.allclose(varied.cpu(), expected, atol=1e-4)
    assert (labels.cpu() == marks).float().mean() > 0.999
    noisy = [Augmenter(ALL, 0)(images.cuda())[0] for _ in range(2)]
    assert torch.equal(noisy[0], noisy[1])
    assert torch.equal(state, torch.cuda.get_rng_state())
