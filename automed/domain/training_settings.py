"""Settings of a training that are fixed for a study rather than searched."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, ValidationError

from automed.domain.errors import SpaceError
from automed.domain.frozen import Frozen
from automed.domain.space_edit import suggestion


class TrainingSettings(Frozen):
    """How long and how each trial trains. ``--set training.<field>=value`` changes one."""

    epochs: int = Field(default=100, ge=1)
    patience: int = Field(default=15, ge=1)
    """Epochs without a better guide metric after which a training ends."""
    schedule: Literal["constant", "cosine"] = "cosine"
    """Learning rate over the epochs; cosine falls to 1 % of the start."""
    class_weights: bool = False
    """Weight each class c by N / (n_c C) in the loss."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """auto: bf16 autocast where the device computes in it natively, else fp32."""
    clip_norm: float | None = Field(default=None, gt=0)
    """Largest norm of the gradient; None: not clipped."""

    def with_value(self, name: str, text: str) -> Self:
        """These settings with one of them changed to what a command line spells.

        Raises:
            SpaceError: There is no such setting, or the value is not valid.
        """
        flag = f"--set training.{name}={text}"
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
