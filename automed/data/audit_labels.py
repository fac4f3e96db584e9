"""Labels that the colours of an image speak against."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from automed.data.audit_colour import ColourGuess
from automed.data.finding import Finding, few, number

ENOUGH = 0.9
"""Balanced accuracy from which colour statistics may doubt a label."""

SURE = 0.95
"""Probability of another class from which a label is named.

Measured: of the labels of two real sets, as they were published, .0015 (four stages of leukemia,
balanced accuracy .96) and .011 (two treatments of cells, .92) are named."""

MOST = 60
"""At most one label in so many is named, or three: there may be nothing wrong with them."""

_SHOWN = 8


def unlikely_labels(guess: ColourGuess | None) -> Finding | None:
    """Labels that a model which never saw them contradicts (Northcutt et al. 2021).

    A label is named where its own probability is below what is usual for its class, and that of
    another class above what is usual for that one, and `SURE`. Only where colour tells the classes
    apart: else the model's doubts say more about the model.
    """
    if guess is None or guess.accuracy < ENOUGH:
        return None
    doubtful = unlikely(guess.given, guess.probabilities)
    bad = doubtful[: max(3, len(guess.given) // MOST)]
    if not bad:
        return None
    likely = guess.probabilities.argmax(axis=1)
    files = tuple(guess.seen[i].sample.image for i in bad)
    shown = [
        f"{file} ({guess.classes[guess.given[i]]}, likely {guess.classes[likely[i]]})"
        for i, file in zip(bad, files, strict=True)
    ]
    more = f" (the least likely of {len(doubtful)})" if len(doubtful) > len(bad) else ""
    return Finding(
        code="unlikely-label",
        message=f"{number(len(bad), 'label')}{more} that the colours of the image speak against: "
        f"{few(shown, _SHOWN)}",
        files=files,
        hint="look at them, the first ones first; move an image whose label is wrong to its class, "
        "and check again",
    )


def unlikely(given: NDArray[np.int64], probabilities: NDArray[np.float64]) -> list[int]:
    """Samples whose labels are unlikely, the least likely first.

    Args:
        given: The class of each sample, shape (samples,).
        probabilities: Of each class, from models that did not see the sample, shape (samples,
            classes).
    """
    rows = np.arange(len(given))
    usual = np.array([probabilities[given == k, k].mean() for k in range(probabilities.shape[1])])
    likely = probabilities.argmax(axis=1)
    own, other = probabilities[rows, given], probabilities[rows, likely]
    bad = (likely != given) & (own < usual[given]) & (other > usual[likely]) & (other >= SURE)
    found = np.flatnonzero(bad)
    return [int(i) for i in found[np.argsort(own[found], kind="stable")]]
