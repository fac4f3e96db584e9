"""Where a binary mask agrees with the truth: the colours of Jeong et al. 2023, figures 4 and 5."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from automed.analysis.example import Example, Mask
from automed.analysis.picture_grid import Row, write_grid
from automed.analysis.shown_image import Image, as_rgb

TP = (0, 255, 255)
"""Cyan: foreground, found."""
FP = (255, 105, 180)
"""Pink: background, called foreground."""
FN = (0, 100, 0)
"""Dark green: foreground, missed."""
TN = (0, 0, 0)
"""Black: background, left alone."""

LEGEND = (
    ("true positive", TP), ("false positive", FP), ("false negative", FN), ("true negative", TN),
)  # fmt: skip
COLUMNS = ("image", "ground truth", "prediction", "overlay", "overlay on image")


def class_map(mask: Mask, prediction: Mask) -> Image:
    """The paper's picture: every pixel in the colour of its outcome.

    Args:
        mask: The truth, (H, W), foreground where not zero.
        prediction: (H, W), foreground where not zero.

    Returns:
        uint8 RGB, (H, W, 3).

    Raises:
        ValueError: The two differ in size.
    """
    truth, found = np.asarray(mask) != 0, np.asarray(prediction) != 0
    if truth.shape != found.shape:
        raise ValueError(f"the mask is {truth.shape}, the prediction {found.shape}")
    picture = np.empty((*truth.shape, 3), dtype=np.uint8)
    picture[:] = TN
    picture[truth & found] = TP
    picture[~truth & found] = FP
    picture[truth & ~found] = FN
    return picture


def blend(image: Image, mask: Mask, prediction: Mask, opacity: float = 0.55) -> Image:
    """The outcomes over the image; true negatives show the image alone.

    Args:
        image: uint8, (H, W, C).
        mask: The truth, (H, W), foreground where not zero.
        prediction: (H, W), foreground where not zero.
        opacity: Of the colours, in [0, 1].

    Returns:
        uint8 RGB, (H, W, 3).
    """
    colours = class_map(mask, prediction).astype(np.float32)
    base = as_rgb(image).astype(np.float32)
    touched = (np.asarray(mask) != 0) | (np.asarray(prediction) != 0)
    mixed = np.where(touched[..., None], (1 - opacity) * base + opacity * colours, base)
    return np.asarray(np.rint(mixed), dtype=np.uint8)


def write_overlays(examples: Sequence[Example], path: Path, title: str) -> Path:
    """A grid with one row an example: image, truth, prediction and the two overlays.

    Raises:
        ValueError: There is no example, or one whose mask and prediction differ in size.
    """
    return write_grid([_row(example) for example in examples], COLUMNS, LEGEND, path, title)


def _row(example: Example) -> Row:
    truth, found = (
        np.where((np.asarray(mask) != 0)[..., None], 255, 0).astype(np.uint8)
        for mask in (example.mask, example.prediction)
    )
    pictures = (
        as_rgb(example.image),
        as_rgb(truth),
        as_rgb(found),
        class_map(example.mask, example.prediction),
        blend(example.image, example.mask, example.prediction),
    )
    return Row(example.caption, pictures)
