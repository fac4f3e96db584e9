"""How well a mask fits its image where it lies, and where it would fit better."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from automed.data.resize import resize_image

SIDE = 128
"""Longer side of the thumbnails in which a mask is moved over its image."""

REACH = 32
"""Pixels of a thumbnail by which it is moved, at most, in every direction."""

_BLUR = 1.5
_KERNEL = 11
_STRONG = 0.75

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Fit:
    """How well the outline of a mask lies on the edges of its image.

    Attributes:
        offset: Where it fits best: pixels of a thumbnail down and to the right from where it lies.
        peak: How well it fits there, 0 to about 1.
        centre: How well it fits within a pixel of where it lies.
        surface: The same for every second offset, the best within a pixel of it; float16, shape
            (`REACH` + 1, `REACH` + 1).
    """

    offset: tuple[int, int]
    peak: float
    centre: float
    surface: NDArray[np.float16]

    @property
    def distance(self) -> float:
        """Pixels of a thumbnail from where the mask lies to where it fits best."""
        return float(np.hypot(*self.offset))


def fit_of(image: NDArray[np.uint8], mask: NDArray[np.uint8]) -> Fit | None:
    """Move the outline of a mask over the edges of an image, in each of three channels.

    Edges count by their direction, and hardly by their strength: a faint border of a polyp counts
    as much as a light on it. Lighter and darker objects count alike.

    Args:
        image: uint8, shape (height, width, channels).
        mask: Any value but 0 is foreground, shape (height, width).

    Returns:
        None where there is no outline, because the mask is empty or full.
    """
    height, width = mask.shape
    scale = SIDE / max(height, width)
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    inside = cv2.resize((mask > 0).astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA)
    if inside.min() == inside.max():
        return None
    outline = _gradient(inside.astype(np.float32) / 255)
    wanted = [_spectrum(part) for part in outline]
    best = np.zeros((2 * REACH + 1, 2 * REACH + 1), np.float32)
    for channel in _channels(image, size):
        right, down = (
            cv2.mulSpectrums(_spectrum(edges), part, 0, conjB=True)
            for edges, part in zip(_edges(channel), wanted, strict=True)
        )
        np.maximum(best, np.abs(_near(cv2.add(right, down))), out=best)
    return _fit(best / cv2.sumElems(cv2.magnitude(*outline))[0])


def _fit(values: Floats) -> Fit:
    down, right = (int(i) for i in np.unravel_index(values.argmax(), values.shape))
    pooled = cv2.dilate(values, np.ones((3, 3), np.uint8))
    return Fit(
        offset=(down - REACH, right - REACH),
        peak=float(values.max()),
        centre=float(pooled[REACH, REACH]),
        surface=pooled[::2, ::2].astype(np.float16),
    )


def _channels(image: NDArray[np.uint8], size: tuple[int, int]) -> list[Floats]:
    """Lightness and two colours, or up to three channels of their own; none that is flat."""
    small = resize_image(image[..., :3], size[::-1])
    if image.shape[2] == 3:
        small = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)
    channels = [np.ascontiguousarray(small[..., i]) for i in range(small.shape[2])]
    return [c.astype(np.float32) for c in channels if c.min() < c.max()]


def _edges(channel: Floats) -> tuple[Floats, Floats]:
    """Gradients whose lengths differ little, but for those of flat ground."""
    right, down = _gradient(channel)
    length = cv2.magnitude(right, down)
    place = int(_STRONG * length.size)
    usual = float(np.partition(length, place, axis=None)[place])
    length += usual + 1e-3
    return right / length, down / length


def _gradient(values: Floats) -> tuple[Floats, Floats]:
    smooth = cv2.GaussianBlur(values, (_KERNEL, _KERNEL), _BLUR)
    return cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)


def _spectrum(values: Floats) -> Floats:
    """Fourier coefficients, packed, of a thumbnail with room to be moved."""
    height, width = (cv2.getOptimalDFTSize(side + REACH) for side in values.shape)
    padded = np.zeros((height, width), np.float32)
    padded[: values.shape[0], : values.shape[1]] = values
    found: Floats = cv2.dft(padded)
    return found


def _near(spectrum: Floats) -> Floats:
    """The correlation for offsets of up to `REACH`, the offset 0 in the middle."""
    whole = cv2.idft(spectrum, flags=cv2.DFT_REAL_OUTPUT | cv2.DFT_SCALE)
    near = np.arange(-REACH, REACH + 1)
    found: Floats = whole[np.ix_(near % whole.shape[0], near % whole.shape[1])]
    return found
