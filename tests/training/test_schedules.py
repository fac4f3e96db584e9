"""Learning rates over a training."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from automed.training.optimizers import build_optimizer
from automed.training.schedules import build_schedule


def rates(name, steps, optimizer="adamw"):
    weight = nn.Parameter(torch.zeros(1))
    stepped = build_optimizer(optimizer, [weight], lr=0.5, weight_decay=0)
    schedule = build_schedule(name, stepped, steps)
    seen = []
    for _ in range(steps):
        seen.append(schedule.get_last_lr()[0])
        weight.grad = torch.ones(1)
        stepped.step()
        schedule.step()
    return [*seen, schedule.get_last_lr()[0]]


def test_a_constant_rate_stays():
    assert set(rates("constant", 7)) == {0.5}


@pytest.mark.parametrize("optimizer", ["adamw", "ranger", "adamp", "yogi"])
def test_a_cosine_falls_to_one_percent(optimizer):
    seen = rates("cosine", 20, optimizer)
    expected = [0.5 * (0.01 + 0.99 * (1 + math.cos(math.pi * t / 20)) / 2) for t in range(21)]
    assert seen == pytest.approx(expected)
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == pytest.approx(0.005)
