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
from automed.models.freeze import frozen
from automed.training.device import repeatable
from automed.training.early_stopping import EarlyStopping
from automed.training.evaluate import Evaluation, evaluate
from automed.training.forward import Forward
from automed.training.losses import Loss
from automed.training.part import Part
from automed.training.recipe import Recipe
from automed.training.stages import Stage, stages_of
from automed.training.trainer import Trainer
from automed.training.training_batches import TrainingBatches
from automed.training.trial_loss import trial_loss

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
    after_step: Callable[[], None] | None = None,
    select_from: int = 1,
) -> Fitted:
    """Train a model, select its best epoch by what the recipe monitors, and restore that.

    Where the recipe has two stages, the second begins with the best weights of the first, with a
    new optimizer, schedule and patience; the best epoch may be one of either.

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
            the epoch began with, where it is highest), ``loss`` and the validation metrics. Its
            answer may end the training.
        after_step: Called after each step of the optimizer, such as to make weights sparser.
        select_from: First epoch that may be the best one, where earlier ones train a model that
            is not yet what it is to become. One beyond the recipe's epochs counts as the last.

    Raises:
        DivergedError: Loss, weights or outputs are not finite.
        TrainingError: The recipe cannot be followed, or the guide metric is not defined on `val`.
    """
    torch.manual_seed(derive_seed(seed, "dropout"))
    model.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    loss = trial_loss(recipe, task, train).to(device)
    training = _Training(
        Forward(model, normalization, device, recipe.precision),
        task,
        recipe,
        loss,
        TrainingBatches(train, task.augment, recipe, seed, device),
        val,
        report,
        after_step,
        min(select_from, recipe.epochs),
    )
    with repeatable():
        for stage in stages_of(recipe):
            if training.run(stage) is Decision.STOP:
                break
    return training.finish()


@dataclass(eq=False)
class _Training:
    """What goes on through all stages of one call of `fit`."""

    forward: Forward
    task: AnyTask
    recipe: Recipe
    loss: Loss
    batches: TrainingBatches
    val: Part
    report: Report
    after_step: Callable[[], None] | None
    select_from: int

    def __post_init__(self) -> None:
        self._began = time.monotonic()
        self._stopping = EarlyStopping(self.recipe.patience)
        self._keeper = _Keeper(self.forward.model)
        self._best: Evaluation | None = None
        self._epoch = 0

    def run(self, stage: Stage) -> Decision:
        """Train one stage, from the best weights until now."""
        self._keeper.restore()
        self._stopping.restart()
        with frozen(self.forward.model, stage.freeze) as part:
            trainer = Trainer(
                self.forward, part, self.loss, self.batches, self.recipe, stage.epochs,
                self.after_step,
            )  # fmt: skip
            for _ in range(stage.epochs):
                if self._train_epoch(trainer) is Decision.STOP:
                    return Decision.STOP
                if self._stopping.exhausted:
                    break
        return Decision.CONTINUE

    def finish(self) -> Fitted:
        """Restore the best epoch."""
        assert self._best is not None
        self._keeper.restore()
        seconds = time.monotonic() - self._began
        return Fitted(self.forward, self._best, self._stopping.best_epoch, self._epoch, seconds)

    def _train_epoch(self, trainer: Trainer) -> Decision:
        self._epoch += 1
        rate = trainer.learning_rate
        train_loss = trainer.train(self._epoch)
        seen = evaluate(self.forward, self.loss, self.task, self.val, self._epoch)
        trainer.end_epoch(seen.loss)
        if self._stopping.is_better(self._monitored(seen)):
            self._best = seen
            self._keeper.keep()
        metrics = {"train_loss": train_loss, "lr": rate, "loss": seen.loss, **seen.metrics}
        seconds = time.monotonic() - self._began
        return self.report(Measurement(epoch=self._epoch, metrics=metrics, seconds=seconds))

    def _monitored(self, seen: Evaluation) -> float:
        """What decides patience and the best epoch; smaller is better."""
        guide = self.task.quality.loss(_guide(self.task, seen))
        if self._epoch < self.select_from:
            return float("inf")
        return seen.loss if self.recipe.monitor == "loss" else guide


class _Keeper:
    """Keeps a copy of a model's weights, on their device."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._kept: dict[str, torch.Tensor] = {}

    def keep(self) -> None:
        self._kept = {k: v.detach().clone() for k, v in self._model.state_dict().items()}

    def restore(self) -> None:
        if self._kept:
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
