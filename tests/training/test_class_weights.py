"""Balanced class weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from automed.domain.task import SegmentationTask
from automed.registry.tasks import load_task
from automed.training.class_weights import balanced_weights
from automed.training.part import Part

LEUKEMIA = load_task("leukemia").replace(classes=("a", "b", "c", "d"))
POLYP = load_task("polyp")


def part(targets, rows=None):
    images = np.zeros((len(targets), 2, 2, 3), np.uint8)
    return Part(images, targets, np.arange(len(targets)) if rows is None else np.array(rows))


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), min_size=4, max_size=40))
def test_of_labels_they_are_scikit_learns(labels):
    labels = np.array([*labels, 0, 1, 2, 3])
    expected = compute_class_weight("balanced", classes=np.arange(4), y=labels)
    assert balanced_weights(LEUKEMIA, part(labels)).tolist() == pytest.approx(expected.tolist())


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 200), st.sampled_from([1, 3]), st.integers(0, 9))
def test_of_masks_they_are_scikit_learns_over_the_pixels_of_the_part(samples, foreground, seed):
    task = SegmentationTask(
        name="cells", title="", classes=("x", "y", "z")[:foreground], image_size=(16, 16),
        space=POLYP.space,
    )  # fmt: skip
    random = np.random.default_rng(seed)
    masks = random.integers(0, foreground + 1, (samples, 4, 5)).astype(np.uint8)
    masks[0].flat[: foreground + 1] = np.arange(foreground + 1)
    rows = [0, *random.permutation(samples)[: samples // 2]]
    seen = masks[rows].ravel()
    expected = compute_class_weight("balanced", classes=np.arange(foreground + 1), y=seen)
    found = balanced_weights(task, part(masks, rows))
    assert found.tolist() == pytest.approx(expected.tolist())


def test_an_absent_class_weighs_nothing():
    three = LEUKEMIA.replace(classes=("a", "b", "c"))
    assert balanced_weights(three, part(np.array([0, 0, 2]))).tolist() == pytest.approx([0.5, 0, 1])
    empty = np.zeros((3, 4, 4), np.uint8)
    assert balanced_weights(POLYP, part(empty)).tolist() == pytest.approx([0.5, 0.0])


def test_masks_are_read_a_few_at_a_time():
    reads = []

    class Watched(np.ndarray):
        def __getitem__(self, rows):
            reads.append(len(rows))
            return np.asarray(super().__getitem__(rows))

    masks = np.zeros((150, 4, 4), np.uint8)
    masks[:75] = 1
    assert balanced_weights(POLYP, part(masks.view(Watched))).tolist() == [1.0, 1.0]
    assert reads == [64, 64, 22]
