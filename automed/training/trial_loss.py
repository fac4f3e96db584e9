"""The loss of one trial, with the class weights of its training part."""

from __future__ import annotations

from automed.domain.task import AnyTask
from automed.training.class_weights import balanced_weights
from automed.training.losses import Loss, build_loss
from automed.training.part import Part
from automed.training.recipe import Recipe


def trial_loss(recipe: Recipe, task: AnyTask, train: Part) -> Loss:
    """What `fit` minimizes, on the CPU.

    Raises:
        TrainingError: The recipe's loss is unknown, or does not belong to the task.
    """
    weights = balanced_weights(task, train) if recipe.class_weights else None
    return build_loss(recipe.loss, class_weights=weights, label_smoothing=recipe.label_smoothing)
