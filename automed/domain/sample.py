"""One image with what is to be learnt from it."""

from __future__ import annotations

from pydantic import Field, model_validator

from automed.domain.frozen import Frozen


class Sample(Frozen):
    """An image, its target and the group it belongs to. Paths are relative to the data set."""

    id: str = Field(min_length=1)
    image: str
    """The image's file; that of its first channel where each channel has a file of its own."""
    channel_files: tuple[str, ...] = ()
    """The files of the further channels. Empty where one file holds all."""
    slice: int | None = Field(default=None, ge=0)
    """Which axial slice of the volumes in the files, from the feet up. None for an image."""
    masks: tuple[str, ...] = ()
    """Mask files, united where there are several (one per object). Empty for classification."""
    label: str | None = None
    """The class of the image. None for segmentation."""
    group: str | None = None
    """Patient, video sequence or plate; None only where the split policy waives groups."""

    @property
    def images(self) -> tuple[str, ...]:
        """All files of the image, in the order of its channels."""
        return (self.image, *self.channel_files)

    @model_validator(mode="after")
    def _one_target(self) -> Sample:
        if bool(self.masks) == (self.label is not None):
            raise ValueError(f"sample {self.id!r} needs either masks or a label, and not both")
        return self
