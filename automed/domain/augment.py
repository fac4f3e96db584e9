"""How training images are varied."""

from __future__ import annotations

from typing import Any, Self

from pydantic import (
    Field,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from automed.domain.frozen import Frozen, for_digest

_MOST = {
    "horizontal_flip": 1.0, "vertical_flip": 1.0, "rotation": 180.0, "shift": 0.9, "zoom": 0.9,
    "shear": 60.0, "elastic": 0.08,
    "brightness": 1.0, "contrast": 1.0, "gamma": 0.9, "saturation": 1.0, "hue": 0.5,
    "blur": 1.0, "gauss_noise": 1.0, "coarse_dropout": 1.0,
}  # fmt: skip
"""The chances and ranges, which a strength multiplies, and how far each goes."""


def _from_zero(name: str) -> float:
    field: float = Field(default=0.0, ge=0, le=_MOST[name])
    return field


class Augment(Frozen):
    """Chances and ranges; zero switches a step off. Drawn anew for each sample.

    Chances (flips, blur, noise, dropout) say how many samples a step is for; ranges (all others)
    bound what is drawn, uniformly, for every sample.
    """

    horizontal_flip: float = _from_zero("horizontal_flip")
    vertical_flip: float = _from_zero("vertical_flip")
    rotation: float = _from_zero("rotation")
    """Largest angle, in degrees."""
    shift: float = _from_zero("shift")
    """Largest shift, as a share of height and width."""
    zoom: float = _from_zero("zoom")
    """Largest change of scale: 0.1 draws from 0.9 to 1.1."""
    zoom_each_axis: bool = False
    """Whether height and width draw a scale each, as Keras' ``zoom_range``, or share one."""
    shear: float = _from_zero("shear")
    """Largest shear, in degrees."""
    elastic: float = _from_zero("elastic")
    """Largest displacement of a control point, as a share of height and width. There are 7x7
    points; from half their spacing on, 0.083, an image would fold over itself."""
    brightness: float = _from_zero("brightness")
    """Largest change of the factor that intensities are multiplied by: 0.2 draws from 0.8 to
    1.2."""
    contrast: float = _from_zero("contrast")
    """The same for each pixel's distance from the image's mean."""
    gamma: float = _from_zero("gamma")
    """The same for the exponent of intensities in [0, 1]."""
    saturation: float = _from_zero("saturation")
    """The same for each pixel's distance from its own grey; images of 3 channels only."""
    hue: float = _from_zero("hue")
    """Largest turn of the colour circle, as a share of it; images of 3 channels only."""
    blur: float = _from_zero("blur")
    """Chance of a Gaussian blur."""
    blur_sigma: float = Field(default=2.0, ge=0.1, le=50)
    """Largest standard deviation of the blur, in pixels; drawn from 0.1 on."""
    gauss_noise: float = _from_zero("gauss_noise")
    """Chance of Gaussian noise."""
    gauss_noise_std: float = Field(default=0.05, gt=0)
    """Largest standard deviation of the noise on the [0, 1] scale."""
    gauss_noise_std_min: float = Field(default=0.0, ge=0)
    """Smallest one. The *variance* is drawn, as by albumentations' ``GaussNoise``."""
    coarse_dropout: float = _from_zero("coarse_dropout")
    """Chance of coarse dropout."""
    coarse_dropout_holes: int = Field(default=8, ge=1)
    coarse_dropout_size: int = Field(default=10, ge=1)
    """Largest side of a hole, in pixels; holes are filled with 0."""
    coarse_dropout_size_min: int = Field(default=1, ge=1)
    """Smallest side."""

    own: str = ""
    """Augmentations of a plugin, joined by ``+``; applied last, with no strength."""

    @model_serializer(mode="wrap")
    def _told(self, rest: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        """Without ``own`` where it is empty: digests, which seed the draws, stay what they were."""
        told: dict[str, Any] = rest(self)
        if for_digest(info) and not self.own:
            told.pop("own", None)
        return told

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for name in ("gauss_noise_std", "coarse_dropout_size"):
            least, most = getattr(self, f"{name}_min"), getattr(self, name)
            if least > most:
                raise ValueError(f"{name}_min = {least} is above {name} = {most}")
        return self

    def scaled(self, strength: float) -> Augment:
        """All chances and ranges times a strength, kept at or below their upper bounds.

        Sizes and standard deviations stay: those of a step that is off have no effect.
        """
        changed: Augment = self.replace(
            **{name: min(strength * getattr(self, name), most) for name, most in _MOST.items()}
        )
        return changed
