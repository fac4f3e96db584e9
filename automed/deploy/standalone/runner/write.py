"""Results as files: masks, overlays and a table."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from .model import Model, Prediction
from .preprocess import Image

_OPACITY = 0.45
_COLOURS = (
    (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0),
    (204, 121, 167),
)  # fmt: skip
"""Okabe and Ito, "Color Universal Design" (2008): told apart by colour-blind people too."""


def write_mask(mask: NDArray[np.uint8], path: Path, *, binary: bool) -> None:
    """A PNG of class indices, or of 0 and 255 where there is one class."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(mask * np.uint8(255) if binary else mask).save(path, format="PNG")


def write_overlay(image: Image, mask: NDArray[np.uint8], path: Path) -> None:
    """A PNG of the image with each class in a colour over it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = image[..., :3] if image.shape[2] >= 3 else np.repeat(image[..., :1], 3, axis=2)
    picture = picture.copy()
    for index in np.unique(mask[mask > 0]):
        where = mask == index
        colour = np.array(_COLOURS[(int(index) - 1) % len(_COLOURS)], np.float32)
        mixed = (1 - _OPACITY) * picture[where] + _OPACITY * colour
        picture[where] = np.rint(mixed).astype(np.uint8)
    Pillow.fromarray(picture).save(path, format="PNG")


def columns(model: Model) -> list[str]:
    """The header of the table: of a segmentation with several classes, four columns a class."""
    if model.kind == "classification":
        return ["file", "predicted", *(f"probability_{name}" for name in model.classes)]
    ends = [""] if model.binary else [f"_{name}" for name in model.classes]
    kinds = ("area_pixels", "area_share", "components", "confidence")
    return ["file", "mask", *(f"{kind}{end}" for end in ends for kind in kinds)]


def row(file: str, mask: str, prediction: Prediction) -> list[str]:
    """One line of the table; the confidence of a class that is not there is empty."""
    if prediction.mask is None:
        best = max(prediction.probabilities, key=lambda name: prediction.probabilities[name])
        return [file, best, *(f"{value:.6f}" for value in prediction.probabilities.values())]
    cells = []
    for region in prediction.regions.values():
        sure = "" if region.confidence is None else f"{region.confidence:.6f}"
        cells += [str(region.area), f"{region.share:.6f}", str(region.components), sure]
    return [file, mask, *cells]


def write_table(header: Sequence[str], rows: Sequence[Sequence[str]], path: Path) -> None:
    """A CSV in UTF-8; a file name that is no text is written with escapes."""
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    draft.replace(path)
