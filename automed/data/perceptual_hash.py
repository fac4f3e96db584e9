"""What an image looks like in a few numbers that turning and mirroring leave alone.

Duplicates are sought in two steps. This module finds candidates: the absolute coefficients of a
discrete cosine transform do not change when an image is mirrored, and sums and differences of
those of (u, v) and (v, u) not when it is turned. `automed.data.audit_alignment` then lays two
candidates on each other, which is what decides.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 64
"""Height and width of a thumbnail in pixels."""

TRIMS = (0.0, 0.08)
"""Shares of height and width that copies are supposed to have lost, on either side or on both."""

ALIKE = 0.92
"""Cosine of two hashes from which two images are laid on each other."""

NEAREST = 6
"""How many candidates each image has at most."""

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_ORDER = 8
_BLOCK = 512

Thumbs = NDArray[np.uint8]
Floats = NDArray[np.float32]


def thumbnail(image: NDArray[np.uint8]) -> Thumbs:
    """A grey image of `SIDE` x `SIDE` that spans 0 to 255; all 0 where the image is flat.

    Args:
        image: uint8, shape (height, width, channels).
    """
    # Shrunk before it turns grey, as float: dark images have but a few grey levels.
    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    small = small.reshape(SIDE, SIDE, -1)
    # The luma of JPEG, which compression harms least.
    grey = small @ _LUMA if small.shape[2] == 3 else small.mean(axis=2)
    low, high = float(grey.min()), float(grey.max())
    if high - low < 1:
        return np.zeros((SIDE, SIDE), np.uint8)
    return np.asarray(np.round((grey - low) * (255 / (high - low))), np.uint8)


def windows() -> list[tuple[float, float, float]]:
    """Top, left and size of the whole image and of its trimmed parts, as shares of the image."""
    found = [(0.0, 0.0, 1.0)]
    for trim in TRIMS[1:]:
        found += [(y, x, 1 - trim) for y in (0, trim / 2, trim) for x in (0, trim / 2, trim)]
    return found


def warp_of(window: tuple[float, float, float], side: int) -> Floats:
    """The 2 x 3 matrix that takes the pixels of a window from an image of ``side`` pixels."""
    top, left, size = window
    # OpenCV puts whole numbers at the middle of pixels, so that a window shifts by half of one.
    half = (size - 1) / 2
    rows = [[size, 0, left * side + half], [0, size, top * side + half]]
    return np.array(rows, np.float32)


def warped(thumb: NDArray[np.generic], matrix: Floats) -> NDArray[np.generic]:
    """Take an image through a 2 x 3 matrix from the result's pixels to the image's."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (thumb.shape[1], thumb.shape[0])
    found: NDArray[np.generic] = cv2.warpAffine(
        thumb, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return found


def spectra(thumbs: Thumbs) -> Floats:
    """Low coefficients of the cosine transform, shape (n, 8, 8); the mean is left out."""
    place = np.pi * (2 * np.arange(SIDE) + 1) / (2 * SIDE)
    basis = np.cos(np.arange(_ORDER)[:, None] * place).astype(np.float32)
    found = np.matmul(np.matmul(basis, thumbs.astype(np.float32)), basis.T)
    found[:, 0, 0] = 0
    return np.asarray(found, np.float32)


def hashes(thumbs: Thumbs) -> Floats:
    """Vectors of length 1, shape (n, 72), the same for all eight ways to turn and mirror."""
    size = np.abs(spectra(thumbs))
    rows, columns = np.triu_indices(_ORDER)
    one, other = size[:, rows, columns], size[:, columns, rows]
    both = np.concatenate([one + other, np.abs(one - other)], axis=1)
    return np.asarray(both / (np.linalg.norm(both, axis=1, keepdims=True) + 1e-9), np.float32)


def hashes_of_windows(thumbs: Thumbs) -> list[Floats]:
    """Hashes of the whole images and of their trimmed parts, one array a window."""
    found = [hashes(thumbs)]
    for window in windows()[1:]:
        matrix = warp_of(window, SIDE)
        blocks = range(0, len(thumbs), _BLOCK)
        found.append(np.concatenate([_cut(thumbs[i : i + _BLOCK], matrix) for i in blocks]))
    return found


def _cut(thumbs: Thumbs, matrix: Floats) -> Floats:
    return hashes(np.stack([warped(thumb, matrix) for thumb in thumbs]).astype(np.uint8))


def candidates(
    thumbs: Thumbs, others: Thumbs | None = None
) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Pairs of thumbnails that may show the same, in blocks, with how many images are done.

    Args:
        thumbs: Shape (n, `SIDE`, `SIDE`).
        others: A second set; None: pairs within the first, the smaller index first.

    Yields:
        How many of the first set are done, and pairs that no block before had.
    """
    within = others is None
    mine = hashes_of_windows(thumbs)
    theirs = mine if within else hashes_of_windows(others if others is not None else thumbs)
    for start in range(0, len(thumbs), _BLOCK):
        rows = slice(start, start + _BLOCK)
        likeness = mine[0][rows] @ theirs[0].T
        for cut in range(1, len(mine)):
            np.maximum(likeness, mine[cut][rows] @ theirs[0].T, out=likeness)
            np.maximum(likeness, mine[0][rows] @ theirs[cut].T, out=likeness)
        if within:
            own = np.arange(len(likeness))
            likeness[own, start + own] = -1
        yield min(start + _BLOCK, len(thumbs)), _pairs(likeness, start, within)


def _pairs(likeness: Floats, start: int, within: bool) -> list[tuple[int, int]]:
    most = min(NEAREST, likeness.shape[1])
    nearest = np.argpartition(-likeness, most - 1, axis=1)[:, :most]
    rows, places = np.nonzero(np.take_along_axis(likeness, nearest, axis=1) >= ALIKE)
    found = zip((rows + start).tolist(), nearest[rows, places].tolist(), strict=True)
    if not within:
        return sorted(found)
    return sorted({(min(pair), max(pair)) for pair in found})
