"""Steps of preprocessing by name, and chains of them such as ``crop+clahe``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automed.data.preprocess.contrast import clahe
from automed.data.preprocess.crop import crop_box
from automed.data.preprocess.denoise import denoise, median
from automed.data.preprocess.otsu import otsu, otsu_bright
from automed.data.preprocess.stain import macenko, reinhard
from automed.data.preprocess.white_balance import grey_world
from automed.domain.component import Preprocessing
from automed.domain.errors import DataError, PluginError
from automed.domain.suggestion import suggestion
from automed.registry.components import WithPlugins, declared

Image = NDArray[np.uint8]
"""Pixels, shape (height, width, channels), 0 to 255."""
Mask = NDArray[np.uint8]
"""Class indices, shape (height, width)."""

RAW = "raw"
"""The chain of no steps."""
CROP = "crop"
"""The step that works on image and mask at their native size."""

_OWN: dict[str, Callable[[Image], Image]] = {
    "otsu": otsu,
    "otsu_bright": otsu_bright,
    "clahe": clahe,
    "grey_world": grey_world,
    "macenko": macenko,
    "reinhard": reinhard,
    "denoise": denoise,
    "median": median,
}


def _of_plugin(step: Preprocessing) -> Callable[[Image], Image]:
    def apply(image: Image) -> Image:
        done = step.apply(image)
        if getattr(done, "shape", None) != image.shape or done.dtype != np.uint8:
            raise PluginError(
                f"the preprocessing {step.name!r} of a plugin changes shape or type",
                found=f"{getattr(done, 'dtype', type(done).__name__)} of shape "
                f"{getattr(done, 'shape', None)}",
                expected=f"uint8 of shape {image.shape}",
            )
        return done

    return apply


PREPROCESS = WithPlugins(_OWN, Preprocessing, _of_plugin)
"""The steps that change an image at the model's input size. Raise `cache.FORMAT` with each change
of what one of them gives."""

_COLOUR = {"grey_world", "macenko", "reinhard"}


@dataclass(frozen=True)
class Chain:
    """What is done to an image before it is cached, in two halves, and again before a prediction.

    Attributes:
        names: The steps, in their order; none for ``raw``.
    """

    names: tuple[str, ...]

    def __str__(self) -> str:
        return "+".join(self.names) or RAW

    @property
    def versions(self) -> list[int]:
        """Of the steps that are plugins'."""
        own = {} if set(self.names) <= {CROP, *_OWN} else declared(Preprocessing)
        return [own[name].version for name in self.names if name in own]

    def at_native_size(self, image: Image, mask: Mask | None) -> tuple[Image, Mask | None]:
        """What comes before resizing: cutting off empty borders, of the mask as of the image."""
        if CROP not in self.names:
            return image, mask
        box = crop_box(image)
        return image[box], None if mask is None else mask[box]

    def at_final_size(self, image: Image) -> Image:
        """What comes after resizing."""
        for name in self.names:
            if name != CROP:
                image = PREPROCESS[name](image)
        return image


def read_chain(text: str, channels: int) -> Chain:
    """Read the names of steps, joined by ``+``, applied from left to right.

    ``raw`` stands alone. ``crop`` comes first: it works on the image as it was read, the others at
    the model's input size.

    Args:
        text: As a task or a search space gives it in ``data.preprocess``.
        channels: Of the images.

    Raises:
        DataError: A step is unknown, repeated, in a place that it cannot have, or for colour
            images while these have none.
    """
    names = tuple(name.strip() for name in text.split("+"))
    for name in names:
        if name not in (RAW, CROP) and name not in PREPROCESS:
            known = (RAW, CROP, *PREPROCESS)
            raise DataError(
                f"there is no preprocessing {name!r}{suggestion(name, known)}",
                found=f"data.preprocess = {text!r}",
                expected=f"{', '.join(known)}, or several joined by +, such as crop+clahe",
            )
    if names == (RAW,):
        return Chain(())
    _check_order(names, text)
    _check_colour(names, text, channels)
    return Chain(names)


def _check_order(names: tuple[str, ...], text: str) -> None:
    found = f"data.preprocess = {text!r}"
    if RAW in names:
        raise DataError(
            "raw, which does nothing, cannot be joined with other preprocessing",
            found=found,
            expected="+".join(dict.fromkeys(n for n in names if n != RAW)) or RAW,
        )
    if len(set(names)) < len(names):
        raise DataError(
            "a preprocessing is named twice", found=found, expected="+".join(dict.fromkeys(names))
        )
    if CROP in names[1:]:
        raise DataError(
            "crop must come first: it works before the image is resized, the others after",
            found=found,
            expected="+".join((CROP, *(n for n in names if n != CROP))),
        )


def _check_colour(names: tuple[str, ...], text: str, channels: int) -> None:
    wrong = [name for name in names if name in _COLOUR]
    if wrong and channels != 3:
        without = "+".join(n for n in names if n not in _COLOUR) or RAW
        raise DataError(
            f"preprocessing {wrong[0]!r} works on colours",
            found=f"data.preprocess = {text!r}, and images of {channels} channels",
            expected="3 channels",
            hint=f"--set data.preprocess={without}, or a task with channels = 3",
        )
