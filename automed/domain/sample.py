"""One image with what is to be learnt from it."""

from __future__ import annotations

from pydantic import Field, model_validator

from automed.domain.frozen import Frozen


class Sample(Frozen):
    """An image, its target and the group it belongs to. Paths are relative to the data set."""

    id: str = Field(min_length=1)
    image: str
    masks: tuple[str, ...] = ()
    """Mask files, united where there are several (one per object). Empty for classification."""
    label: str | None = None
    """The class of the image. None for segmentation."""
    group: str | None = None
    """Patient, video sequence or plate; None only where the split policy waives groups."""

    @model_validator(mode="after")
    def _one_target(self) -> Sample:
        if bool(self.masks) == (self.label is not None):
            raise ValueError(f"sample {self.id!r} needs either masks or a label, and not both")
        return self
