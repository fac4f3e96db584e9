"""What a method of compression may use besides the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from automed.domain.compression import Compression
from automed.domain.decision import Decision
from automed.domain.measurement import Measurement
from automed.domain.normalization import Normalization
from automed.domain.task import AnyTask
from automed.training.fit import Fitted, fit
from automed.training.part import Part
from automed.training.recipe import Recipe

Report = Callable[[Measurement], Decision]


@dataclass(frozen=True, eq=False)
class Bench:
    """The surroundings of one compression.

    Attributes:
        compression: What is asked for.
        task: As the parent trained it.
        recipe: As the parent was trained; the one for a step is made out of it.
        train: Training samples: to fine-tune, to calibrate and to rank channels with.
        val: Validation samples: to choose the best epoch with.
        normalization: Of the images, as the parent's.
        seed: Decides order, augmentation and which images calibrate.
        device: Where to train.
        report: Hears of each epoch of fine-tuning.
    """

    compression: Compression
    task: AnyTask
    recipe: Recipe
    train: Part
    val: Part
    normalization: Normalization
    seed: int
    device: torch.device
    report: Report

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the model's input."""
        return (self.task.channels, *self.task.image_size)

    @property
    def finetuning(self) -> Recipe:
        """The parent's recipe for a shorter training with nothing frozen, from its weights on.

        A quarter of its epochs at a tenth of its rate: the model is to get used to a change, not
        to learn anew.
        """
        return self._shorter(epochs=0.25, rate=0.1)

    @property
    def retraining(self) -> Recipe:
        """As `finetuning`, for a model that has lost most of itself.

        Half of the epochs at the parent's own rate: with half of the channels gone, a tenth of the
        rate does not bring a U-Net back.
        """
        return self._shorter(epochs=0.5, rate=1.0)

    def fit(
        self,
        model: nn.Module,
        recipe: Recipe,
        *,
        seed: int | None = None,
        after_step: Callable[[], None] | None = None,
        select_from: int = 1,
    ) -> Fitted:
        """Train a model in these surroundings, by `automed.training.fit.fit`.

        Args:
            model: Is trained in place.
            recipe: How.
            seed: None: the bench's.
            after_step: As for `fit`.
            select_from: As for `fit`.

        Raises:
            TrainingError: As `fit` does.
        """
        return fit(
            model, self.task, recipe, self.train, self.val, normalization=self.normalization,
            seed=self.seed if seed is None else seed, device=self.device, report=self.report,
            after_step=after_step, select_from=select_from,
        )  # fmt: skip

    def _shorter(self, epochs: float, rate: float) -> Recipe:
        """The rate falls as a cosine; every epoch is trained, the best one kept."""
        count = self.compression.epochs or max(1, round(self.recipe.epochs * epochs))
        recipe: Recipe = self.recipe.replace(
            epochs=count, patience=count, freeze="none", frozen_share=0.0,
            learning_rate=self.recipe.learning_rate * rate, schedule="cosine", warmup=0.0,
        )  # fmt: skip
        return recipe
