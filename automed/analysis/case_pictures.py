"""Validation cases with truth and prediction, as a row of pictures each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automed.analysis import class_overlay, overlay
from automed.analysis.case_scores import Floats, dice_of_counts
from automed.analysis.shown_image import Image, as_rgb
from automed.analysis.trial_arrays import load_arrays
from automed.domain.trial_files import PREVIEW

_GAP = 6
_LEAST = 176
"""Height in pixels from which on a picture is shown as it is; smaller ones are enlarged."""


@dataclass(frozen=True, eq=False)
class Cases:
    """What a model makes of some cases.

    Attributes:
        ids: Of the cases.
        images: uint8, (cases, height, width, channels).
        masks: uint8 class indices, (cases, height, width), 0 for background.
        probabilities: Of the foreground, uint8, 255 for 1; None for masks of several classes.
        predictions: uint8 class indices; None for masks of one class, which a threshold decides.
        dice: Of each case, as the trial was scored.
    """

    ids: tuple[str, ...]
    images: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    probabilities: NDArray[np.uint8] | None
    predictions: NDArray[np.uint8] | None
    dice: Floats

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def columns(self) -> tuple[str, ...]:
        """What the pictures of a row show, from left to right."""
        return class_overlay.COLUMNS if self.probabilities is None else overlay.COLUMNS

    def predicted(self, threshold: float = 0.5) -> NDArray[np.uint8]:
        """Class indices, (cases, height, width).

        Args:
            threshold: From which probability on a pixel is foreground; of masks of several
                classes none counts.
        """
        if self.probabilities is None:
            assert self.predictions is not None
            return self.predictions
        return np.asarray(self.probabilities >= np.ceil(threshold * 255), np.uint8)

    def dice_at(self, threshold: float) -> Floats:
        """Dice of each case at a threshold; of masks of several classes as it was scored."""
        if self.probabilities is None:
            return self.dice
        found, truth = self.predicted(threshold) > 0, self.masks > 0
        kinds = (found & truth, found & ~truth, ~found & truth, ~found & ~truth)
        return dice_of_counts(np.stack([kind.sum(axis=(1, 2)) for kind in kinds], axis=1))

    def row(self, index: int, threshold: float = 0.5) -> list[Image]:
        """The pictures of one case, one for each of ``columns``."""
        image, mask = self.images[index], self.masks[index]
        found = self.predicted(threshold)[index]
        if self.probabilities is None:
            return [
                as_rgb(image), class_overlay.colour_classes(mask),
                class_overlay.colour_classes(found), class_overlay.error_map(mask, found),
            ]  # fmt: skip
        return [
            as_rgb(image), _white(mask), _white(found), overlay.class_map(mask, found),
            overlay.blend(image, mask, found),
        ]  # fmt: skip

    def errors(self, index: int, threshold: float = 0.5) -> Image:
        """The last picture of the row: where truth and prediction differ."""
        return self.row(index, threshold)[-1]


def load_cases(folder: Path) -> Cases | None:
    """The cases of a trial's ``preview.npz``: the worst, the median and the best come first.

    Returns:
        None where the file is missing or torn, or holds none.
    """
    for last in ("probabilities", "predictions"):
        names = ("ids", "images", "masks", "dice", last)
        kept = load_arrays(folder / PREVIEW, names)
        if kept is not None and len(kept[0]):
            return _cases(last, *kept)
    return None


def ranks(count: int) -> list[str]:
    """What the cases of a preview are, in their order."""
    first = ["worst", "median", "best"] if count > 2 else ["worst", "best"][:count]
    return [*first, *("in between" for _ in range(count - len(first)))]


def side_by_side(pictures: Sequence[Image]) -> Image:
    """Pictures of one height in a row; small ones are enlarged, pixel by pixel.

    Args:
        pictures: uint8 RGB, at least one.

    Returns:
        uint8 RGBA, with transparent gaps, for pages of any colour.
    """
    times = max(1, round(_LEAST / pictures[0].shape[0]))
    shown = [np.repeat(np.repeat(p, times, axis=0), times, axis=1) for p in pictures]
    gap = np.zeros((shown[0].shape[0], _GAP, 4), np.uint8)
    parts: list[NDArray[np.uint8]] = []
    for picture in shown:
        opaque = np.full((*picture.shape[:2], 1), 255, np.uint8)
        parts += [np.concatenate([picture, opaque], axis=2), gap]
    return np.concatenate(parts[:-1], axis=1)


def _white(mask: NDArray[np.uint8]) -> Image:
    return as_rgb(np.where(mask > 0, 255, 0).astype(np.uint8))


def _cases(
    last: str, ids: NDArray[Any], images: NDArray[np.uint8], masks: NDArray[np.uint8],
    dice: Floats, answers: NDArray[np.uint8],
) -> Cases:  # fmt: skip
    return Cases(
        ids=tuple(map(str, ids)), images=images, masks=masks, dice=dice.astype(np.float64),
        probabilities=answers if last == "probabilities" else None,
        predictions=answers if last == "predictions" else None,
    )  # fmt: skip
