"""Losses against their definitions in float64, values and gradients, and against kornia."""

from __future__ import annotations

import kornia.losses
import pytest
import segmentation_models_pytorch as smp
import torch
from torch.nn import functional

from automed.training.losses import LOSSES, build_loss, losses_for
from automed.training.losses.focal import BinaryFocalLoss, SoftmaxFocalLoss
from automed.training.losses.table import Options

REGIONS = ("dice", "jaccard", "tversky")
CLASSES = 4


def region(name, p, y):
    """One region, as sums of pixels. p, y: any shape."""
    if not (y > 0).any():
        return 0 * p.sum()
    overlap = torch.minimum(p, y).sum()
    false_positives, false_negatives = p.sum() - overlap, y.sum() - overlap
    costs = {"dice": (0.5, 0.5), "jaccard": (1, 1), "tversky": (0.3, 0.7)}[name]
    missed = costs[0] * false_positives + costs[1] * false_negatives
    return 1 - overlap / (overlap + missed)


def lovasz(errors, truth):
    """The Lovasz extension of the Jaccard loss, pixel by pixel: Berman et al. (2018), eq. 8."""
    order = torch.argsort(errors, descending=True).tolist()
    total, before, wrong = torch.zeros((), dtype=torch.float64), 0.0, set()
    region_ = {i for i, inside in enumerate(truth.tolist()) if inside}
    for pixel in order:
        wrong.add(pixel)
        loss = 1 - len(region_ - wrong) / len(region_ | wrong)
        total = total + errors[pixel] * (loss - before)
        before = loss
    return total


def binary_reference(name, x, y):
    p = torch.sigmoid(x)
    entropy = -(y * p.log() + (1 - y) * (1 - p).log())
    if name == "bce":
        return entropy.mean()
    if name == "focal":
        return ((1 - (p * y + (1 - p) * (1 - y))) ** 2 * entropy).mean()
    if name == "lovasz":
        truth = y.flatten() >= 0.5
        return lovasz(torch.relu(1 - x.flatten() * (truth * 2.0 - 1)), truth)
    return region(name, p, y)


def class_reference(name, x, y):
    p = torch.softmax(x, 1)
    if name in ("ce", "focal"):
        true = p.gather(1, y.unsqueeze(1))
        return ((1 - true) ** (2 if name == "focal" else 0) * -true.log()).mean()
    masks = {c: (y == c).double() for c in range(CLASSES)}
    if name == "lovasz":
        present = [c for c in masks if masks[c].any()]
        values = [lovasz((masks[c] - p[:, c]).abs().flatten(), masks[c].flatten()) for c in present]
        return sum(values) / len(values)
    return sum(region(name, p[:, c], masks[c]) for c in range(1, CLASSES)) / (CLASSES - 1)


def generator(seed):
    return torch.Generator().manual_seed(seed)


def binary_batches():
    """Ordinary and smoothed masks, empty ones, full ones, a batch of one."""
    source = generator(1)
    shape = (3, 1, 8, 9)
    noise = torch.rand(shape, generator=source)
    masks = {
        "ordinary": (noise > 0.6).float(),
        "smoothed": noise,
        "empty": torch.zeros(shape),
        "one of them empty": torch.cat([torch.zeros(1, *shape[1:]), (noise[1:] > 0.6).float()]),
        "full": torch.ones(shape),
        "alone": (noise[:1] > 0.6).float(),
        "a single pixel": torch.zeros(shape).index_fill_(3, torch.tensor([4]), 1.0)[:, :, :1],
    }
    for name, targets in masks.items():
        logits = torch.randn(targets.shape, generator=source) * 2
        yield pytest.param(logits, targets, id=name)


def class_batches():
    source = generator(2)
    shape = (3, 6, 7)
    indices = torch.randint(CLASSES, shape, generator=source)
    masks = {
        "ordinary": indices,
        "one class missing": indices.clamp(max=CLASSES - 2),
        "no background": indices.clamp(min=1),
        "background only": torch.zeros_like(indices),
        "one foreground class only": torch.full_like(indices, 2),
        "alone": indices[:1],
    }
    for name, targets in masks.items():
        logits = torch.randn(len(targets), CLASSES, *shape[1:], generator=source) * 2
        yield pytest.param(logits, targets, id=name)


