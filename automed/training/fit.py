"""Training a model until it no longer becomes better."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from automed.domain.decision import Decision
from automed.domain.digest import derive_seed
from automed.domain.errors import TrainingError
from automed.domain.measurement import Measurement
from automed.domain.normalization import Normalization
from automed.domain.task import AnyTask
from automed.training.device import repeatable
from automed.training.early_stopping import EarlyStopping
from automed.training.evaluate import Evaluation, evaluate
from automed.training.forward import Forward
from automed.training.part import Part
from automed.training.recipe import Recipe
from automed.training.trainer import Trainer

Report = Callable[[Measurement], Decision]


@dataclass(frozen=True, eq=False)
class Fitted:
    """A training's outcome; the model holds the weights of the best epoch.

    Attributes:
        forward: The model, ready to predict as it was validated.
        best: What the best epoch's weights do on the validation part.
        best_epoch: Counted from 1.
        epochs: How many were trained.
        seconds: How long that took.
    """

    forward: Forward
    best: Evaluation
    best_epoch: int
    epochs: int
    seconds: float


def fit(
    model: nn.Module,
    task: AnyTask,
    recipe: Recipe,
    train: Part,
    val: Part,
    *,
    normalization: Normalization,
    seed: int,
    device: torch.device,
    report: Report,
) -> Fitted:
    """Train a model, select its best epoch by the task's guide metric, and restore that.

    On a CPU everything that happens is a function of the arguments: same model, data and seed,
    same numbers. Torch's global random state is seeded, for dropout.

    Args:
        model: Is moved to the device, trained in place and left in eval mode.
        task: Names kind, classes, augmentation and the guide metric.
        recipe: How to train.
        train: Training samples; at least one.
        val: Validation samples; at least one.
        normalization: Of the images.
        seed: Decides order, augmentation and dropout.
        device: Where to train.
        report: Called after each epoch with its measurement: ``train_loss``, ``lr`` (the rate that
            the epoch began with), ``loss`` and the validation metrics. Its answer may end the
            training.

    Raises:
        DivergedError: Loss, weights or outputs are not finite.
        TrainingError: The recipe cannot be followed, or the guide metric is not defined on `val`.
    """
    began = time.monotonic()
    torch.manual_seed(derive_seed(seed, "dropout"))
    model.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    forward = Forward(model, normalization, device, recipe.precision)
    trainer = Trainer(forward, task, recipe, train, seed)
    stopping = EarlyStopping(recipe.patience)
    keeper = _Keeper(model)
    best: Evaluation | None = None
    epoch = 0
    with repeatable():
        for epoch in range(1, recipe.epochs + 1):
            rate = trainer.learning_rate
            train_loss = trainer.train(epoch)
            seen = evaluate(forward, trainer.loss, task, val, epoch)
            if stopping.is_better(task.quality.loss(_guide(task, seen))):
                best = seen
                keeper.keep()
            metrics = {"train_loss": train_loss, "lr": rate, "loss": seen.loss, **seen.metrics}
            seconds = time.monotonic() - began
            answer = report(Measurement(epoch=epoch, metrics=metrics, seconds=seconds))
            if answer is Decision.STOP or stopping.exhausted:
                break
    assert best is not None
    keeper.restore()
    return Fitted(forward, best, stopping.best_epoch, epoch, time.monotonic() - began)


class _Keeper:
    """Keeps a copy of a model's weights, on their device."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._kept: dict[str, torch.Tensor] = {}

    def keep(self) -> None:
        self._kept = {k: v.detach().clone() for k, v in self._model.state_dict().items()}

    def restore(self) -> None:
        self._model.load_state_dict(self._kept)


def _guide(task: AnyTask, seen: Evaluation) -> float:
    if task.guide not in seen.metrics:
        raise TrainingError(
            f"{task.guide} is not defined on the validation part",
            found="samples of one class only",
            expected="at least two classes in the validation part",
            hint="choose another objective for the task, or add data",
        )
    return seen.metrics[task.guide]
