"""Training a model until it no longer becomes better."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import nn

from automed.domain.decision import Decision
from automed.domain.digest import derive_seed
from automed.domain.errors import TrainingError
from automed.domain.measurement import Measurement
from automed.domain.normalization import Normalization
from automed.domain.task import AnyTask
from automed.models.freeze import frozen
from automed.training.checkpoint import (
    Checkpoint,
    Checkpoints,
    random_state,
    restore_random_state,
    training_digest,
)
from automed.training.device import repeatable
from automed.training.early_stopping import EarlyStopping
from automed.training.evaluate import Evaluation, evaluate
from automed.training.forward import Forward
from automed.training.kept_weights import KeptWeights
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
        stopped: Whether an answer of `report` ended it.
        images_at_once: As many as memory held in a training step; None: whole batches.
    """

    forward: Forward
    best: Evaluation
    best_epoch: int
    epochs: int
    seconds: float
    stopped: bool
    images_at_once: int | None = None


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
    checkpoint: Path | None = None,
    belongs_to: str = "",
) -> Fitted:
    """Train a model, select its best epoch by what the recipe monitors, and restore that.

    Where the recipe has two stages, the second begins with the best weights of the first, with a
    new optimizer, schedule and patience; the best epoch may be one of either.

    On a CPU everything that happens is a function of the arguments: same model, data and seed,
    same numbers. Torch's global random state is seeded, for dropout.

    With a checkpoint a training that ended before its time goes on after the epoch that was put on
    disk last, and gives what it would have given; the epochs until there are reported again first.
    One is written after an epoch about every 20 s (`automed.training.checkpoint.EVERY`), and where
    `report` raises or ends the training: so it is put aside. Its file is left where it is. One that
    is damaged or of another training is not used; one that cannot be written, on a full disk, is
    done without. Both are logged.

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
        after_step: Called after each step of the optimizer, such as to make weights sparser. Not
            with a checkpoint, which would not hold what it remembers.
        select_from: First epoch that may be the best one, where earlier ones train a model that
            is not yet what it is to become. One beyond the recipe's epochs counts as the last.
        checkpoint: The file, or None.
        belongs_to: Tells apart what cannot be seen from here: the model, its weights, the data.

    Raises:
        DivergedError: Loss, weights or outputs are not finite.
        TrainingError: The recipe cannot be followed, or the guide metric is not defined on `val`.
    """
    assert after_step is None or checkpoint is None
    torch.manual_seed(derive_seed(seed, "dropout"))
    model.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    loss = trial_loss(recipe, task, train).to(device)
    identity = training_digest(
        device, belongs_to, task.digest, recipe.digest, normalization.digest, seed, select_from
    )
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
        Checkpoints(checkpoint, identity, device),
    )
    with repeatable():
        training.run(stages_of(recipe))
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
    checkpoints: Checkpoints

    def __post_init__(self) -> None:
        self._began = time.monotonic()
        self._stopping = EarlyStopping(self.recipe.patience)
        self._keeper = KeptWeights(self.forward.model)
        self._best: Evaluation | None = None
        self._measured: list[Measurement] = []
        self._stops_at = 0  # where a report on an epoch of the checkpoint said so
        self._stopped = False
        self._images_at_once: int | None = None

    def run(self, stages: Sequence[Stage]) -> None:
        """Train what the checkpoint, if there is one, has not been trained in yet."""
        found = self._found()
        first = 0 if found is None else found.stage
        for number, stage in enumerate(stages[first:], start=first):
            if self._stopped:
                return
            self._run_stage(number, stage, found if number == first else None)

    def finish(self) -> Fitted:
        """Restore the best epoch."""
        assert self._best is not None
        self._keeper.restore()
        return Fitted(
            self.forward, self._best, self._stopping.best_epoch, len(self._measured),
            time.monotonic() - self._began, self._stopped, self._images_at_once,
        )  # fmt: skip

    def _found(self) -> Checkpoint | None:
        """The checkpoint to go on from, after its epochs were reported again."""
        found = self.checkpoints.read()
        if found is None:
            return None
        for measurement in found.measurements:
            if self.report(measurement) is Decision.STOP:
                self._stops_at = measurement.epoch
                break
        if self._stops_at and found.best_epoch > self._stops_at:
            return None  # the best weights until there are gone: they are trained once more
        self._stopped = self._stops_at > 0
        self._measured = list(found.measurements[: self._stops_at or None])
        self._began -= self._measured[-1].seconds
        self._best = found.best
        self._stopping.load_state_dict(found.stopping)
        self._keeper.load_state_dict(found.kept)
        return found

    def _run_stage(self, number: int, stage: Stage, found: Checkpoint | None) -> None:
        """Train one stage: from its beginning with the best weights until now, or go on with it."""
        if found is None:
            self._keeper.restore()
            self._stopping.restart()
        with frozen(self.forward.model, stage.freeze) as part:
            trainer = Trainer(
                self.forward, part, self.loss, self.batches, self.recipe, stage.epochs,
                self.after_step,
            )  # fmt: skip
            if found is not None:
                self._go_on(found, trainer)
            begun = 0 if found is None else found.stage_epochs
            for done in range(begun + 1, stage.epochs + 1):
                if self._stopping.exhausted or self._stopped:
                    return
                self._train_epoch(trainer)
                self._tell(partial(self._checkpoint, trainer, number, done))

    def _train_epoch(self, trainer: Trainer) -> None:
        epoch = len(self._measured) + 1
        rate = trainer.learning_rate
        train_loss = trainer.train(epoch)
        self._images_at_once = trainer.images_at_once or self._images_at_once
        seen = evaluate(self.forward, self.loss, self.task, self.val, epoch)
        trainer.end_epoch(seen.loss)
        if self._stopping.is_better(self._monitored(seen, epoch)):
            self._best = seen
            self._keeper.keep()
        metrics = {"train_loss": train_loss, "lr": rate, "loss": seen.loss, **seen.metrics}
        seconds = time.monotonic() - self._began
        self._measured.append(Measurement(epoch=epoch, metrics=metrics, seconds=seconds))

    def _tell(self, checkpoint: Callable[[], Checkpoint]) -> None:
        """Report the last epoch, and put the training's state on disk where it is time to."""
        measurement = self._measured[-1]
        if measurement.epoch <= self._stops_at:  # reported before
            self._stopped = measurement.epoch == self._stops_at
            return
        try:
            self._stopped = self.report(measurement) is Decision.STOP
        except BaseException:  # whatever ends the training here, it may go on from here
            self.checkpoints.write(checkpoint())
            raise
        if self.checkpoints.due or self._stopped:
            self.checkpoints.write(checkpoint())

    def _checkpoint(self, trainer: Trainer, stage: int, done: int) -> Checkpoint:
        assert self._best is not None
        return Checkpoint(
            stage=stage, stage_epochs=done, measurements=tuple(self._measured), best=self._best,
            model=self.forward.model.state_dict(), kept=self._keeper.state_dict(),
            stopping=self._stopping.state_dict(), trainer=trainer.state_dict(),
            batches=self.batches.state_dict(), random=random_state(self.forward.device),
        )  # fmt: skip

    def _go_on(self, found: Checkpoint, trainer: Trainer) -> None:
        self.forward.model.load_state_dict(found.model)
        trainer.load_state_dict(found.trainer)
        self.batches.load_state_dict(found.batches)
        restore_random_state(found.random, self.forward.device)

    def _monitored(self, seen: Evaluation, epoch: int) -> float:
        """What decides patience and the best epoch; smaller is better."""
        guide = self.task.quality.loss(_guide(self.task, seen))
        if epoch < self.select_from:
            return float("inf")
        return seen.loss if self.recipe.monitor == "loss" else guide


def _guide(task: AnyTask, seen: Evaluation) -> float:
    if task.guide not in seen.metrics:
        raise TrainingError(
            f"{task.guide} is not defined on the validation part",
            found="samples of one class only",
            expected="at least two classes in the validation part",
            hint="choose another objective for the task, or add data",
        )
    return seen.metrics[task.guide]
