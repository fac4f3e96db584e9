"""Learning rates that fall from a model's output to its input."""

from __future__ import annotations

from typing import Any

from torch import nn

from automed.models.layer_distance import layer_distances
from automed.training.recipe import Recipe


def parameter_groups(model: nn.Module, recipe: Recipe) -> list[nn.Parameter] | list[dict[str, Any]]:
    """What an optimizer trains of a model: all that takes gradients.

    With `Recipe.layer_decay` d below 1 the encoder's layers learn at the rate times d to the power
    of their distance from the decoder or classifier, which learn at the full rate: layer-wise
    learning-rate decay (Clark et al., ELECTRA, 2020; for images Bao et al., BEiT, 2022). What is
    frozen has its distance too, so that the rates of the others do not depend on it.

    Args:
        model: Frozen parameters take no gradients.
        recipe: Gives the learning rate and the decay.

    Returns:
        Parameters; or groups of them with rates, in order of the rates.

    Raises:
        TrainingError: Rates are to fall in a model without encoder.
    """
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if recipe.layer_decay == 1:
        return trained
    distances = layer_distances(model)
    groups: dict[int, list[nn.Parameter]] = {}
    for parameter in trained:
        groups.setdefault(distances.get(parameter, 0), []).append(parameter)
    return [
        {"params": groups[d], "lr": recipe.learning_rate * recipe.layer_decay**d}
        for d in sorted(groups, reverse=True)
    ]
