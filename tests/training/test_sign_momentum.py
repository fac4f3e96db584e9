"""Paper 4's update rule, step by step against its formulas, and how its rate is bounded."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from automed.training.sign_momentum import SignMomentum

number = st.floats(-3, 3)
gradients = st.lists(st.tuples(number, number), min_size=1, max_size=30)


def walk(optimizer, weight, sequence):
    """Beta and weight after each step."""
    seen = []
    for gradient in sequence:
        weight.grad = torch.tensor(gradient, dtype=weight.dtype).expand_as(weight).clone()
        optimizer.step()
        seen.append((optimizer.state[weight]["beta"].clone(), weight.detach().clone()))
    return seen


@settings(deadline=None, max_examples=40)
@given(gradients, st.floats(1e-3, 1), st.floats(1e-3, 0.5), st.floats(0.1, 2))
def test_each_step_is_that_of_the_formulas(sequence, lr, alpha, gamma):
    weight = nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64))
    optimizer = SignMomentum([weight], lr, alpha, gamma, beta_bound=None)
    theta, beta, before = [1.0, -2.0], [0.0, 0.0], (0.0, 0.0)
    for g, (next_beta, found) in zip(sequence, walk(optimizer, weight, sequence), strict=True):
        for i in range(2):
            # Equations 1, 2 and 3; 0.0 has no sign.
            beta[i] += alpha * (math.copysign(1, before[i]) if before[i] else 0)
            eta = lr * math.exp(-gamma * beta[i])
            theta[i] -= eta * g[i]
            following = beta[i] + alpha * (math.copysign(1, g[i]) if g[i] else 0)
            assert next_beta[i].item() == pytest.approx(following, abs=1e-12)
        assert found.tolist() == pytest.approx(theta, rel=1e-12, abs=1e-12)
        before = g


def test_the_first_step_is_one_of_plain_descent():
    weight = nn.Parameter(torch.tensor([1.0]))
    ((_, found),) = walk(SignMomentum([weight], lr=0.5, alpha=0.3), weight, [[0.4]])
    assert found.item() == pytest.approx(1.0 - 0.5 * 0.4)


@pytest.mark.parametrize("bound", [None, math.inf])
def test_without_a_bound_beta_drifts_and_the_rate_explodes_or_vanishes(bound):
    for sign, factor in ((-1.0, math.exp(5)), (1.0, math.exp(-5))):
        weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))
        optimizer = SignMomentum([weight], 1e-3, alpha=0.01, gamma=1.0, beta_bound=bound)
        seen = walk(optimizer, weight, [[sign]] * 502)
        assert seen[-1][0].item() == pytest.approx(sign * 5.02)
        steps = [abs((after - before).item()) for (_, before), (_, after) in pairwise(seen)]
        assert steps[-1] == pytest.approx(1e-3 * factor * math.exp(-sign * 0.01))
    weight = nn.Parameter(torch.zeros(1))
    walk(SignMomentum([weight], 1e-3, 1.0, 1.0, bound), weight, [[-1.0]] * 200)
    assert not torch.isfinite(weight).any()


@settings(deadline=None, max_examples=40)
@given(gradients, st.floats(0.05, 3), st.floats(0.1, 2), st.sampled_from([1, 10]))
def test_a_bound_holds_beta_and_with_it_the_rate(sequence, bound, gamma, repeats):
    weight = nn.Parameter(torch.zeros(2, dtype=torch.float64))
    optimizer = SignMomentum([weight], 0.1, alpha=0.2, gamma=gamma, beta_bound=bound)
    before = torch.zeros(2, dtype=torch.float64)
    for g, (beta, found) in zip(
        sequence * repeats, walk(optimizer, weight, sequence * repeats), strict=True
    ):
        assert beta.abs().max() <= bound
        largest = 0.1 * math.exp(gamma * bound) * torch.tensor(g, dtype=torch.float64).abs()
        assert ((found - before).abs() <= largest * (1 + 1e-9) + 1e-12).all()
        before = found


def test_by_default_the_rate_stays_within_a_factor_of_eight():
    weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    seen = walk(SignMomentum([weight], lr=1e-3), weight, [[-1.0]] * 1000)
    last = (seen[-1][1] - seen[-2][1]).item()
    assert last == pytest.approx(1e-3 * math.exp(2.0))
    assert last < 8e-3


def test_a_bounded_beta_turns_back_at_once():
    weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = SignMomentum([weight], 1e-3, alpha=0.5, beta_bound=1.0)
    betas = [beta.item() for beta, _ in walk(optimizer, weight, [[1.0]] * 9 + [[-1.0]] * 3)]
    assert betas[1:9] == [1.0] * 8
    assert betas[9:] == [0.5, 0.0, -0.5]


def test_weights_decay_at_the_rate_that_was_set_not_at_the_one_that_beta_makes():
    weight = nn.Parameter(torch.tensor([4.0], dtype=torch.float64))
    optimizer = SignMomentum([weight], 0.1, alpha=1.0, weight_decay=0.5)
    found = [w.item() for _, w in walk(optimizer, weight, [[-1.0], [0.0]])]
    first = 4 * (1 - 0.05) + 0.1
    assert found == pytest.approx([first, first * (1 - 0.05)])


def test_groups_keep_their_own_options():
    weights = [nn.Parameter(torch.ones(1, dtype=torch.float64)) for _ in range(3)]
    frozen = nn.Parameter(torch.ones(1))
    groups = [
        {"params": [weights[0], frozen], "lr": 0.5, "alpha": 0.4},
        {"params": weights[1:2], "beta_bound": 0.1},
        {"params": weights[2:], "gamma": 3.0, "beta_bound": None, "weight_decay": 0.1},
    ]
    together = SignMomentum(groups, lr=0.01, alpha=0.2)
    options = [
        {"lr": 0.5, "alpha": 0.4}, {"lr": 0.01, "alpha": 0.2, "beta_bound": 0.1},
        {"lr": 0.01, "alpha": 0.2, "gamma": 3.0, "beta_bound": None, "weight_decay": 0.1},
    ]  # fmt: skip
    apart = [nn.Parameter(torch.ones(1, dtype=torch.float64)) for _ in range(3)]
    alone = [SignMomentum([w], **given) for w, given in zip(apart, options, strict=True)]
    for step in range(6):
        for weight, other in zip(weights, apart, strict=True):
            weight.grad = torch.full_like(weight, (-1.0) ** step - 0.5)
            other.grad = weight.grad.clone()
        together.step()
        for optimizer in alone:
            optimizer.step()
    assert [w.item() for w in weights] == [w.item() for w in apart]
    assert frozen.item() == 1
    assert frozen not in together.state


def test_weights_of_several_types_go_together():
    weights = [nn.Parameter(torch.ones(2, dtype=t)) for t in (torch.float32, torch.float64)]
    optimizer = SignMomentum(weights, lr=0.1, alpha=0.5)
    for _ in range(3):
        for weight in weights:
            weight.grad = torch.tensor([1.0, -1.0], dtype=weight.dtype)
        optimizer.step()
    assert torch.allclose(weights[0].double(), weights[1], atol=1e-6)
    assert [optimizer.state[w]["beta"].dtype for w in weights] == [torch.float32, torch.float64]


def test_a_closure_computes_the_gradients():
    weight = nn.Parameter(torch.tensor([3.0]))
    optimizer = SignMomentum([weight], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = weight.square().sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 9
    assert weight.item() == pytest.approx(3.0 - 0.1 * 6)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"lr": -1.0}, "lr must"), ({"lr": math.nan}, "lr must"), ({"alpha": -0.1}, "alpha must"),
        ({"gamma": math.inf}, "gamma must"), ({"weight_decay": -1.0}, "weight_decay must"),
        ({"beta_bound": 0.0}, "beta_bound must"), ({"beta_bound": math.nan}, "beta_bound must"),
    ],
)  # fmt: skip
def test_impossible_options_are_refused(given, complaint):
    with pytest.raises(ValueError, match=complaint):
        SignMomentum([nn.Parameter(torch.zeros(1))], **given)
