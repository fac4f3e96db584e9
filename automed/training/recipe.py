"""How one trial trains: the task's settings, and what its config decides."""

from __future__ import annotations

from typing import Any

from pydantic import Field, ValidationError

from automed.domain.config import Config
from automed.domain.errors import TrainingError
from automed.domain.suggestion import suggestion
from automed.domain.task import AnyTask
from automed.domain.training_settings import TrainingSettings
from automed.training.dead_settings import refuse_dead_settings

_PREFIX = "training."


class Recipe(TrainingSettings):
    """Everything that `fit` needs to know besides model and data.

    The parameters of single optimizers, from `momentum` on, are None where the config does not
    give them: the optimizer's own default counts then.
    """

    loss: str
    """A loss or a sum of some: ``bce``, ``bce+dice``, ``0.3*bce+0.7*dice``."""
    optimizer: str
    learning_rate: float = Field(gt=0, allow_inf_nan=False)
    weight_decay: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    batch_size: int = Field(ge=1)
    momentum: float | None = Field(default=None, ge=0, lt=1)
    """Share of the last step that is kept: sgd, sgdw, rmsprop."""
    beta1: float | None = Field(default=None, ge=0, lt=1)
    """Decay of the mean of the gradients: Adam and its relatives, Lion."""
    beta2: float | None = Field(default=None, ge=0, lt=1)
    """Decay of the mean of the squared gradients; of Lion, of the gradients once more."""
    alpha: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """signmomentum: what each sign of a gradient adds to beta."""
    gamma: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """signmomentum: how strongly beta lowers the learning rate."""
    beta_bound: float | None = Field(default=None, gt=0)
    """signmomentum: largest absolute value of beta; inf: the paper's rule, which may explode."""


def recipe_of(config: Config, task: AnyTask) -> Recipe:
    """A trial's recipe. A space may also vary settings, such as ``training.schedule``.

    Raises:
        TrainingError: A ``training.*`` key of the config is unknown, missing, not valid or without
            effect beside the others; or loss and task do not belong together.
    """
    given: dict[str, Any] = {k.removeprefix(_PREFIX): v for k, v in config.part(_PREFIX).items()}
    for name in given:
        if name not in Recipe.model_fields:
            raise TrainingError(
                f"{_PREFIX}{name} would have no effect{suggestion(name, Recipe.model_fields)}",
                expected=", ".join(f"{_PREFIX}{known}" for known in Recipe.model_fields),
            )
    settings = {name: getattr(task.training, name) for name in TrainingSettings.model_fields}
    try:
        recipe = Recipe(**{**settings, **given})
    except ValidationError as error:
        first = error.errors()[0]
        raise TrainingError(
            f"{_PREFIX}{'.'.join(map(str, first['loc']))}: {first['msg']}",
            found=given.get(str(first["loc"][0])) if first["loc"] else None,
        ) from None
    refuse_dead_settings(recipe, config, task)
    return recipe if "model.encoder" in config else _without_encoder(recipe)


def _without_encoder(recipe: Recipe) -> Recipe:
    """What a study says about encoders means nothing to a network that has none."""
    plain: Recipe = recipe.replace(freeze="none", frozen_share=0.0, layer_decay=1.0)
    return plain
