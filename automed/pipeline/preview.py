"""What a trained model predicts, kept for the pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from automed.pipeline.files import PREDICTIONS, PREVIEW, replacing
from automed.training.fit import Fitted
from automed.training.metrics.segmentation import per_image
from automed.training.part import Part

SHOWN = 8
"""Validation images in a preview, at most."""


def write_preview(fitted: Fitted, val: Part, ids: Sequence[str], folder: Path) -> Path:
    """Write ``preview.npz``: some validation images with truth and prediction.

    The worst, the median and the best image by Dice come first, then images in between.

    Holds ``ids`` (K,), ``images`` uint8 (K, height, width, channels), ``masks`` uint8 (K, height,
    width) of 0 and 1, ``probabilities`` uint8 (K, height, width), 255 for 1, foreground from 128
    on, ``dice`` float (K,).

    Args:
        fitted: A trained segmentation model.
        val: The validation part it was selected on.
        ids: Sample ids, in the part's order.
        folder: The trial's folder.

    Raises:
        WorkspaceError: The file cannot be written.
    """
    dice = per_image(fitted.best.outputs)["dice"]
    chosen = examples(dice)
    images, _ = val.batch(chosen, fitted.forward.device)
    with torch.inference_mode():
        probabilities = torch.sigmoid(fitted.forward(images))
    rows = val.rows[chosen]
    path = folder / PREVIEW
    with replacing(path) as draft, draft.open("wb") as file:
        np.savez_compressed(
            file,
            ids=np.array([ids[index] for index in chosen]),
            images=val.images[rows],
            masks=val.targets[rows],
            probabilities=(probabilities * 255).round().byte().squeeze(1).cpu().numpy(),
            dice=dice[chosen],
        )
    return path


def write_predictions(fitted: Fitted, val: Part, ids: Sequence[str], folder: Path) -> Path:
    """Write ``predictions.npz``: the class probabilities of the whole validation part.

    Holds ``ids`` (N,), ``labels`` int64 (N,), ``probabilities`` float32 (N, classes).

    Args:
        fitted: A trained classifier.
        val: The validation part it was selected on.
        ids: Sample ids, in the part's order.
        folder: The trial's folder.

    Raises:
        WorkspaceError: The file cannot be written.
    """
    path = folder / PREDICTIONS
    with replacing(path) as draft, draft.open("wb") as file:
        np.savez_compressed(
            file,
            ids=np.array(list(ids)),
            labels=val.labels,
            probabilities=fitted.best.outputs.astype(np.float32),
        )
    return path


def examples(dice: NDArray[np.float64]) -> NDArray[np.int64]:
    """Positions of at most `SHOWN` images: worst, median and best, then evenly between them."""
    order = np.argsort(dice, kind="stable")
    last = len(order) - 1
    ranks = [0, last // 2, last, *np.linspace(0, last, min(SHOWN, len(order))).round().astype(int)]
    distinct = list(dict.fromkeys(int(rank) for rank in ranks))[:SHOWN]
    chosen: NDArray[np.int64] = order[np.array(distinct)]
    return chosen
