"""Settings that a config gives although, beside its others, they have no effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automed.domain.config import Config
from automed.domain.errors import TrainingError
from automed.domain.task import AnyTask
from automed.domain.training_settings import TrainingSettings
from automed.training.losses import check_loss, kind_of
from automed.training.optimizers import check_optimizer, given_parameters

if TYPE_CHECKING:
    from automed.training.recipe import Recipe

_SCHEDULE_OF = {"warmup": "cosine", "step_at": "step", "step_factor": "step"}
_OF_ENCODERS = ("freeze", "frozen_share", "layer_decay")
_WITHOUT_ENCODER = "plain_unet"


def refuse_dead_settings(recipe: Recipe, config: Config, task: AnyTask) -> None:
    """Check that everything that a config says about the training has an effect.

    A setting at its default is never refused, nor is one of the task that only some configs of its
    space can use, such as the warm-up of the configs whose schedule is a cosine.

    Args:
        recipe: Made of the config and the task's settings.
        config: Of the trial.
        task: As the config trains it.

    Raises:
        TrainingError: A setting has no effect; or the loss does not fit the task.
    """
    check_loss(
        recipe.loss, kind_of(task),
        class_weights=recipe.class_weights, label_smoothing=recipe.label_smoothing,
    )  # fmt: skip
    check_optimizer(recipe.optimizer, given_parameters(recipe))
    if recipe.smooth_masks != "none" and kind_of(task) != "binary masks":
        raise _dead("smooth_masks", recipe, f"{task.name} has no binary masks", "none")
    for name in (*_SCHEDULE_OF, *_OF_ENCODERS):
        if f"training.{name}" in config and getattr(recipe, name) != _default(name):
            _refuse_without_effect(name, recipe, config)


def _refuse_without_effect(name: str, recipe: Recipe, config: Config) -> None:
    schedule = _SCHEDULE_OF.get(name, recipe.schedule)
    if recipe.schedule != schedule:
        reason, expected = f"the schedule is {recipe.schedule}", f"training.schedule = {schedule}"
        raise _dead(name, recipe, reason, expected)
    if name in _OF_ENCODERS and config.get("model.architecture") == _WITHOUT_ENCODER:
        reason = f"{_WITHOUT_ENCODER} has no encoder"
        raise _dead(name, recipe, reason, "another model.architecture")
    if name in ("frozen_share", "layer_decay") and recipe.freeze == "all":
        raise _dead(name, recipe, "the encoder is never trained", "another training.freeze")


def _default(name: str) -> object:
    return TrainingSettings.model_fields[name].default


def _dead(name: str, recipe: Recipe, reason: str, expected: str) -> TrainingError:
    return TrainingError(
        f"training.{name} would have no effect: {reason}",
        found=f"training.{name} = {getattr(recipe, name)}",
        expected=expected,
    )
