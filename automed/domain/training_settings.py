"""Settings of a training that are fixed for a study rather than searched."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, ValidationError, field_validator

from automed.domain.errors import SpaceError
from automed.domain.frozen import Frozen
from automed.domain.suggestion import suggestion


class TrainingSettings(Frozen):
    """How long and how each trial trains. ``--set training.<field>=value`` changes one."""

    epochs: int = Field(default=100, ge=1)
    patience: int = Field(default=15, ge=1)
    """Epochs without a better guide metric after which a training ends."""
    monitor: Literal["guide", "loss"] = "guide"
    """What patience watches and the best epoch is chosen by: guide metric or validation loss."""
    schedule: Literal["constant", "cosine", "onecycle", "step", "plateau"] = "cosine"
    """Learning rate over the epochs; cosine falls to 1 % of the start."""
    warmup: float = Field(default=0.0, ge=0, lt=1)
    """Share of the steps in which the rate rises linearly, before the cosine."""
    step_at: float = Field(default=0.4, gt=0, lt=1)
    """Share of the epochs after which the step schedule drops the rate."""
    step_factor: float = Field(default=1e-3, gt=0, le=1)
    """What the step schedule multiplies the rate with: 1e-4 falls to 1e-7."""
    class_weights: bool = False
    """Weight each class c by N / (n_c C) in the loss; of a segmentation, N counts pixels."""
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    """Share of a label that goes to all classes alike, in bce and ce."""
    smooth_masks: Literal["none", "gaussian", "morphology"] = "none"
    """Soften the borders of binary training masks; the validation masks stay as they are."""
    freeze: str = "none"
    """What of the encoder is never trained: ``none``; ``all``; a share of its layers, such as
    ``0.5``; or the name of the last layer that stays as it is, such as ``blocks.4``."""
    frozen_share: float = Field(default=0.0, ge=0, lt=1)
    """Share of the epochs in which the whole encoder is frozen, before `freeze` decides."""
    layer_decay: float = Field(default=1.0, gt=0, le=1)
    """Each layer of the encoder learns at this multiple of the rate of the layer after it."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """auto: bf16 autocast where the device computes in it natively, else fp32."""
    clip_norm: float | None = Field(default=None, gt=0)
    """Largest norm of the gradient; None: not clipped."""

    @field_validator("freeze", mode="before")
    @classmethod
    def _spelled(cls, value: object) -> object:
        # A search space may hold a share as a number.
        return str(value) if isinstance(value, int | float) else value

    def with_value(self, name: str, text: str, option: str = "--set") -> Self:
        """These settings with one of them changed to what a command line spells.

        Raises:
            SpaceError: There is no such setting, or the value is not valid.
        """
        flag = f"{option} training.{name}={text}"
        if name not in type(self).model_fields:
            known = type(self).model_fields
            raise SpaceError(
                f"{flag}: 'training.{name}' is neither a parameter of the search space nor a "
                f"training setting{suggestion(name, known)}",
                expected=", ".join(f"training.{k}" for k in known),
            )
        try:
            changed: Self = self.replace(**{name: text})
        except ValidationError as error:
            raise SpaceError(f"{flag}: {error.errors()[0]['msg']}", found=repr(text)) from None
        return changed
