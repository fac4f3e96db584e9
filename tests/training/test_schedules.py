"""Learning rates over a training."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR

from automed.training.optimizers import OPTIMIZERS, build_optimizer
from automed.training.recipe import Recipe
from automed.training.schedules import build_schedule

SCHEDULES = ("constant", "cosine", "onecycle", "step", "plateau")


def recipe(schedule, optimizer="adamw", lr=0.5, **given):
    return Recipe(
        loss="bce", optimizer=optimizer, learning_rate=lr, batch_size=1, schedule=schedule, **given
    )


def followed(recipe, steps_per_epoch, epochs, losses=None, *, rates=(None,)):
    """The groups' rates in every step, then those after the last one; and the optimizer."""
    weights = [nn.Parameter(torch.zeros(1)) for _ in rates]
    groups = [
        {"params": [weight]} | ({} if rate is None else {"lr": rate})
        for weight, rate in zip(weights, rates, strict=True)
    ]
    optimizer = build_optimizer(recipe, groups)
    schedule = build_schedule(recipe, optimizer, steps_per_epoch, epochs)
    seen = []
    for epoch in range(epochs):
        for _ in range(steps_per_epoch):
            seen.append([group["lr"] for group in optimizer.param_groups])
            assert schedule.learning_rate == max(seen[-1])
            for weight in weights:
                weight.grad = torch.ones(1)
            optimizer.step()
            schedule.step()
        schedule.end_epoch(losses[epoch] if losses else 1.0)
    return [*seen, [group["lr"] for group in optimizer.param_groups]], optimizer


def rates(recipe, steps_per_epoch, epochs, losses=None):
    return [rate for (rate,) in followed(recipe, steps_per_epoch, epochs, losses)[0]]


def test_a_constant_rate_stays():
    assert set(rates(recipe("constant"), 7, 3)) == {0.5}


@pytest.mark.parametrize("optimizer", ["adamw", "ranger", "adamp", "yogi", "lion", "signmomentum"])
def test_a_cosine_falls_to_one_percent(optimizer):
    seen = rates(recipe("cosine", optimizer), 5, 4)
    expected = [0.5 * (0.01 + 0.99 * (1 + math.cos(math.pi * t / 20)) / 2) for t in range(21)]
    assert seen == pytest.approx(expected)
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == pytest.approx(0.005)


def test_a_cosine_is_torchs():
    weight = nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=0.5)
    theirs = CosineAnnealingLR(optimizer, T_max=20, eta_min=0.005)
    seen = []
    for _ in range(21):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        theirs.step()
    assert rates(recipe("cosine"), 10, 2) == pytest.approx(seen)


def test_a_warm_up_rises_linearly_to_the_rate_and_the_cosine_follows():
    seen = rates(recipe("cosine", warmup=0.2), 10, 2)
    assert seen[:5] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
    rest = [0.5 * (0.01 + 0.99 * (1 + math.cos(math.pi * t / 16)) / 2) for t in range(17)]
    assert seen[4:] == pytest.approx(rest)


def test_a_step_falls_after_its_share_of_the_epochs():
    seen = rates(recipe("step", lr=1e-4, step_at=0.4, step_factor=1e-3), 3, 100)
    assert seen[: 40 * 3] == [1e-4] * 120
    assert seen[40 * 3 :] == pytest.approx([1e-7] * 181)


@pytest.mark.parametrize(
    ("epochs", "share", "first"),
    [(2, 0.4, 1), (2, 0.9, 1), (3, 0.1, 1), (5, 0.5, 2), (10, 0.7, 7), (1, 0.4, 1)],
)
def test_both_rates_of_a_step_are_used_if_there_are_two_epochs(epochs, share, first):
    seen = rates(recipe("step", step_at=share, step_factor=0.1), 4, epochs)[:-1]
    assert seen.count(0.5) == 4 * first
    assert len(seen) - seen.count(0.5) == 4 * (epochs - first)


def test_a_plateau_lowers_the_rate_after_more_than_five_epochs_without_a_smaller_loss():
    losses = [1.0, 0.9, *[0.9] * 6, 0.8, *[0.85] * 6, 0.7]
    seen = rates(recipe("plateau"), 2, len(losses), losses)
    # Epochs 3 to 8 are the first six without progress, epochs 10 to 15 the next.
    expected = [0.5] * 8 + [0.05] * 7 + [0.005] * 2
    assert seen[::2] == pytest.approx(expected)
    assert seen[1::2] == pytest.approx(expected[:-1])


def test_a_falling_loss_keeps_the_rate_of_a_plateau():
    assert set(rates(recipe("plateau"), 1, 30, [1 / n for n in range(1, 31)])) == {0.5}


def test_one_cycle_rises_from_a_25th_and_ends_far_below():
    seen = rates(recipe("onecycle"), 10, 10)
    assert seen[0] == pytest.approx(0.5 / 25)
    assert max(seen) == seen[29] == pytest.approx(0.5)
    assert seen[:30] == sorted(seen[:30])
    assert seen[29:] == sorted(seen[29:], reverse=True)
    assert seen[99] == pytest.approx(0.5 / 250_000)


def momentum_of(group):
    return group["betas"][0] if "betas" in group else group["momentum"]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_one_cycle_moves_only_a_momentum_that_there_is(optimizer):
    takes = OPTIMIZERS[optimizer].takes
    _, built = followed(recipe("onecycle", optimizer), 5, 2)
    (group,) = built.param_groups
    if optimizer in ("adagrad", "signmomentum"):
        assert "momentum" not in takes
        assert "beta1" not in takes
    elif optimizer == "rmsprop":
        assert momentum_of(group) == 0
    else:
        assert momentum_of(group) == pytest.approx(0.95)
        for name in {"momentum", "beta1"} & set(takes):
            _, built = followed(recipe("onecycle", optimizer, **{name: 0.8}), 5, 2)
            assert momentum_of(built.param_groups[0]) == 0.8


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_groups_keep_the_ratios_of_their_rates(schedule):
    seen, _ = followed(recipe(schedule, warmup=0.3), 4, 10, rates=(0.08, 0.4, 0.02))
    assert [rate / seen[0][1] for rate in seen[0]] == pytest.approx([0.2, 1, 0.05])
    for step in seen:
        assert [rate / step[1] for rate in step] == pytest.approx([0.2, 1, 0.05])
    if schedule != "constant":
        assert len({step[0] for step in seen}) > 1


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(SCHEDULES), st.integers(1, 6), st.integers(1, 6), st.floats(0, 0.99),
    st.floats(0.01, 0.99),
)  # fmt: skip
def test_however_short_a_training_is_its_rates_are_positive_and_at_most_the_rate(
    schedule, steps_per_epoch, epochs, warmup, step_at
):
    seen = rates(recipe(schedule, warmup=warmup, step_at=step_at), steps_per_epoch, epochs)
    assert all(0 < rate <= 0.5 * (1 + 1e-9) for rate in seen)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_steps_beyond_the_plan_keep_the_last_rate(schedule):
    weight = nn.Parameter(torch.zeros(1))
    given = recipe(schedule)
    optimizer = build_optimizer(given, [weight])
    moved = build_schedule(given, optimizer, 3, 2)
    seen = []
    for _ in range(12):
        optimizer.step()
        moved.step()
        seen.append(moved.learning_rate)
    assert len(set(seen[5:])) == 1
