"""Which pixels of a mask are foreground."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from automed.data.decode import Pixels
from automed.data.intensity import in_colour, on_black

MaskRule = Literal["half", "nonzero"]


def foreground(pixels: Pixels, rule: MaskRule) -> NDArray[np.bool_]:
    """The foreground (H, W) of a decoded mask.

    ``half``: any channel above half of the full range, which is 1 for bool and for files that hold
    nothing above 1, else 255, else (values above 255) 65535. JPEG masks always have the range 255,
    because their flat black may hold ones. ``nonzero``: any channel that is not 0.

    A coloured palette marks a label map: every colour but black is foreground under both rules
    (every index but 0 where the palette has no black). Where the colour is the same everywhere
    and only alpha varies, alpha is the mask. That a TIFF asks to be shown inverted is ignored:
    ImageJ and tifffile write masks so, whose foreground is the high value all the same.
    """
    values = pixels.values
    if pixels.palette is not None:
        colours = in_colour(values, pixels.palette)
        if np.ptp(pixels.palette, axis=1).any():
            has_black = not pixels.palette.any(axis=1).all()
            return np.asarray(colours.any(axis=-1) if has_black else values[..., 0] > 0)
        values = colours
    if pixels.alpha is not None and np.ptp(values, axis=(0, 1)).max() == 0:
        values = pixels.alpha[..., None] if np.ptp(pixels.alpha) else values
    else:
        values = on_black(values, pixels.alpha)
    return _above(values, rule, pixels.jpeg)


def _above(values: NDArray[Any], rule: MaskRule, jpeg: bool) -> NDArray[np.bool_]:
    if values.dtype == np.bool_:
        return np.asarray(values.any(axis=-1))
    if values.dtype.kind == "f":
        values = np.nan_to_num(values, nan=0, posinf=0, neginf=0)
    if rule == "nonzero":
        return np.asarray((values != 0).any(axis=-1))
    return np.asarray((values > _full_range(values, jpeg) / 2).any(axis=-1))


def _full_range(values: NDArray[Any], jpeg: bool) -> int:
    highest = values.max()
    if highest <= 1 and not jpeg:
        return 1
    return 255 if highest <= 255 else 65535
