"""Where a segmentation agrees with the truth: the colours of Jeong et al. 2023, figures 4 and 5."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray

from automed.analysis.figure import new_figure, save
from automed.analysis.palette import FAINT, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Image = NDArray[np.uint8]

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
_CELL, _GAP, _CAPTION, _HEAD, _FOOT = 1.75, 0.08, 0.24, 0.55, 0.38
"""In inches: width of a picture, space between two, a row's caption, the page's head and foot."""
COLUMNS = ("image", "ground truth", "prediction", "overlay", "overlay on image")


@dataclass(frozen=True)
class Example:
    """One image with its truth and its prediction.

    Attributes:
        id: The sample's id.
        image: uint8, (H, W, C) with C 1 or 3.
        mask: The truth, (H, W), foreground where not zero.
        prediction: (H, W), foreground where not zero.
        dice: Of this image, in [0, 1].
    """

    id: str
    image: Image
    mask: NDArray[np.generic]
    prediction: NDArray[np.generic]
    dice: float


def class_map(mask: NDArray[np.generic], prediction: NDArray[np.generic]) -> Image:
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


def blend(
    image: Image,
    mask: NDArray[np.generic],
    prediction: NDArray[np.generic],
    opacity: float = 0.55,
) -> Image:
    """The outcomes over the image; true negatives show the image alone.

    Args:
        image: uint8, (H, W, C) with C 1 or 3.
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


def as_rgb(image: Image) -> Image:
    """A uint8 image (H, W) or (H, W, C), C 1 or 3, as (H, W, 3)."""
    planes = image[..., None] if image.ndim == 2 else image
    return np.ascontiguousarray(np.broadcast_to(planes, (*planes.shape[:2], 3)))


def write_overlays(examples: Sequence[Example], path: Path, title: str) -> Path:
    """A grid with one row an example: image, truth, prediction and the two overlays.

    Raises:
        ValueError: There is no example, or one whose mask and prediction differ in size.
    """
    if not examples:
        raise ValueError("no example to draw")
    height, width = examples[0].image.shape[:2]
    cell = _CELL * height / width
    row = cell + _CAPTION
    size = (
        len(COLUMNS) * (_CELL + _GAP) + _GAP,
        _HEAD + len(examples) * row + _FOOT,
    )
    # One pair of axes in inches for all: a pair for each picture takes four times as long.
    figure = new_figure(*size, dpi=150, arrange=False)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    for number, example in enumerate(examples):
        bottom = size[1] - _HEAD - (number + 1) * row
        _draw_row(axes, example, bottom, cell)
    axes.set(xlim=(0, size[0]), ylim=(0, size[1]))
    _write_heading(axes, title, size)
    _draw_legend(figure)
    return save(figure, path)


def _draw_row(axes: Axes, example: Example, bottom: float, cell: float) -> None:
    truth, found = (
        np.where((np.asarray(m) != 0)[..., None], 255, 0).astype(np.uint8)
        for m in (example.mask, example.prediction)
    )
    pictures = (
        as_rgb(example.image),
        as_rgb(truth),
        as_rgb(found),
        class_map(example.mask, example.prediction),
        blend(example.image, example.mask, example.prediction),
    )
    for column, picture in enumerate(pictures):
        left = _left(column)
        extent = (left, left + _CELL, bottom, bottom + cell)
        axes.imshow(picture, extent=extent, aspect="auto", interpolation="nearest")
        axes.add_patch(
            Rectangle((left, bottom), _CELL, cell, fill=False, edgecolor=FAINT, linewidth=0.5)
        )
    axes.text(
        _left(0), bottom + cell + 0.04, f"Dice {example.dice:.3f}   {_short(example.id)}",
        fontsize=8, color=INK, va="bottom",
    )  # fmt: skip


def _write_heading(axes: Axes, title: str, size: tuple[float, float]) -> None:
    axes.text(
        size[0] / 2, size[1] - 0.1, title, ha="center", va="top", fontsize=11, color=INK,
        fontweight="bold",
    )  # fmt: skip
    for column, name in enumerate(COLUMNS):
        axes.text(
            _left(column) + _CELL / 2, size[1] - _HEAD, name, ha="center", va="bottom",
            fontsize=9, color=INK,
        )  # fmt: skip


def _left(column: int) -> float:
    return _GAP + column * (_CELL + _GAP)


def _draw_legend(figure: Figure) -> None:
    patches = [
        Patch(facecolor="#{:02x}{:02x}{:02x}".format(*colour), edgecolor=INK, lw=0.5, label=name)
        for name, colour in LEGEND
    ]
    figure.legend(
        handles=patches, loc="lower center", ncols=len(patches), frameon=False,
        fontsize=9, labelcolor=INK, handlelength=1.2, handleheight=1.0, borderaxespad=0.2,
    )  # fmt: skip


def _short(name: str, length: int = 44) -> str:
    return name if len(name) <= length else f"{name[: length // 2 - 1]}…{name[-length // 2 :]}"
