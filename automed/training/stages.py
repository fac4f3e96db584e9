"""What is trained when."""

from __future__ import annotations

from dataclasses import dataclass

from automed.training.recipe import Recipe


@dataclass(frozen=True)
class Stage:
    """Epochs in which the same weights are trained, by one optimizer on one schedule.

    Attributes:
        freeze: What is not trained, as `frozen_part` reads it.
        epochs: How many are planned.
    """

    freeze: str
    epochs: int


def stages_of(recipe: Recipe) -> tuple[Stage, ...]:
    """The stages of a training.

    With `Recipe.frozen_share` there are two, as paper 3 trains: first the whole encoder is frozen,
    for that share of the epochs, rounded, at least one on either side; then what `Recipe.freeze`
    says. A single epoch, or an encoder that is always frozen, leaves no second stage.
    """
    epochs = recipe.epochs
    if recipe.frozen_share == 0 or epochs == 1 or recipe.freeze == "all":
        return (Stage(recipe.freeze, epochs),)
    first = min(max(round(recipe.frozen_share * epochs), 1), epochs - 1)
    return Stage("all", first), Stage(recipe.freeze, epochs - first)
