"""Every optimizer against the rule of its authors, written out in float64."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from automed.training.optimizers import OPTIMIZERS, build_optimizer
from automed.training.recipe import Recipe

LR, DECAY, STEPS = 0.01, 0.05, 14
"""Two of Ranger's looks ahead, and more than the five steps before it rectifies."""


class Moments:
    """Running means of gradients and of their squares."""

    def __init__(self, beta1=0.9, beta2=0.999, first=0.0):
        self.betas = beta1, beta2
        self.m = self.v = first

    def see(self, g):
        self.m = self.betas[0] * self.m + (1 - self.betas[0]) * g
        self.v = self.betas[1] * self.v + (1 - self.betas[1]) * g**2

    def corrections(self, t):
        return 1 - self.betas[0] ** t, 1 - self.betas[1] ** t


def adam(w, beta1=0.9, beta2=0.999, decoupled=False):
    moments = Moments(beta1, beta2)
    for t in range(1, STEPS + 1):
        g = yield w
        if decoupled:
            w = w * (1 - LR * DECAY)
        else:
            g = g + DECAY * w
        moments.see(g)
        c1, c2 = moments.corrections(t)
        w = w - LR * (moments.m / c1) / ((moments.v / c2).sqrt() + 1e-8)
    yield w


def adamw(w, **given):
    return adam(w, decoupled=True, **given)


def nadam(w, beta1=0.9, beta2=0.999):
    """Dozat (2016), with the decay of the momentum that Keras and torch share."""
    moments, product = Moments(beta1, beta2), 1.0
    for t in range(1, STEPS + 1):
        g = (yield w) + DECAY * w
        moments.see(g)
        mu, following = (beta1 * (1 - 0.5 * 0.96 ** (0.004 * s)) for s in (t, t + 1))
        product *= mu
        root = (moments.v / moments.corrections(t)[1]).sqrt() + 1e-8
        w = w - LR * (1 - mu) / (1 - product) * g / root
        w = w - LR * following / (1 - product * following) * moments.m / root
    yield w


def rmsprop(w, momentum=0.0):
    v = kept = 0.0
    for _ in range(STEPS):
        g = (yield w) + DECAY * w
        v = 0.99 * v + 0.01 * g**2
        kept = momentum * kept + g / (v.sqrt() + 1e-8)
        w = w - LR * kept
    yield w


def adagrad(w):
    total = 0.0
    for _ in range(STEPS):
        g = (yield w) + DECAY * w
        total = total + g**2
        w = w - LR * g / (total.sqrt() + 1e-10)
    yield w


def sgd(w, momentum=0.9, decoupled=False):
    kept = 0.0
    for _ in range(STEPS):
        g = yield w
        if decoupled:
            w = w * (1 - LR * DECAY)
        else:
            g = g + DECAY * w
        kept = momentum * kept + g
        w = w - LR * kept
    yield w


def sgdw(w, **given):
    return sgd(w, decoupled=True, **given)


def adamp(w, beta1=0.9, beta2=0.999):
    """Heo et al. (2021), algorithm 2: delta .1, weight decay ratio .1."""
    moments = Moments(beta1, beta2)
    for t in range(1, STEPS + 1):
        g = yield w
        moments.see(g)
        c1, c2 = moments.corrections(t)
        update, ratio = moments.m / ((moments.v / c2).sqrt() + 1e-8), 1.0
        if w.ndim > 1:
            update, ratio = projected(w, g, update)
        w = w * (1 - LR * DECAY * ratio)
        w = w - LR / c1 * update
    yield w


def projected(w, g, update):
    for rows in (len(w), 1):
        flat, gradient, step = (t.reshape(rows, -1) for t in (w, g, update))
        cosine = (flat * gradient).sum(1) / (flat.norm(dim=1) * gradient.norm(dim=1))
        if cosine.abs().max() < 0.1 / math.sqrt(flat.shape[1]):
            direction = flat / flat.norm(dim=1, keepdim=True)
            radial = (direction * step).sum(1, keepdim=True)
            return (step - direction * radial).reshape(w.shape), 0.1
    return update, 1.0


def diffgrad(w, beta1=0.9, beta2=0.999):
    """Dubey et al. (2020): Adam, times a friction of the change of the gradient."""
    moments, before = Moments(beta1, beta2), 0.0
    for t in range(1, STEPS + 1):
        g = (yield w) + DECAY * w
        moments.see(g)
        c1, c2 = moments.corrections(t)
        friction = torch.sigmoid((before - g).abs())
        w = w - LR * friction * (moments.m / c1) * math.sqrt(c2) / (moments.v.sqrt() + 1e-8)
        before = g
    yield w


