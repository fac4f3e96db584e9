"""Batches, as losses take them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from automed.training.losses import build_loss
from automed.training.part import Part

CPU = torch.device("cpu")


def part_of(targets, classes, channels=3):
    source = np.random.default_rng(0)
    images = source.integers(0, 256, (len(targets), 6, 8, channels), dtype=np.uint8)
    return Part(images, targets, np.array([4, 0, 3, 2]), classes=classes)


def masks(classes):
    return np.random.default_rng(1).integers(0, 1 + classes, (5, 6, 8), dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_images_are_those_of_the_rows_between_zero_and_one(channels):
    part = part_of(masks(1), 1, channels)
    images, _ = part.batch(np.array([1, 3]), CPU)
    assert images.dtype == torch.float32
    assert images.is_contiguous(memory_format=torch.channels_last)
    expected = part.images[[0, 2]].transpose(0, 3, 1, 2) / np.float32(255)
    assert np.array_equal(images.numpy(), expected)


def test_masks_of_one_class_are_floats_with_a_channel():
    part = part_of(masks(1), 1)
    _, targets = part.batch(np.array([0, 2]), CPU)
    assert targets.dtype == torch.float32
    assert np.array_equal(targets.numpy(), part.targets[[4, 3], None])


@pytest.mark.parametrize("classes", [2, 100])
def test_masks_of_several_classes_are_class_indices(classes):
    part = part_of(masks(classes), classes)
    _, targets = part.batch(np.array([0, 2]), CPU)
    assert targets.dtype == torch.int64
    assert np.array_equal(targets.numpy(), part.targets[[4, 3]])


def test_the_classes_of_images_are_class_indices_whatever_their_number():
    part = part_of(np.array([3, 1, 0, 2, 1]), 4)
    _, targets = part.batch(np.array([0, 3]), CPU)
    assert targets.dtype == torch.int64
    assert targets.tolist() == [1, 0]
    assert part.labels.tolist() == [1, 3, 2, 0]


@pytest.mark.parametrize(
    ("targets", "classes", "logits", "loss"),
    [
        (masks(1), 1, (2, 1, 6, 8), "bce+dice"),
        (masks(3), 3, (2, 4, 6, 8), "ce+dice"),
        (np.array([2, 1, 0, 1, 2]), 3, (2, 3), "ce"),
    ],
)
def test_losses_take_them(targets, classes, logits, loss):
    _, batch = part_of(targets, classes).batch(np.array([1, 2]), CPU)
    assert torch.isfinite(build_loss(loss)(torch.zeros(logits), batch))
