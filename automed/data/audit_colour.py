"""What colour alone says about a data set: kinds of images, and classes that it gives away."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, silhouette_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from automed.data.audit_look import STATISTICS
from automed.data.finding import Finding, few, number
from automed.data.inspection import Inspection

TRIVIAL = 0.95
"""Balanced accuracy of colour statistics from which a high score of a network proves little."""

APART = 0.7
"""Mean silhouette (Rousseeuw 1987) from which two kinds of images are told apart."""

_FOLDS = 5
_LEAST_A_CLASS = 10
_LEAST_SHARE = 0.03
_MOST = 5000
_LEAST_LEVELS = 30.0


@dataclass(frozen=True, eq=False)
class ColourGuess:
    """What logistic regression on colour statistics says of images that it was not fitted to.

    Attributes:
        seen: The images.
        classes: Sorted.
        given: Their labels as indices of classes, shape (images,).
        probabilities: Of each class, shape (images, classes).
    """

    seen: tuple[Inspection, ...]
    classes: tuple[str, ...]
    given: NDArray[np.int64]
    probabilities: NDArray[np.float64]

    @cached_property
    def accuracy(self) -> float:
        """Balanced over the classes."""
        return float(balanced_accuracy_score(self.given, self.probabilities.argmax(axis=1)))


def colour_guess(seen: Sequence[Inspection]) -> ColourGuess | None:
    """Guess each image's class from its colours, five-fold cross-validated.

    Groups are kept whole. None where there are too few samples, or no labels.
    """
    known = _sampled([s for s in seen if s.look is not None and s.sample.label is not None])
    labels = np.array([s.sample.label for s in known], dtype=str)
    names, given, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if len(names) < 2 or counts.min() < _LEAST_A_CLASS:
        return None
    groups = [s.sample.group for s in known]
    grouped = all(group is not None for group in groups)
    if grouped and len(set(groups)) < _FOLDS:
        return None
    folds = (StratifiedGroupKFold if grouped else StratifiedKFold)(
        _FOLDS, shuffle=True, random_state=0
    )
    told = _cross_validated(_statistics(known), given, groups if grouped else None, folds)
    return None if told is None else ColourGuess(tuple(known), tuple(map(str, names)), given, told)


def _cross_validated(
    values: NDArray[np.float32],
    given: NDArray[np.int64],
    groups: Sequence[str | None] | None,
    folds: StratifiedGroupKFold | StratifiedKFold,
) -> NDArray[np.float64] | None:
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a score a little too low, no worse
        warnings.simplefilter("ignore", UserWarning)  # a class that lives in fewer groups
        warnings.simplefilter("ignore", RuntimeWarning)  # and is missing where a fold is fitted
        try:
            told: NDArray[np.float64] = cross_val_predict(
                model, values, given, groups=groups, cv=folds, method="predict_proba"
            )
        except ValueError:  # a fold without one of the classes: groups and classes coincide
            return None
    return told


def colour_suffices(guess: ColourGuess | None) -> Finding | None:
    """Classes that a few colour statistics tell apart."""
    if guess is None or guess.accuracy < TRIVIAL:
        return None
    count = next(len(s.look.colours) for s in guess.seen if s.look is not None)
    return Finding(
        code="colour-suffices",
        message=f"{count} colour statistics and logistic regression reach a balanced accuracy of "
        f"{guess.accuracy:.2f} in cross-validation: shape may matter little for this task, or the "
        "classes were recorded differently",
        hint="compare every score with this one; check that all classes were stained, lit and "
        "recorded alike; --set data.preprocess=... and colour augmentation make it harder",
    )


def colour_clusters(seen: Sequence[Inspection]) -> Finding | None:
    """Two kinds of images that differ in colour, such as fluorescence and stained slides."""
    known = _sampled([s for s in seen if s.look is not None])
    if len(known) < 20 or len({len(s.look.colours) for s in known if s.look}) > 1:
        return None
    # Means and quantiles alone are levels, which can be compared with each other.
    levels = _statistics(known).reshape(len(known), -1, STATISTICS)[:, :, [0, 4, 5, 6, 7, 8]]
    values = levels.reshape(len(known), -1)
    if len(np.unique(values, axis=0)) < 3:  # images of one grey, as in tests of scanners
        return None
    found = KMeans(2, n_init=3, random_state=0).fit(values)
    sizes = np.bincount(found.labels_, minlength=2)
    apart = float(np.abs(found.cluster_centers_[0] - found.cluster_centers_[1]).mean())
    if sizes.min() < max(3, _LEAST_SHARE * len(known)) or apart < _LEAST_LEVELS:
        return None
    if silhouette_score(values, found.labels_, sample_size=1000, random_state=0) < APART:
        return None
    fewer = [s for s, label in zip(known, found.labels_, strict=True) if label == sizes.argmin()]
    files = tuple(s.sample.image for s in fewer)
    return Finding(
        code="colour-clusters",
        message=f"two kinds of images by colour: {number(len(fewer), 'image')} of {len(known)} "
        f"differ by {apart:.0f} grey levels from the others: {few(files)}",
        files=files,
        hint="fine if both kinds will come in use; else check them as two data sets",
    )


def _sampled(seen: list[Inspection]) -> list[Inspection]:
    """All, or as many of them as are enough."""
    if len(seen) <= _MOST:
        return seen
    chosen = np.random.default_rng(0).choice(len(seen), _MOST, replace=False)
    return [seen[index] for index in sorted(chosen)]


def _statistics(seen: Sequence[Inspection]) -> NDArray[np.float32]:
    return np.stack([s.look.colours for s in seen if s.look is not None])
