"""Class weights and label smoothing."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from automed.domain.errors import TrainingError
from automed.training.losses import build_loss

WEIGHTS = torch.tensor([1.0, 2.0, 0.5])


def generator(seed):
    return torch.Generator().manual_seed(seed)


def class_batch(*pixels):
    logits = torch.randn(6, 3, *pixels, generator=generator(0)) * 2
    return logits, torch.randint(3, (6, *pixels), generator=generator(1))


def binary_batch():
    logits = torch.randn(3, 1, 6, 7, generator=generator(2)) * 2
    return logits, (torch.rand(3, 1, 6, 7, generator=generator(3)) > 0.6).float()


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("pixels", [(), (4, 5)])
def test_cross_entropy_is_torchs(smoothing, weights, pixels):
    logits, targets = class_batch(*pixels)
    expected = functional.cross_entropy(
        logits.double(), targets, None if weights is None else weights.double(),
        label_smoothing=smoothing,
    )  # fmt: skip
    ours = build_loss("ce", class_weights=weights, label_smoothing=smoothing)(logits, targets)
    assert ours.item() == pytest.approx(expected.item(), rel=1e-6)


@pytest.mark.parametrize("pixels", [(), (4, 5)])
def test_a_weighted_focal_loss_is_a_mean_weighted_by_the_true_class(pixels):
    logits, targets = class_batch(*pixels)
    true = torch.softmax(logits.double(), 1).gather(1, targets.unsqueeze(1)).squeeze(1)
    w = WEIGHTS.double()[targets]
    expected = (w * (1 - true) ** 2 * -true.log()).sum() / w.sum()
    ours = build_loss("focal", class_weights=WEIGHTS)(logits, targets)
    assert ours.item() == pytest.approx(expected.item(), rel=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weights", [None, torch.tensor([0.55, 5.5])])
def test_a_binary_mask_is_one_of_two_classes(weights, smoothing):
    logits, targets = binary_batch()
    two = torch.cat([torch.zeros_like(logits), logits], dim=1)
    indices = targets.squeeze(1).long()
    for binary, several in (("bce", "ce"), ("focal", "focal")):
        options = {"class_weights": weights}
        if binary == "bce":
            options["label_smoothing"] = smoothing
        assert build_loss(binary, **options)(logits, targets).item() == pytest.approx(
            build_loss(several, **options)(two, indices).item(), rel=1e-6
        )


def test_binary_smoothing_moves_the_target_towards_one_half():
    logits, targets = binary_batch()
    expected = functional.binary_cross_entropy_with_logits(logits, targets * 0.9 + 0.05)
    assert torch.isclose(build_loss("bce", label_smoothing=0.1)(logits, targets), expected)


def test_a_weighted_soft_mask_weighs_each_pixel_by_its_share():
    logits, _ = binary_batch()
    y = torch.rand(logits.shape, generator=generator(4)).double()
    p, low, high = torch.sigmoid(logits.double()), 0.6, 3.0
    weight = low * (1 - y) + high * y
    entropy = -(high * y * p.log() + low * (1 - y) * (1 - p).log())
    weights = torch.tensor([low, high])
    ours = build_loss("bce", class_weights=weights)(logits, y.float())
    assert ours.item() == pytest.approx((entropy.sum() / weight.sum()).item(), rel=1e-6)
    focal = (1 - (p * y + (1 - p) * (1 - y))) ** 2 * -(y * p.log() + (1 - y) * (1 - p).log())
    ours = build_loss("focal", class_weights=weights)(logits, y.float())
    expected = (weight * focal).sum() / weight.sum()
    assert ours.item() == pytest.approx(expected.item(), rel=1e-6)


def test_options_reach_only_the_terms_that_take_them():
    logits, targets = binary_batch()
    weights = torch.tensor([0.5, 4.0])
    both = build_loss("bce+dice", class_weights=weights, label_smoothing=0.1)(logits, targets)
    bce = build_loss("bce", class_weights=weights, label_smoothing=0.1)(logits, targets)
    assert torch.isclose(both, bce + build_loss("dice")(logits, targets))


@pytest.mark.parametrize("name", ["ce", "focal"])
def test_a_batch_of_classes_that_never_train_is_no_nan(name):
    logits, _ = class_batch()
    loss = build_loss(name, class_weights=torch.tensor([1.5, 1.5, 0.0]))
    assert loss(logits, torch.full((6,), 2)).item() == 0


@pytest.mark.parametrize("name", ["bce", "focal"])
def test_a_mask_of_a_class_that_never_trains_is_no_nan(name):
    logits, targets = binary_batch()
    loss = build_loss(name, class_weights=torch.tensor([0.5, 0.0]))
    assert loss(logits, torch.ones_like(targets)).item() == 0


def test_weights_move_with_the_loss():
    moved = build_loss("ce+dice", class_weights=WEIGHTS).to("meta")
    assert {buffer.device.type for buffer in moved.buffers()} == {"meta"}


@pytest.mark.parametrize("name", ["dice", "focal", "jaccard", "tversky", "lovasz", "dice+focal"])
def test_smoothing_without_a_term_that_takes_it_is_an_error(name):
    with pytest.raises(TrainingError, match=r"(?s)label_smoothing would have no effect.*bce, ce"):
        build_loss(name, label_smoothing=0.1)


@pytest.mark.parametrize("name", ["dice", "jaccard", "tversky", "lovasz", "dice+lovasz"])
def test_weights_without_a_term_that_takes_them_are_an_error(name):
    with pytest.raises(TrainingError, match=r"(?s)class_weights would have no .*bce, focal, ce"):
        build_loss(name, class_weights=WEIGHTS)


def test_weights_of_other_classes_are_an_error():
    with pytest.raises(TrainingError, match=r"(?s)'ce'.*found: *3 weights.*expected: *4"):
        build_loss("ce", class_weights=WEIGHTS)(torch.zeros(2, 4), torch.tensor([0, 3]))
    with pytest.raises(TrainingError, match=r"(?s)'bce'.*found: *3 weights.*expected: *2"):
        build_loss("bce", class_weights=WEIGHTS)(*binary_batch())
