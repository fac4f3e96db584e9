"""ROC curves of several trials on one plot, as Zhang et al. (paper 4) compare models."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import auc, roc_curve

from automed.analysis.figure import new_figure, save, style
from automed.analysis.palette import FAINT, INK, SERIES
from automed.analysis.trial_arrays import load_arrays
from automed.domain.trial_files import PREDICTIONS, PREVIEW
from automed.training.metrics.roc import Curve, Scores, roc_of_scores

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = len(SERIES)
"""Curves on a plot: one a colour."""

_SMALLEST = 1e-4
"""False positive rate at which the logarithmic plot begins."""

_RATES = np.append(0.0, np.geomspace(_SMALLEST, 1, 200))


@dataclass(frozen=True, eq=False)
class Roc:
    """One model's curve.

    Attributes:
        label: Of the legend.
        curve: False and true positive rates.
        area: Under the curve.
        threshold: The rates at the threshold that masks are made with, a probability of 1/2; None
            for a classification.
    """

    label: str
    curve: Curve
    area: float
    threshold: tuple[float, float] | None = None


def roc_of_trial(folder: Path, label: str) -> Roc | None:
    """The curve of what a trial's folder holds.

    Of a segmentation of one class over the pixels of the validation part; of a classification
    over its images: of the second class for two classes, else the mean over the classes that occur
    of one against the rest, as ``roc_auc`` is.

    Args:
        folder: Holds ``preview.npz`` or ``predictions.npz``.
        label: Of the legend.

    Returns:
        None where the files are missing or torn, hold masks of several classes, or one kind of
        pixels or of images only.
    """
    kept = load_arrays(folder / PREVIEW, ("scores",))
    if kept is not None:
        return _of_pixels(kept[0], label)
    kept = load_arrays(folder / PREDICTIONS, ("labels", "probabilities"))
    return None if kept is None else _of_images(kept[0], kept[1], label)


def write_roc(rocs: Sequence[Roc], path: Path, title: str) -> Path:
    """All curves on one plot, and once more with a logarithmic false positive rate.

    Over pixels, most of which are background, all that tells models apart happens at small rates.

    Args:
        rocs: At least one; more than `MOST` are not drawn.
        path: The PNG to write.
        title: Above the plot.

    Raises:
        ValueError: There is no curve.
    """
    if not rocs:
        raise ValueError("no ROC curve to draw")
    shown = list(zip(rocs[:MOST], SERIES, strict=False))
    figure = new_figure(9.0, 4.4 + 0.19 * len(shown))
    left, right = figure.subplots(1, 2)
    right.set_xscale("log")
    for axes, lowest in ((left, -0.01), (right, _SMALLEST)):
        for roc, colour in shown:
            _draw(axes, roc, colour)
        axes.plot(_RATES, _RATES, color=FAINT, lw=1, ls="--", zorder=1, label="chance")
        _frame(axes, lowest)
    if any(roc.threshold for roc, _ in shown):
        left.plot([], [], ls="", marker="o", ms=5, color=FAINT, label="at a probability of 1/2")
    figure.suptitle(textwrap.fill(title, 90), fontsize=11, color=INK, fontweight="bold")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower center", frameon=False, fontsize=8, labelcolor=INK
    )
    return save(figure, path)


def _of_pixels(scores: Scores, label: str) -> Roc | None:
    curve = roc_of_scores(scores) if scores.ndim == 2 else None
    if curve is None:
        return None
    upper = scores[:, scores.shape[1] // 2 :].sum(axis=1) / scores.sum(axis=1)
    return Roc(label, curve, float(auc(*curve)), (float(upper[0]), float(upper[1])))


def _of_images(
    labels: NDArray[np.integer], probabilities: NDArray[np.floating], label: str
) -> Roc | None:
    present = np.unique(labels)
    if len(present) < 2:
        return None
    if probabilities.shape[1] == 2:
        present = np.array([1])
    curves = [roc_curve(labels == index, probabilities[:, index])[:2] for index in present]
    area = float(np.mean([auc(*curve) for curve in curves]))
    if len(curves) == 1:
        return Roc(label, curves[0], area)
    rates = np.unique(np.concatenate([false for false, _ in curves]))
    mean = np.mean([np.interp(rates, false, true) for false, true in curves], axis=0)
    return Roc(label, (np.append(0.0, rates), np.append(0.0, mean)), area)


def _draw(axes: Axes, roc: Roc, colour: str) -> None:
    false, true = roc.curve
    # Straight lines between few points are curves on a logarithmic axis.
    rates = np.sort(np.concatenate([false, _RATES])) if axes.get_xscale() == "log" else false
    heights = np.interp(rates, false, true) if axes.get_xscale() == "log" else true
    name = textwrap.shorten(roc.label, 100, placeholder=" …")
    axes.plot(rates, heights, color=colour, lw=1.5, label=f"{name}   AUC {roc.area:.4f}", zorder=3)
    if roc.threshold is not None:
        axes.plot(*roc.threshold, marker="o", ms=5, color=colour, mec="white", mew=0.8, zorder=4)


def _frame(axes: Axes, lowest: float) -> None:
    style(axes)
    axes.set_xlim(lowest, 1)
    axes.set_ylim(0, 1.01)
    axes.set_xlabel("false positive rate", fontsize=10, color=INK)
    axes.set_ylabel("true positive rate", fontsize=10, color=INK)
