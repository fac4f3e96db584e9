"""Losses against their definitions in float64."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from automed.domain.errors import TrainingError
from automed.registry.tasks import load_task
from automed.training.losses import LOSSES, SoftmaxFocalLoss, build_loss, losses_for


def masks(seed=0, scale=2.0):
    source = torch.Generator().manual_seed(seed)
    logits = torch.randn(3, 1, 8, 9, generator=source) * scale
    return logits, (torch.rand(3, 1, 8, 9, generator=source) > 0.6).float()


def reference(name, logits, targets):
    x, y = logits.double(), targets.double()
    p = torch.sigmoid(x)
    overlap = (p * y).sum()
    true = torch.where(y > 0.5, p, 1 - p)
    return {
        "bce": -true.log().mean(),
        "focal": ((1 - true) ** 2 * -true.log()).mean(),
        "dice": 1 - 2 * overlap / (p.sum() + y.sum()),
        "jaccard": 1 - overlap / (p.sum() + y.sum() - overlap),
    }[name]


@pytest.mark.parametrize("name", losses_for("segmentation"))
def test_mask_losses_are_what_their_names_say(name):
    logits, targets = masks()
    value = build_loss(name)(logits, targets)
    assert value.item() == pytest.approx(reference(name, logits, targets).item(), rel=1e-5)


def test_a_sum_is_not_weighted():
    logits, targets = masks()
    parts = [build_loss(name)(logits, targets) for name in ("bce", "dice", "jaccard")]
    assert torch.isclose(build_loss("bce+dice+jaccard")(logits, targets), sum(parts))


def test_cross_entropy_takes_class_weights():
    logits, targets = torch.randn(6, 3), torch.tensor([0, 1, 2, 2, 2, 1])
    weights = torch.tensor([1.0, 2.0, 0.5])
    expected = functional.cross_entropy(logits.double(), targets, weight=weights.double())
    assert build_loss("ce", weights)(logits, targets).item() == pytest.approx(expected.item())
    assert build_loss("ce")(logits, targets).item() == pytest.approx(
        functional.cross_entropy(logits.double(), targets).item()
    )


def test_focal_over_classes_plays_easy_samples_down():
    logits, targets = torch.randn(6, 3), torch.tensor([0, 1, 2, 2, 2, 1])
    p = torch.softmax(logits.double(), 1)[torch.arange(6), targets]
    weights = torch.tensor([1.0, 2.0, 0.5])
    w = weights.double()[targets]
    focal = (1 - p) ** 2 * -p.log()
    assert build_loss("focal")(logits, targets).item() == pytest.approx(focal.mean().item())
    expected = ((w * focal).sum() / w.sum()).item()
    assert build_loss("focal", weights)(logits, targets).item() == pytest.approx(expected)
    entropy = functional.cross_entropy(logits, targets)
    assert torch.isclose(SoftmaxFocalLoss(0.0)(logits, targets), entropy)


@pytest.mark.parametrize("name", [*losses_for("segmentation"), "bce+dice", "dice+focal"])
@pytest.mark.parametrize("foreground", [0.0, 1.0])
def test_extreme_logits_and_uniform_masks_give_finite_gradients(name, foreground):
    for extreme in (-1e4, 1e4):
        logits = torch.full((2, 1, 4, 4), extreme, requires_grad=True)
        loss = build_loss(name)(logits, torch.full((2, 1, 4, 4), foreground))
        loss.backward()
        assert torch.isfinite(loss)
        assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("name", [*losses_for("segmentation"), "bce+jaccard"])
def test_a_better_mask_has_a_smaller_loss(name):
    _, targets = masks()
    right, wrong = (targets * 2 - 1) * 4, (1 - targets * 2) * 4
    loss = build_loss(name)
    assert loss(right, targets) < loss(wrong, targets)


def test_bf16_logits_are_summed_up_in_float32():
    logits, targets = masks()
    value = build_loss("bce+dice")(logits.bfloat16(), targets)
    assert value.dtype is torch.float32


@pytest.mark.parametrize("task", ["polyp", "cell", "leukemia", "breast_cell"])
def test_every_loss_of_the_built_in_spaces_fits_its_task(task):
    task = load_task(task)
    for name in task.space.parameters["training.loss"].choices:
        if task.kind == "segmentation":
            assert torch.isfinite(build_loss(name)(*masks()))
        else:
            assert torch.isfinite(build_loss(name)(torch.randn(2, 4), torch.tensor([0, 3])))


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("dise", r"(?s)no loss 'dise'; did you mean 'dice'.*jaccard"), ("", "no loss ''"),
     ("bce+", "no loss ''"), ("bce+hinge", "no loss 'hinge'"), ("bce+bce", "twice")],
)  # fmt: skip
def test_unknown_losses_are_answered_with_the_known_ones(name, complaint):
    with pytest.raises(TrainingError, match=complaint):
        build_loss(name)


def test_a_loss_for_the_other_kind_is_refused_in_the_call():
    with pytest.raises(TrainingError, match=r"(?s)'ce' cannot be used for a segmentation.*bce"):
        build_loss("ce")(*masks())
    with pytest.raises(TrainingError, match=r"(?s)'bce\+focal'.*for a classification.*ce"):
        build_loss("bce+focal")(torch.randn(2, 3), torch.tensor([0, 1]))


def test_the_table_serves_both_kinds():
    assert set(losses_for("segmentation")) | set(losses_for("classification")) == set(LOSSES)
    assert losses_for("classification") == ["focal", "ce"]