def agrees(loss, reference, name, logits, targets):
    ours, exact = (t.clone().requires_grad_() for t in (logits, logits.double()))
    value, expected = loss(ours, targets), reference(name, exact, targets)
    assert value.item() == pytest.approx(expected.item(), rel=1e-6, abs=1e-6)
    value.backward()
    expected.backward()
    assert ours.grad is not None
    assert torch.allclose(ours.grad.double(), exact.grad, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", losses_for("binary masks"))
@pytest.mark.parametrize(("logits", "targets"), list(binary_batches()))
def test_binary_masks(name, logits, targets):
    def reference(name, x, y):
        return binary_reference(name, x, y.double())

    agrees(build_loss(name), reference, name, logits, targets)


@pytest.mark.parametrize("name", losses_for("class masks"))
@pytest.mark.parametrize(("logits", "targets"), list(class_batches()))
def test_class_masks(name, logits, targets):
    agrees(build_loss(name), class_reference, name, logits, targets)


@pytest.mark.parametrize("name", losses_for("classes"))
@pytest.mark.parametrize("samples", [1, 6])
def test_classes(name, samples):
    logits = torch.randn(samples, CLASSES, generator=generator(3)) * 2
    targets = torch.randint(CLASSES, (samples,), generator=generator(4))
    agrees(build_loss(name), class_reference, name, logits, targets)


# smp's Lovasz losses compute in float32 only.
def terms(kind):
    return [name for name in losses_for(kind) if name != "lovasz"]


@pytest.mark.parametrize("name", terms("binary masks"))
def test_gradients_of_binary_masks_by_finite_differences(name):
    logits = torch.randn(2, 1, 3, 4, dtype=torch.float64, generator=generator(5))
    targets = (torch.rand(2, 1, 3, 4, generator=generator(6)) > 0.5).double()
    weights = torch.tensor([0.7, 2.0], dtype=torch.float64)
    loss = LOSSES[name].makes["binary masks"](Options(weights))
    assert torch.autograd.gradcheck(lambda x: loss(x, targets), logits.requires_grad_())


@pytest.mark.parametrize("name", terms("class masks"))
def test_gradients_of_class_masks_by_finite_differences(name):
    logits = torch.randn(2, 3, 3, 4, dtype=torch.float64, generator=generator(7))
    targets = torch.randint(3, (2, 3, 4), generator=generator(8))
    weights = torch.tensor([0.2, 1.0, 3.0], dtype=torch.float64)
    loss = LOSSES[name].makes["class masks"](Options(weights))
    assert torch.autograd.gradcheck(lambda x: loss(x, targets), logits.requires_grad_())


@pytest.mark.parametrize(
    ("name", "kornias"),
    [
        ("lovasz", kornia.losses.lovasz_hinge_loss),
        ("focal", lambda x, y: kornia.losses.binary_focal_loss_with_logits(
            x, y, alpha=None, gamma=2.0, reduction="mean")),
    ],
)  # fmt: skip
def test_kornia_has_the_same_binary_losses(name, kornias):
    # kornia compares image by image: one image.
    logits = torch.randn(1, 1, 8, 9, generator=generator(9))
    targets = (torch.rand(1, 1, 8, 9, generator=generator(10)) > 0.6).float()
    shaped = targets.squeeze(1) if name == "lovasz" else targets
    assert build_loss(name)(logits, targets).item() == pytest.approx(
        kornias(logits, shaped).item(), rel=1e-6
    )


def test_kornia_has_the_same_losses_of_classes():
    logits = torch.randn(1, CLASSES, 8, 9, generator=generator(11))
    targets = torch.randint(CLASSES, (1, 8, 9), generator=generator(12))
    theirs = kornia.losses.focal_loss(logits, targets, alpha=None, gamma=2.0, reduction="sum")
    pixels = targets.numel()
    ours = build_loss("focal")(logits, targets).item()
    assert ours == pytest.approx(theirs.item() / pixels, rel=1e-6)
    theirs = kornia.losses.lovasz_softmax_loss(logits, targets)
    assert build_loss("lovasz")(logits, targets).item() == pytest.approx(theirs.item(), rel=1e-6)


@pytest.mark.parametrize("name", REGIONS)
def test_smp_has_the_same_mean_over_the_foreground(name):
    logits = torch.randn(2, CLASSES, 8, 9, generator=generator(13))
    targets = torch.randint(CLASSES, (2, 8, 9), generator=generator(14))
    foreground = list(range(1, CLASSES))
    theirs = {
        "dice": smp.losses.DiceLoss("multiclass", classes=foreground),
        "jaccard": smp.losses.JaccardLoss("multiclass", classes=foreground),
        "tversky": smp.losses.TverskyLoss("multiclass", classes=foreground, alpha=0.3, beta=0.7),
    }[name]
    assert build_loss(name)(logits, targets).item() == pytest.approx(
        theirs(logits, targets).item(), rel=1e-6
    )


@pytest.mark.parametrize("name", REGIONS)
def test_small_lesions_in_large_batches_keep_their_digits(name):
    logits = torch.randn(16, 1, 288, 384, generator=generator(18)) * 2 - 4
    targets = (torch.rand(logits.shape, generator=generator(19)) < 2e-3).float()
    expected = binary_reference(name, logits.double(), targets.double()).item()
    assert build_loss(name)(logits, targets).item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", losses_for("binary masks"))
@pytest.mark.parametrize("foreground", [0.0, 1.0])
@pytest.mark.parametrize("extreme", [-1e4, 1e4])
def test_extreme_logits_and_uniform_masks_give_finite_gradients(name, foreground, extreme):
    logits = torch.full((2, 1, 4, 4), extreme, requires_grad=True)
    loss = build_loss(name)(logits, torch.full((2, 1, 4, 4), foreground))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("name", losses_for("class masks"))
@pytest.mark.parametrize("target", [0, 1, 2])
def test_extreme_logits_of_classes_give_finite_gradients(name, target):
    logits = torch.zeros(2, 3, 4, 4)
    logits[:, 1] = 1e4
    logits.requires_grad_()
    loss = build_loss(name)(logits, torch.full((2, 4, 4), target))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


def test_a_focal_loss_without_focus_is_the_cross_entropy():
    logits = torch.randn(2, 1, 5, 5, generator=generator(15))
    mask = (logits > 0.3).float()
    assert torch.isclose(
        BinaryFocalLoss(0.0)(logits, mask),
        functional.binary_cross_entropy_with_logits(logits, mask),
    )
    logits, targets = torch.randn(6, 3, generator=generator(16)), torch.tensor([0, 1, 2, 2, 2, 1])
    entropy = functional.cross_entropy(logits, targets)
    assert torch.isclose(SoftmaxFocalLoss(0.0)(logits, targets), entropy)


def test_a_smoothed_mask_is_best_met_exactly():
    targets = torch.rand(1, 1, 6, 6, generator=generator(17)) * 0.9 + 0.05
    for name in REGIONS:
        loss, exact = build_loss(name), torch.logit(targets)
        assert loss(exact, targets).item() == pytest.approx(0, abs=1e-6)
        assert loss(exact + 0.5, targets) > 1e-3
        assert loss(exact - 0.5, targets) > 1e-3
