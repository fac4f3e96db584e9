"""Where a mask of several classes agrees with the truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from automed.analysis.class_colours import WRONG, class_colour
from automed.analysis.example import Example, Mask
from automed.analysis.picture_grid import Row, write_grid
from automed.analysis.shown_image import Image, as_rgb

COLUMNS = ("image", "ground truth", "prediction", "errors")


def colour_classes(mask: Mask) -> Image:
    """Every pixel in the colour of its class.

    Args:
        mask: Class indices, (H, W), 0 for background.

    Returns:
        uint8 RGB, (H, W, 3).
    """
    indices = np.asarray(mask, dtype=np.intp)
    colours = np.array([class_colour(index) for index in range(int(indices.max()) + 1)], np.uint8)
    picture: Image = colours[indices]
    return picture


def error_map(mask: Mask, prediction: Mask) -> Image:
    """Right pixels in the colour of their class, wrong ones in white.

    Args:
        mask: The truth: class indices, (H, W), 0 for background.
        prediction: The same.

    Returns:
        uint8 RGB, (H, W, 3).

    Raises:
        ValueError: The two differ in size.
    """
    truth, found = np.asarray(mask), np.asarray(prediction)
    if truth.shape != found.shape:
        raise ValueError(f"the mask is {truth.shape}, the prediction {found.shape}")
    picture = colour_classes(truth)
    picture[truth != found] = WRONG
    return picture


def write_class_overlays(
    examples: Sequence[Example], classes: Sequence[str], path: Path, title: str
) -> Path:
    """A grid with one row an example: image, truth, prediction and where they differ.

    The legend names the classes that an example has or is said to have.

    Args:
        examples: At least one.
        classes: Names of the foreground classes; a class beyond them is numbered.
        path: The PNG to write.
        title: Above the grid.

    Raises:
        ValueError: There is no example, or one whose mask and prediction differ in size.
    """
    rows = [_row(example) for example in examples]
    seen = {int(i) for e in examples for mask in (e.mask, e.prediction) for i in np.unique(mask)}
    names = dict(enumerate(("background", *classes)))
    legend = [(names.get(i, f"class {i}"), class_colour(i)) for i in sorted(seen | {0})]
    return write_grid(rows, COLUMNS, [*legend, ("wrong", WRONG)], path, title)


def _row(example: Example) -> Row:
    pictures = (
        as_rgb(example.image),
        colour_classes(example.mask),
        colour_classes(example.prediction),
        error_map(example.mask, example.prediction),
    )
    return Row(example.caption, pictures)
