"""Cutting off borders that show nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_TOLERANCE = 10
"""Grey levels within which a border is one colour: JPEG and sensors leave noise in black."""
_SHARE = 0.99
"""Of a row or column that must be of the border's colour; the rest may be specks."""
_LEAST = 0.25
"""Share of height and width that must remain."""

Box = tuple[slice, slice]
"""Rows and columns that are kept."""


def crop_box(image: NDArray[np.uint8]) -> Box:
    """What of an image lies inside its empty borders.

    A row or column at the edge is empty where 99 % of it has the colour of the edge (black around
    an endoscope's picture or a scan, white around a slide), up to 10 grey levels in each channel.
    Each side has a colour of its own. Only the image decides, so that the same box is found
    where there is no mask.

    Where less than a quarter of height or width would remain, nothing is cut: a nearly empty image,
    such as a volume's outermost slice, is not blown up.

    Args:
        image: Shape (height, width, channels), 0 to 255, at its native size.

    Returns:
        Slices of rows and of columns, for the image and its mask alike.
    """
    whole = (slice(0, image.shape[0]), slice(0, image.shape[1]))
    box, cut = None, whole
    while box != cut:  # without its left border, a row at the top may be empty
        box = cut
        cut = _smaller(image, box)
        if _length(cut[0]) < _LEAST * len(image) or _length(cut[1]) < _LEAST * image.shape[1]:
            return whole
    return cut


def _smaller(image: NDArray[np.uint8], box: Box) -> Box:
    """The box without the empty lines at its four sides; maybe nothing is left of it."""
    rows, columns = box
    inside = image[box]
    return (
        slice(rows.start + _empty_lines(inside), rows.stop - _empty_lines(inside[::-1])),
        slice(
            columns.start + _empty_lines(inside.swapaxes(0, 1)),
            columns.stop - _empty_lines(inside.swapaxes(0, 1)[::-1]),
        ),
    )


def _length(lines: slice) -> int:
    return int(lines.stop - lines.start)


def _empty_lines(lines: NDArray[np.uint8]) -> int:
    """How many lines from the first on are of the first one's colour."""
    colour = np.median(lines[0], axis=0)
    for count, line in enumerate(lines):
        alike = (np.abs(line - colour) <= _TOLERANCE).all(axis=1)
        if alike.mean() < _SHARE:
            return count
    return len(lines)
