"""Optimizers: they train, take what they have, and decay as their authors define."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from automed.domain.errors import TrainingError
from automed.registry.tasks import load_task
from automed.training.optimizers import OPTIMIZERS, PARAMETERS, build_optimizer
from automed.training.recipe import Recipe


def recipe(name, lr=0.1, weight_decay=0.0, **given):
    return Recipe(
        loss="bce",
        optimizer=name,
        learning_rate=lr,
        weight_decay=weight_decay,
        batch_size=2,
        **given,
    )


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_it_lowers_a_loss_on_weights_in_channels_last(name):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 1, 3)).to(
        memory_format=torch.channels_last
    )
    images = torch.rand(8, 3, 8, 8).contiguous(memory_format=torch.channels_last)
    wanted = images.mean(1, keepdim=True)[:, :, 2:-2, 2:-2]
    optimizer = build_optimizer(recipe(name, 1e-2, 1e-4), model.parameters())
    losses = []
    for _ in range(100):
        optimizer.zero_grad()
        loss = (model(images) - wanted).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_first_step_goes_down(name):
    weight = nn.Parameter(torch.tensor([1.0, -1.0]))
    optimizer = build_optimizer(recipe(name), [weight])
    weight.grad = torch.tensor([0.5, -2.0])
    optimizer.step()
    assert weight[0] < 1
    assert weight[1] > -1


def after_a_step_without_gradient(name, weight_decay):
    weight = nn.Parameter(torch.tensor([4.0]))
    optimizer = build_optimizer(recipe(name, weight_decay=weight_decay), [weight])
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
    assert decoupled == {"adamw", "sgdw", "adamp", "ranger", "lion", "signmomentum"}


@pytest.mark.parametrize(
    ("parameter", "takers"),
    [
        ("momentum", {"rmsprop", "sgd", "sgdw"}),
        ("beta1", {"adam", "adamw", "nadam", "adamp", "diffgrad", "ranger", "yogi", "lion"}),
        ("beta2", {"adam", "adamw", "nadam", "adamp", "diffgrad", "ranger", "yogi", "lion"}),
        ("alpha", {"signmomentum"}), ("gamma", {"signmomentum"}), ("beta_bound", {"signmomentum"}),
    ],
)  # fmt: skip
def test_parameters_belong_to_the_optimizers_that_have_them(parameter, takers):
    assert {name for name, row in OPTIMIZERS.items() if parameter in row.takes} == takers
    for name in OPTIMIZERS:
        given = recipe(name, **{parameter: 0.5})
        if name in takers:
            (group,) = build_optimizer(given, [nn.Parameter(torch.zeros(1))]).param_groups
            in_pairs = {"beta1": 0, "beta2": 1}
            if parameter in in_pairs:
                assert group["betas"][in_pairs[parameter]] == 0.5
            else:
                assert group[parameter] == 0.5
        else:
            first = next(n for n in OPTIMIZERS if n in takers)
            with pytest.raises(
                TrainingError, match=rf"(?s){parameter} would have .*{name}.*{first}"
            ):
                build_optimizer(given, [nn.Parameter(torch.zeros(1))])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_what_is_not_given_is_as_the_table_says(name):
    (group,) = build_optimizer(recipe(name), [nn.Parameter(torch.zeros(1))]).param_groups
    for parameter, default in OPTIMIZERS[name].takes.items():
        assert parameter in PARAMETERS
        found = {"beta1": lambda: group["betas"][0], "beta2": lambda: group["betas"][1]}
        assert found.get(parameter, lambda p=parameter: group[p])() == default


def gradients(steps, *shapes):
    source = torch.Generator().manual_seed(3)
    return [[torch.randn(shape, generator=source) for shape in shapes] for _ in range(steps)]


def walk(optimizer, weights, sequence):
    for step in sequence:
        for weight, gradient in zip(weights, step, strict=True):
            weight.grad = gradient.clone()
        optimizer.step()


def weights_of(*shapes):
    source = torch.Generator().manual_seed(4)
    return [nn.Parameter(torch.randn(shape, generator=source)) for shape in shapes]


SHAPES = ((4, 3, 3, 3), (4,))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_saved_state_goes_on_as_if_nothing_had_happened(name, tmp_path):
    sequence = gradients(8, *SHAPES)
    straight, first, second = (weights_of(*SHAPES) for _ in range(3))
    given = recipe(name, 0.01, 0.05)
    walk(build_optimizer(given, straight), straight, sequence)
    before = build_optimizer(given, first)
    walk(before, first, sequence[:4])
    torch.save(before.state_dict(), tmp_path / "state.pt")
    after = build_optimizer(given, second)
    after.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    for weight, other in zip(second, first, strict=True):
        weight.data.copy_(other.data)
    walk(after, second, sequence[4:])
    assert all(torch.equal(a, b) for a, b in zip(straight, second, strict=True))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_groups_have_rates_of_their_own(name):
    sequence = gradients(7, *SHAPES)
    together, apart = weights_of(*SHAPES), weights_of(*SHAPES)
    groups = [{"params": [together[0]], "lr": 0.03}, {"params": [together[1]]}]
    walk(build_optimizer(recipe(name, 0.01), groups), together, sequence)
    for place, lr in enumerate((0.03, 0.01)):
        alone = build_optimizer(recipe(name, lr), [apart[place]])
        walk(alone, [apart[place]], [[step[place]] for step in sequence])
    assert all(torch.equal(a, b) for a, b in zip(together, apart, strict=True))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_parameters_without_a_gradient_stay(name):
    frozen, trained = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    optimizer = build_optimizer(recipe(name, weight_decay=0.1), [frozen, trained])
    for _ in range(3):
        trained.grad = torch.ones(2)
        optimizer.step()
    assert frozen.tolist() == [1.0, 1.0]
    assert trained.tolist() != [1.0, 1.0]


@pytest.mark.parametrize("task", ["polyp", "cell", "leukemia", "breast_cell"])
def test_every_optimizer_of_the_built_in_spaces_is_known(task):
    choices = load_task(task).space.parameters["training.optimizer"].choices
    assert set(choices) <= set(OPTIMIZERS)


def test_unknown_optimizers_are_answered_with_the_known_ones():
    with pytest.raises(TrainingError, match=r"(?s)'addam'; did you mean 'adam'.*yogi"):
        build_optimizer(recipe("addam"), [nn.Parameter(torch.zeros(1))])
