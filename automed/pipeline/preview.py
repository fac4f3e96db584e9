"""What a trained model predicts, kept for the pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from automed.pipeline.files import PREDICTIONS, PREVIEW, replacing
from automed.training.fit import Fitted
from automed.training.metrics.multiclass import dice_per_image
from automed.training.metrics.segmentation import per_image
from automed.training.part import Part

SHOWN = 8
"""Validation images in a preview, at most."""


def write_preview(fitted: Fitted, val: Part, ids: Sequence[str], folder: Path) -> Path:
    """Write ``preview.npz``: some validation images with truth and prediction.

    The worst, the median and the best image by Dice come first, then images in between.

    Holds ``ids`` (K,), ``images`` uint8 (K, height, width, channels), ``masks`` uint8 (K, height,
    width) of class indices, 0 for background, ``dice`` float (K,), and

    - of one foreground class: ``probabilities`` uint8 (K, height, width), 255 for 1, foreground
      from 128 on; and of the whole validation part ``scores`` int64 (2, bins), pixels by truth and
      logit as `count_scores` gives them: the ROC curve.
    - of several: ``predictions`` uint8 (K, height, width) of class indices; and of the whole
      validation part ``confusion`` int64 (1 + classes, 1 + classes), pixels by true (rows) and
      predicted class, background first. ``dice`` is then the mean over the classes that an image
      has or is said to have.

    Args:
        fitted: A trained segmentation model.
        val: The validation part it was selected on.
        ids: Sample ids, in the part's order.
        folder: The trial's folder.

    Raises:
        WorkspaceError: The file cannot be written.
    """
    counts = fitted.best.outputs
    dice = per_image(counts)["dice"] if val.classes == 1 else dice_per_image(counts)
    chosen = examples(dice)
    images, _ = val.batch(chosen, fitted.forward.device)
    with torch.inference_mode():
        logits = fitted.forward(images)
    rows = val.rows[chosen]
    path = folder / PREVIEW
    with replacing(path) as draft, draft.open("wb") as file:
        np.savez_compressed(
            file,
            ids=np.array([ids[index] for index in chosen]),
            images=val.images[rows],
            masks=val.targets[rows],
            dice=dice[chosen],
            allow_pickle=False,
            **(_binary(logits, fitted) if val.classes == 1 else _multiclass(logits, fitted)),
        )
    return path


def _binary(logits: Tensor, fitted: Fitted) -> dict[str, NDArray[Any]]:
    probabilities = (torch.sigmoid(logits) * 255).round().byte().squeeze(1)
    assert fitted.best.scores is not None
    return {"probabilities": probabilities.cpu().numpy(), "scores": fitted.best.scores}


def _multiclass(logits: Tensor, fitted: Fitted) -> dict[str, NDArray[Any]]:
    predictions = logits.argmax(dim=1).byte()
    return {
        "predictions": predictions.cpu().numpy(), "confusion": fitted.best.outputs.sum(axis=0),
    }  # fmt: skip


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
