"""Optimizers: they train, in every memory format, and decay as their authors define."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from automed.domain.errors import TrainingError
from automed.registry.tasks import load_task
from automed.training.optimizers import OPTIMIZERS, build_optimizer


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_it_lowers_a_loss_on_weights_in_channels_last(name):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 1, 3)).to(
        memory_format=torch.channels_last
    )
    images = torch.rand(8, 3, 8, 8).contiguous(memory_format=torch.channels_last)
    wanted = images.mean(1, keepdim=True)[:, :, 2:-2, 2:-2]
    optimizer = build_optimizer(name, model.parameters(), lr=1e-2, weight_decay=1e-4)
    losses = []
    for _ in range(100):
        optimizer.zero_grad()
        loss = (model(images) - wanted).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def after_a_step_without_gradient(name, weight_decay):
    weight = nn.Parameter(torch.tensor([4.0]))
    optimizer = build_optimizer(name, [weight], lr=0.1, weight_decay=weight_decay)
    weight.grad = torch.zeros(1)
    optimizer.step()
    return weight.item()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_weights_decay_by_themselves_only_where_that_is_the_definition(name):
    start = after_a_step_without_gradient(name, 0.0)
    decayed = after_a_step_without_gradient(name, 0.05)
    assert decayed < start
    by_itself = decayed == pytest.approx(4.0 * (1 - 0.1 * 0.05) - (4.0 - start), rel=1e-5)
    # Plain SGD is the one optimizer for which both definitions agree in the first step.
    assert by_itself == (OPTIMIZERS[name].decoupled or name == "sgd")


def test_decoupled_optimizers_are_listed_as_documented():
    decoupled = {name for name, row in OPTIMIZERS.items() if row.decoupled}
    assert decoupled == {"adamw", "sgdw", "adamp", "ranger"}


@pytest.mark.parametrize("name", ["sgd", "sgdw"])
def test_sgd_has_momentum(name):
    optimizer = build_optimizer(name, [nn.Parameter(torch.zeros(1))], lr=0.1, weight_decay=0)
    assert optimizer.param_groups[0]["momentum"] == 0.9


@pytest.mark.parametrize("task", ["polyp", "cell", "leukemia", "breast_cell"])
def test_every_optimizer_of_the_built_in_spaces_is_known(task):
    choices = load_task(task).space.parameters["training.optimizer"].choices
    assert set(choices) <= set(OPTIMIZERS)


def test_unknown_optimizers_are_answered_with_the_known_ones():
    with pytest.raises(TrainingError, match=r"(?s)'addam'; did you mean 'adam'.*yogi"):
        build_optimizer("addam", [nn.Parameter(torch.zeros(1))], lr=0.1, weight_decay=0)
