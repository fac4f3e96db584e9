"""The ROC curve over pixels, from counts of their scores. Pixels of equal score are ties."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import auc, roc_curve

Scores = NDArray[np.int64]
"""Pixels by truth (background, foreground) and by score, lowest first: shape (2, scores). As
`count_scores` gives them."""

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]
"""False and true positive rates, both rising from 0 to 1."""


def roc_of_scores(scores: Scores) -> Curve | None:
    """The ROC curve; None where all pixels are background, or all are foreground."""
    if not scores.any(axis=1).all():
        return None
    truth, score = (index.ravel() for index in np.indices(scores.shape))
    false, true, _ = roc_curve(truth, score, sample_weight=scores.ravel(), drop_intermediate=False)
    return false, true


def roc_auc(scores: Scores) -> float | None:
    """Area under the ROC curve; None where there is none."""
    curve = roc_of_scores(scores)
    return None if curve is None else float(auc(*curve))
