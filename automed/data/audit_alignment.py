"""Whether one image is a copy of another: turned, mirrored, trimmed, compressed again."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from automed.data.perceptual_hash import SIDE, Floats, Thumbs, warp_of, warped, windows

COPY = 0.88
"""Correlation of the details of two aligned images from which one is a copy of the other.

Measured: copies that were mirrored, trimmed by up to 12 % and saved as JPEG of quality 40 have .92
to 1; the nearest different images of six data sets up to .85, but for frames of one video."""

_ROUGH = 24
"""Side of the thumbnails that are laid on each other without being moved."""

_HOPEFUL = 0.5
"""Correlation of such thumbnails from which an exact alignment is tried."""

_PROMISING = 0.7
"""Correlation after the alignment of half-size thumbnails from which whole ones are aligned."""

_TRIES = 2
"""From how many rough alignments."""

_BLUR = 4.0
_LEAST_COMMON = 0.5


class Aligner:
    """Lays thumbnails on each other.

    Args:
        thumbs: Shape (n, `SIDE`, `SIDE`), uint8.
        others: A second set; None: the first one.
    """

    def __init__(self, thumbs: Thumbs, others: Thumbs | None = None) -> None:
        self._mine, self._my_cuts = thumbs, _Cuts(thumbs)
        self._theirs = thumbs if others is None else others
        self._their_cuts = self._my_cuts if others is None else _Cuts(others)

    def likeness(self, one: int, other: int) -> float:
        """Correlation of the details of two images, laid on each other as well as they can be.

        Args:
            one: Index into the first set.
            other: Index into the second set.

        Returns:
            -1 to 1; -1 where there is no way to lay one on the other.
        """
        best = -1.0
        for way, start in self._starts(one, other):
            turned = np.ascontiguousarray(_turned(self._mine[one], way)).astype(np.float32)
            best = max(best, _aligned(turned, self._theirs[other].astype(np.float32), start))
            if best >= COPY:
                break
        return best

    def _starts(self, one: int, other: int) -> list[tuple[int, Floats]]:
        """How to turn the first image, and the matrices that lay it roughly on the second."""
        mine, theirs = self._my_cuts.of(one), self._their_cuts.of(other)
        whole = theirs @ mine[0][_TURNS].T  # window of the second image, way
        cut = mine[:, _TURNS] @ theirs[0]  # window of the first image, way
        fits = np.stack([whole, cut])
        found = []
        for place in np.argsort(fits, axis=None)[::-1][:_TRIES]:
            part, window, way = (int(i) for i in np.unravel_index(place, fits.shape))
            if fits[part, window, way] >= _HOPEFUL:
                found.append((way, _start(part, window, way)))
        return found


def details(values: NDArray[np.generic], blur: float = _BLUR) -> Floats:
    """An image without its slow changes, such as light that falls off to the corners."""
    found: Floats = values - cv2.GaussianBlur(values, (0, 0), blur)
    return found


class _Cuts:
    """Details of the windows of images, small and of length 1; made for those asked for."""

    def __init__(self, thumbs: Thumbs) -> None:
        self._thumbs = thumbs
        self._matrices = [warp_of(window, SIDE) for window in windows()]
        self._made: dict[int, NDArray[np.float16]] = {}

    def of(self, index: int) -> Floats:
        """Shape (windows, pixels)."""
        if index not in self._made:
            self._made[index] = self._make(self._thumbs[index])
        return self._made[index].astype(np.float32)

    def _make(self, thumb: Thumbs) -> NDArray[np.float16]:
        fine = details(thumb.astype(np.float32))
        found = np.empty((len(self._matrices), _ROUGH * _ROUGH), np.float16)
        for row, matrix in enumerate(self._matrices):
            small = cv2.resize(warped(fine, matrix), (_ROUGH, _ROUGH), interpolation=cv2.INTER_AREA)
            values = small.ravel() - small.mean()
            found[row] = values / (np.linalg.norm(values) + 1e-6)
        return found


def _start(part: int, window: int, way: int) -> Floats:
    """The matrix from pixels of the second image to those of the first, turned image."""
    top, left, size = windows()[window]
    if part == 0:
        whole = np.vstack([warp_of((top, left, size), SIDE), [0, 0, 1]])
        return np.linalg.inv(whole)[:2].astype(np.float32)
    if way & 4:
        top, left = left, top
    left = 1 - size - left if way & 1 else left
    top = 1 - size - top if way & 2 else top
    return warp_of((top, left, size), SIDE)


def _aligned(one: Floats, other: Floats, start: Floats) -> float:
    """The correlation after an affine alignment (Evangelidis and Psarakis 2008)."""
    half = (SIDE // 2, SIDE // 2)
    mine, theirs = (cv2.resize(each, half, interpolation=cv2.INTER_AREA) for each in (one, other))
    start = start.copy()
    start[:, 2] = (start[:, 2] - (start[:, :2].sum(axis=1) - 1) / 2) / 2
    fit, matrix = _moved(mine, theirs, start, 15, _BLUR / 2)
    if fit < _PROMISING:
        return fit
    matrix[:, 2] = matrix[:, 2] * 2 + (matrix[:, :2].sum(axis=1) - 1) / 2
    return _moved(one, other, matrix, 20, _BLUR)[0]


def _moved(
    one: Floats, other: Floats, start: Floats, steps: int, blur: float
) -> tuple[float, Floats]:
    ends = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, steps, 1e-3)
    try:
        _, found = cv2.findTransformECC(other, one, start, cv2.MOTION_AFFINE, ends, None, 5)
    except cv2.error:  # it did not converge: these two do not fit
        return -1.0, start
    matrix: Floats = np.asarray(found, np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    common = cv2.warpAffine(np.ones_like(one), matrix, one.shape[::-1], flags=flags) > 0.99
    if common.mean() < _LEAST_COMMON:
        return -1.0, matrix
    mine, theirs = details(warped(one, matrix), blur)[common], details(other, blur)[common]
    mine, theirs = mine - mine.mean(), theirs - theirs.mean()
    scale = float(np.sqrt((mine @ mine) * (theirs @ theirs)))
    return (float(mine @ theirs) / scale if scale > 0 else -1.0), matrix


def _turned(values: NDArray[np.generic], way: int) -> NDArray[np.generic]:
    """One of eight ways: bit 2 exchanges rows and columns, bit 0 mirrors columns, bit 1 rows."""
    turned = values.T if way & 4 else values
    turned = turned[:, ::-1] if way & 1 else turned
    return turned[::-1] if way & 2 else turned


_PLACES = np.arange(_ROUGH * _ROUGH).reshape(_ROUGH, _ROUGH)
_TURNS = np.stack([_turned(_PLACES, way).ravel() for way in range(8)])
"""Where the pixels of a turned thumbnail come from, shape (8, pixels)."""