def ranger(w, beta1=0.95, beta2=0.999):
    """Wright (2019): gradients centred, RAdam, and every sixth step half-way back (Lookahead)."""
    moments, slow = Moments(beta1, beta2), w
    longest = 2 / (1 - beta2) - 1
    for t in range(1, STEPS + 1):
        g = yield w
        if g.ndim > 1:
            g = g - g.mean(dim=tuple(range(1, g.ndim)), keepdim=True)
        w = w * (1 - LR * DECAY)
        moments.see(g)
        c1, c2 = moments.corrections(t)
        length = longest - 2 * t * beta2**t / c2
        update = moments.m / c1
        if length >= 5:
            share = (length - 4) * (length - 2) * longest
            share /= (longest - 4) * (longest - 2) * length
            update = update * math.sqrt(c2 * share) / (moments.v.sqrt() + 1e-5)
        w = w - LR * update
        if t % 6 == 0:
            w = slow = slow + 0.5 * (w - slow)
    yield w


def yogi(w, beta1=0.9, beta2=0.999):
    """Zaheer et al. (2018): the mean of squares moves by a share of the square, not of itself."""
    moments = Moments(beta1, beta2, first=torch.full_like(w, 1e-6))
    for t in range(1, STEPS + 1):
        g = (yield w) + DECAY * w
        v = moments.v
        moments.see(g)
        moments.v = v - (1 - beta2) * torch.sign(v - g**2) * g**2
        c1, c2 = moments.corrections(t)
        w = w - LR * (moments.m / c1) / ((moments.v / c2).sqrt() + 1e-3)
    yield w


def lion(w, beta1=0.9, beta2=0.99):
    m = 0.0
    for _ in range(STEPS):
        g = yield w
        w = w * (1 - LR * DECAY)
        w = w - LR * torch.sign(beta1 * m + (1 - beta1) * g)
        m = beta2 * m + (1 - beta2) * g
    yield w


def signmomentum(w, alpha=0.01, gamma=1.0, beta_bound=2.0):
    beta, before = torch.zeros_like(w), torch.zeros_like(w)
    for _ in range(STEPS):
        g = yield w
        beta = (beta + alpha * torch.sign(before)).clamp(-beta_bound, beta_bound)
        w = w * (1 - LR * DECAY)
        w = w - LR * torch.exp(-gamma * beta) * g
        before = g
    yield w


RULES = {
    rule.__name__: rule
    for rule in (
        adam, adamw, nadam, rmsprop, adagrad, sgd, sgdw, adamp, diffgrad, ranger, yogi, lion,
        signmomentum,
    )
}  # fmt: skip

CASES = [(name, {}) for name in RULES] + [
    ("adam", {"beta1": 0.5}), ("adamw", {"beta2": 0.9}), ("nadam", {"beta1": 0.8}),
    ("rmsprop", {"momentum": 0.7}), ("sgd", {"momentum": 0.0}), ("sgdw", {"momentum": 0.5}),
    ("adamp", {"beta1": 0.5, "beta2": 0.99}), ("diffgrad", {"beta1": 0.5}),
    ("ranger", {"beta1": 0.8, "beta2": 0.99}), ("yogi", {"beta2": 0.9}), ("lion", {"beta1": 0.5}),
    ("signmomentum", {"alpha": 0.2, "gamma": 0.7, "beta_bound": 1.0}),
]  # fmt: skip


def exact(tensor):
    return tensor.detach().double().clone(memory_format=torch.contiguous_format)


def test_every_optimizer_has_a_rule():
    assert set(RULES) == set(OPTIMIZERS)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-8), (torch.float32, 4e-6)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(("name", "given"), CASES)
def test_it_follows_the_rule_of_its_authors(name, given, layout, dtype, tolerance):
    source = torch.Generator().manual_seed(0)
    kernel = torch.randn(5, 4, 3, 3, generator=source, dtype=dtype).to(memory_format=layout)
    weights = [nn.Parameter(kernel), nn.Parameter(torch.randn(5, generator=source, dtype=dtype))]
    recipe = Recipe(
        loss="bce", optimizer=name, learning_rate=LR, weight_decay=DECAY, batch_size=1, **given
    )
    optimizer = build_optimizer(recipe, weights)
    rules = [RULES[name](exact(weight), **given) for weight in weights]
    for rule in rules:
        next(rule)
    for _ in range(STEPS):
        expected = []
        for weight, rule in zip(weights, rules, strict=True):
            weight.grad = torch.randn_like(weight, generator=source)
            expected.append(rule.send(exact(weight.grad)))
        optimizer.step()
        for weight, wanted in zip(weights, expected, strict=True):
            assert (exact(weight) - wanted).abs().max() < tolerance
