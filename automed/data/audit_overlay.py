"""Text and scale bars that were burnt into an image: a network reads them, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from automed.data.resize import resize_image

BRIGHT, DARK = 235, 20
"""Grey levels from which, and up to which, every channel counts as ink."""

MOST_INK = 0.04
"""Share of the image beyond which bright or dark pixels are what the image shows."""

LETTERS = 5
"""Letters in a row that make a text: blobs come in rows of a few."""

_LARGEST = 768
_HEIGHTS = (5, 80)
_MOST_PARTS = 1000


class _Part(NamedTuple):
    """A connected piece of ink."""

    left: int
    top: int
    width: int
    height: int
    area: int


def overlay_of(image: NDArray[np.uint8]) -> str:
    """``text``, ``scale bar`` or empty.

    Ink is nearly white or nearly black in every channel and covers little. A scale bar is one long
    filled rectangle with sharp edges; text is a row of pieces of about one height, made of thin
    strokes. Rather misses one than invents one: lights, cells and vessels are round or bent.

    Args:
        image: uint8, shape (height, width, channels).
    """
    side = max(image.shape[:2])
    if side > _LARGEST:  # letters of a few pixels go; those of a large image are larger
        scale = _LARGEST / side
        height, width = (round(scale * length) for length in image.shape[:2])
        image = resize_image(image, (max(1, height), max(1, width)))
    image = image.reshape(*image.shape[:2], -1)
    for low, high in ((BRIGHT, 255), (0, DARK)):
        ink = _between(image, low, high)
        if 0 < cv2.countNonZero(ink) <= MOST_INK * ink.size:
            found = _in(ink, image)
            if found:
                return found
    return ""


def _between(image: NDArray[np.uint8], low: int, high: int) -> NDArray[np.uint8]:
    """255 where every channel lies between two levels, else 0."""
    channels = [image[..., i] for i in range(image.shape[2])]
    found = cv2.inRange(np.ascontiguousarray(channels[0]), low, high)
    for channel in channels[1:]:
        if not cv2.countNonZero(found):
            break
        found = cv2.bitwise_and(found, cv2.inRange(np.ascontiguousarray(channel), low, high))
    return np.asarray(found, np.uint8)


def _in(ink: NDArray[np.uint8], image: NDArray[np.uint8]) -> str:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    if not 1 < count <= _MOST_PARTS:
        return ""
    shaped = [(i, _Part(*map(int, stats[i]))) for i in range(1, count)]
    if any(_is_bar(part, image) for _, part in shaped):
        return "scale bar"
    letters = [(i, part) for i, part in shaped if _may_be_letter(part)]
    if len(letters) < LETTERS:
        return ""
    return "text" if _has_text([part for i, part in letters if _is_thin(part, labels, i)]) else ""


def _is_bar(part: _Part, image: NDArray[np.uint8]) -> bool:
    height, width = image.shape[:2]
    thin, long = sorted((part.width, part.height))
    side = width if part.width > part.height else height
    if not (2 <= thin <= 0.04 * side and 0.05 * side <= long <= 0.6 * side and long >= 6 * thin):
        return False
    inside = (part.left > 0 and part.top > 0 and part.left + part.width < width
              and part.top + part.height < height)  # fmt: skip
    return inside and part.area >= 0.95 * part.width * part.height and _is_sharp(part, image)


def _is_sharp(part: _Part, image: NDArray[np.uint8]) -> bool:
    """Whether the ink ends within three pixels, all around."""
    top, left = max(part.top - 3, 0), max(part.left - 3, 0)
    bottom, right = part.top + part.height + 2, part.left + part.width + 2
    grey = image.mean(axis=2)
    within = float(np.median(grey[part.top : part.top + part.height,
                                  part.left : part.left + part.width]))  # fmt: skip
    if part.width > part.height:
        sides = (grey[top, part.left : right - 2], grey[min(bottom, grey.shape[0] - 1),
                 part.left : right - 2])  # fmt: skip
    else:
        sides = (grey[part.top : bottom - 2, left], grey[part.top : bottom - 2,
                 min(right, grey.shape[1] - 1)])  # fmt: skip
    return all(float(np.abs(side - within).min()) >= 60 for side in sides)


def _has_text(letters: Sequence[_Part]) -> bool:
    letters = sorted(letters)
    for first in letters:
        row, last = [first], first
        for letter in letters:
            if letter.left < last.left + last.width:
                continue
            off_line = abs(letter.top + letter.height - first.top - first.height)
            close = letter.left - last.left - last.width <= 1.2 * first.height
            alike = 0.6 * first.height <= letter.height <= 1.67 * first.height
            if off_line <= max(1, 0.12 * first.height) and alike and close:
                row.append(letter)
                last = letter
        if len(row) >= LETTERS:
            return True
    return False


def _may_be_letter(part: _Part) -> bool:
    low, high = _HEIGHTS
    if not (low <= part.height <= high and part.width <= 1.5 * part.height):
        return False
    # An I, a 1 or an l is a filled stroke.
    return part.area <= 0.75 * part.width * part.height or part.width <= 0.3 * part.height


def _is_thin(part: _Part, labels: NDArray[np.int32], index: int) -> bool:
    """Whether a piece is made of strokes, rather than a blob."""
    rows = slice(part.top, part.top + part.height)
    columns = slice(part.left, part.left + part.width)
    alone = np.pad((labels[rows, columns] == index).astype(np.uint8), 1)
    half = float(cv2.distanceTransform(alone, cv2.DIST_L1, 3).max())
    return half <= max(1.0, 0.2 * part.height)
