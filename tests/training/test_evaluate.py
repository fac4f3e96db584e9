"""One pass over the validation part, for each kind of task."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch import nn

from automed.domain.errors import DivergedError
from automed.domain.normalization import Normalization
from automed.domain.task import ClassificationTask, SegmentationTask
from automed.registry.tasks import load_task
from automed.training.evaluate import evaluate, foreground
from automed.training.forward import Forward
from automed.training.losses import build_loss
from automed.training.metrics.classification import classification_metrics
from automed.training.metrics.multiclass import count_confusions, multiclass_metrics
from automed.training.metrics.segmentation import segmentation_metrics
from automed.training.part import Part

CPU = torch.device("cpu")
SAMPLES = 21  # more than one batch, and a last one that is not full
SPACE = load_task("polyp").space


def task_of(classes, channels=3):
    return SegmentationTask(
        name="masks", title="", classes=tuple(f"c{i}" for i in range(1, classes + 1)),
        image_size=(16, 16), channels=channels, space=SPACE,
    )  # fmt: skip


CLASSES = ClassificationTask(
    name="classes", title="", classes=("dark", "light"), image_size=(16, 16), space=SPACE
)


def part_of(task, seed=0):
    source = np.random.default_rng(seed)
    shape = (SAMPLES, 16, 16)
    images = source.integers(0, 256, (*shape, task.channels), dtype=np.uint8)
    if task.kind == "classification":
        return Part(images, np.arange(SAMPLES) % 2, np.arange(SAMPLES))
    masks = source.integers(0, 1 + len(task.classes), shape, dtype=np.uint8)
    return Part(images, masks, np.arange(SAMPLES)[::-1].copy(), classes=len(task.classes))


def forward_of(task):
    torch.manual_seed(0)
    if task.kind == "segmentation":
        model = nn.Conv2d(task.channels, task.outputs, 3, padding=1)
    else:
        model = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2))
    normalization = Normalization(mean=(0.5,) * task.channels, std=(0.25,) * task.channels)
    return Forward(model, normalization, CPU, "fp32")


def everything(task, forward):
    """Logits and targets of all samples in one batch."""
    images, targets = part_of(task).batch(np.arange(SAMPLES), CPU)
    with torch.no_grad():
        return forward(images), targets


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_binary_masks(channels):
    task = task_of(1, channels)
    forward = forward_of(task)
    seen = evaluate(forward, build_loss("bce"), task, part_of(task), 1)
    logits, targets = everything(task, forward)
    assert seen.loss == pytest.approx(build_loss("bce")(logits, targets).item(), rel=1e-5)
    truth = targets > 0.5
    assert np.array_equal(seen.outputs[:, 0], (foreground(logits) & truth).sum((1, 2, 3)))
    area = seen.metrics["roc_auc"]
    assert {**segmentation_metrics(seen.outputs), "roc_auc": area} == seen.metrics
    assert area == pytest.approx(roc_auc_score(truth.ravel(), logits.ravel()), abs=5e-3)
    assert seen.scores.sum(axis=1).tolist() == [(~truth).sum(), truth.sum()]


def test_masks_of_several_classes():
    task = task_of(3)
    forward, loss = forward_of(task), build_loss("ce+dice")
    seen = evaluate(forward, loss, task, part_of(task), 1)
    logits, targets = everything(task, forward)
    expected = count_confusions(logits.argmax(1), targets, 4).numpy()
    assert np.array_equal(seen.outputs, expected)
    assert seen.metrics == multiclass_metrics(expected, task.classes)
    assert {"dice", "dice_c1", "dice_c2", "iou_c3", "dice_pooled", "accuracy"} <= set(seen.metrics)
    assert seen.scores is None
    ce = build_loss("ce")
    alone = evaluate(forward, ce, task, part_of(task), 1)
    assert alone.loss == pytest.approx(ce(logits, targets).item(), rel=1e-5)


def test_classes():
    forward, loss = forward_of(CLASSES), build_loss("ce")
    part = part_of(CLASSES)
    seen = evaluate(forward, loss, CLASSES, part, 1)
    logits, targets = everything(CLASSES, forward)
    assert seen.loss == pytest.approx(loss(logits, targets).item(), rel=1e-5)
    np.testing.assert_allclose(seen.outputs, torch.softmax(logits, 1), rtol=1e-6)
    assert seen.metrics == classification_metrics(part.labels, seen.outputs, CLASSES.classes)
    assert seen.scores is None


def test_masks_without_foreground_have_no_roc():
    task = task_of(1)
    part = part_of(task)
    empty = Part(part.images, np.zeros_like(part.targets), part.rows)
    seen = evaluate(forward_of(task), build_loss("bce"), task, empty, 1)
    assert "roc_auc" not in seen.metrics


@pytest.mark.parametrize("task", [task_of(1), task_of(3), CLASSES], ids=["one", "three", "classes"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_outputs_that_are_not_finite_are_told_with_the_epoch(task, value):
    forward = forward_of(task)
    with torch.no_grad():
        next(forward.model.parameters()).fill_(value)
    loss = build_loss("bce" if task.outputs == 1 else "ce")
    with pytest.raises(DivergedError, match="epoch 7"):
        evaluate(forward, loss, task, part_of(task), 7)
