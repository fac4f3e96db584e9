"""What a trained model predicts, kept for the pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from automed.domain.trial_files import PREDICTIONS, PREVIEW
from automed.pipeline.files import replacing
from automed.training.evaluate import Answers, Evaluation
from automed.training.metrics.multiclass import dice_per_image
from automed.training.metrics.segmentation import per_image
from automed.training.part import Part

SHOWN = 8
"""Validation images in a preview, at most."""


def write_pictures(
    forward: Answers, seen: Evaluation, val: Part, ids: Sequence[str], folder: Path
) -> Path:
    """Write what the pictures of a trial are drawn from; see the two functions below.

    Args:
        forward: The model.
        seen: What it does on the validation part.
        val: That part.
        ids: Sample ids, in the part's order.
        folder: The trial's folder.

    Raises:
        WorkspaceError: The file cannot be written.
    """
    if val.targets.ndim == 1:
        return write_predictions(seen, val, ids, folder)
    return write_preview(forward, seen, val, ids, folder)


def write_preview(
    forward: Answers, seen: Evaluation, val: Part, ids: Sequence[str], folder: Path
) -> Path:
    """Write ``preview.npz``: some validation images with truth and prediction.

    The worst, the median and the best image by Dice come first, then images in between.

    Holds ``ids`` (K,), ``images`` uint8 (K, height, width, channels), ``masks`` uint8 (K, height,
    width) of class indices, 0 for background, ``dice`` float (K,), and

    - of one foreground class: ``probabilities`` uint8 (K, height, width), 255 for 1, foreground
      from 128 on; and of the whole validation part ``scores`` int64 (2, bins), pixels by truth and
      logit as `count_scores` gives them: the ROC curve; and ``counts`` int64 (N, 4), pixels of each
      image as `count_pixels` gives them, in the part's order.
    - of several: ``predictions`` uint8 (K, height, width) of class indices; and of the whole
      validation part ``confusion`` int64 (1 + classes, 1 + classes), pixels by true (rows) and
      predicted class, background first. ``dice`` is then the mean over the classes that an image
      has or is said to have.

    Args:
        forward: A trained segmentation model.
        seen: What it does on the validation part.
        val: That part.
        ids: Sample ids, in the part's order.
        folder: The trial's folder.

    Raises:
        WorkspaceError: The file cannot be written.
    """
    counts = seen.outputs
    dice = per_image(counts)["dice"] if val.classes == 1 else dice_per_image(counts)
    chosen = examples(dice)
    images, _ = val.batch(chosen, forward.device)
    with torch.inference_mode():
        logits = forward(images)
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
            **(_binary(logits, seen) if val.classes == 1 else _multiclass(logits, seen)),
        )
    return path


def _binary(logits: Tensor, seen: Evaluation) -> dict[str, NDArray[Any]]:
    probabilities = (torch.sigmoid(logits) * 255).round().byte().squeeze(1)
    assert seen.scores is not None
    return {
        "probabilities": probabilities.cpu().numpy(), "scores": seen.scores,
        "counts": seen.outputs,
    }  # fmt: skip


def _multiclass(logits: Tensor, seen: Evaluation) -> dict[str, NDArray[Any]]:
    predictions = logits.argmax(dim=1).byte()
    return {
        "predictions": predictions.cpu().numpy(), "confusion": seen.outputs.sum(axis=0),
    }  # fmt: skip


def write_predictions(seen: Evaluation, val: Part, ids: Sequence[str], folder: Path) -> Path:
    """Write ``predictions.npz``: the class probabilities of the whole validation part.

    Holds ``ids`` (N,), ``labels`` int64 (N,), ``probabilities`` float32 (N, classes).

    Args:
        seen: What a trained classifier does on the validation part.
        val: That part.
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
            probabilities=seen.outputs.astype(np.float32),
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
