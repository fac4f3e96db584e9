"""The batches that train: what is varied, and what is left alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from automed.domain.augment import Augment
from automed.registry.tasks import load_task
from automed.training.part import Part
from automed.training.recipe import Recipe
from automed.training.training_batches import TrainingBatches

CPU = torch.device("cpu")
PLAIN = Augment()
VARIED = load_task("breast_cell").augment


def part(kind, samples=7):
    source = np.random.default_rng(0)
    images = source.integers(0, 256, (samples, 24, 24, 3), dtype=np.uint8)
    if kind == "classes":
        return Part(images, np.arange(samples, dtype=np.int64), np.arange(samples))
    masks = np.zeros((samples, 24, 24), np.uint8)
    masks[:, 6:15, 4:17] = 1
    return Part(images, masks, np.arange(samples))


def batches(augment=PLAIN, kind="masks", seed=5, **changes):
    recipe = Recipe(loss="bce", optimizer="adam", learning_rate=1, batch_size=3, **changes)
    return TrainingBatches(part(kind), augment, recipe, seed, CPU)


def epoch(source):
    images, targets = zip(*source, strict=True)
    return torch.cat(images), torch.cat(targets)


def test_an_epoch_is_as_long_as_it_says():
    source = batches()
    assert len(source) == len(list(source)) == 2  # a single sample is left out
    assert [len(images) for images, _ in source] == [3, 3]


@pytest.mark.parametrize("kind", ["masks", "classes"])
def test_they_are_a_function_of_the_seed_and_new_in_each_epoch(kind):
    source, twin, other = batches(VARIED, kind), batches(VARIED, kind), batches(VARIED, kind, 6)
    torch.manual_seed(1)
    first = epoch(source)
    torch.manual_seed(2)
    before = torch.get_rng_state()
    assert all(torch.equal(a, b) for a, b in zip(first, epoch(twin), strict=True))
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(first[0], epoch(other)[0])
    assert not torch.equal(first[0], epoch(source)[0])


def test_masks_follow_their_images():
    flip = Augment(horizontal_flip=1.0)
    plain, flipped = epoch(batches()), epoch(batches(flip))
    for one, other in zip(plain, flipped, strict=True):
        assert torch.equal(one.flip(-1), other)


@pytest.mark.parametrize("method", ["gaussian", "morphology"])
@pytest.mark.parametrize("augment", [PLAIN, VARIED], ids=["plain", "varied"])
def test_borders_are_softened_after_the_variation(augment, method):
    images, hard = epoch(batches(augment))
    same, soft = epoch(batches(augment, smooth_masks=method))
    assert torch.equal(images, same)
    assert torch.equal(soft >= 0.5, hard >= 0.5)
    assert ((soft > 0) & (soft < 1) & ((hard == 0) | (hard == 1))).any()


def test_class_labels_are_left_alone():
    images, labels = epoch(batches(VARIED, "classes"))
    assert labels.dtype == torch.int64
    assert len(set(labels.tolist())) == len(images) == 6


def test_class_masks_stay_class_indices():
    masks = np.zeros((4, 24, 24), np.uint8)
    masks[:, 2:9, 3:12] = 1
    masks[:, 5:8, 5:8] = 2
    images = np.repeat(masks[..., None] * 100, 3, axis=-1)
    recipe = Recipe(loss="ce", optimizer="adam", learning_rate=1, batch_size=2)
    varied = Augment(horizontal_flip=0.5, vertical_flip=0.5)
    source = TrainingBatches(Part(images, masks, np.arange(4), 2), varied, recipe, 0, CPU)
    seen, classes = epoch(source)
    assert classes.dtype == torch.int64
    assert classes.shape == (4, 24, 24)
    assert torch.equal((seen[:, 0] * 255 / 100).round().long(), classes)
    assert (classes != classes[0]).any()
