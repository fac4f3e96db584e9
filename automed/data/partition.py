"""Sharing units of unequal content out among train, validation and test.

scikit-learn's splitters either cut folds of one size (``StratifiedGroupKFold``) or count groups
rather than samples and ignore strata (``GroupShuffleSplit``); neither promises every class in
every part. With a dozen groups of unequal length that promise is what matters, so here many
candidates are scored and the best is kept.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

EXHAUSTIVE = 7
STARTS = 200
CLIMBS = 20
SWAPS_UP_TO = 30
"""Kinds of units beyond which two units are no longer exchanged in one step."""
AS_GOOD = 0.02
"""Candidates this close to the best score count as equal: the seed chooses among them."""
LACKING = 1e3
"""Penalty for a required class that is missing from train or validation."""


class Score:
    """How far a partition is from what was asked for; smaller is better.

    The sum of:

    - size error: mean over the parts of ``|share - wanted| / wanted``;
    - class-balance error: mean over the parts of the total variation distance between the part's
      strata and those of all samples;
    - 10 for each required class missing from test, `LACKING` for each one missing from train or
      validation, and `LACKING` squared for each empty part.

    Args:
        strata: Samples of each unit by stratum, shape (units, strata).
        required: Samples of each unit by required class, shape (units, classes).
        shares: Wanted shares of train, validation and test.
    """

    def __init__(self, strata: Ints, required: Ints, shares: tuple[float, float, float]) -> None:
        self.features = np.hstack([strata, required]).astype(np.float64)
        self.width = strata.shape[1]
        self.shares = np.asarray(shares)
        totals = strata.sum(axis=0)
        self.total = float(totals.sum())
        self.overall = totals / self.total

    def table(self, parts: Ints) -> Floats:
        """Samples by part and feature, shape (3, strata + classes), of one assignment."""
        return np.stack([self.features[parts == part].sum(axis=0) for part in range(3)])

    def __call__(self, tables: Floats) -> Floats:
        """Scores of tables, shape (..., 3, strata + classes) -> (...)."""
        strata, required = tables[..., : self.width], tables[..., self.width :]
        sizes = strata.sum(axis=-1)
        size_error = (np.abs(sizes / self.total - self.shares) / self.shares).mean(axis=-1)
        mixes = strata / np.maximum(sizes, 1)[..., None]
        balance_error = 0.5 * np.abs(mixes - self.overall).sum(axis=-1).mean(axis=-1)
        missing = (required == 0).sum(axis=-1)
        penalty = LACKING * missing[..., :2].sum(axis=-1) + 10 * missing[..., 2]
        penalty = penalty + LACKING**2 * (sizes == 0).sum(axis=-1)
        total: Floats = size_error + balance_error + penalty
        return total


def partition(
    strata: Ints, required: Ints, shares: tuple[float, float, float], seed: int
) -> tuple[Ints, float]:
    """Assign every unit to train (0), validation (1) or test (2).

    Up to `EXHAUSTIVE` units every assignment is tried. Beyond, `STARTS` seeded ones are drawn by
    systematic sampling within each unit's largest stratum (Madow 1949), and the best `CLIMBS` of
    them are improved by moving and exchanging units while the score falls. Among those within
    `AS_GOOD` of the best the first drawn is taken, so that other seeds give other partitions where
    several are as good.

    Args:
        strata: Samples of each unit by stratum, shape (units, strata).
        required: Samples of each unit by required class, shape (units, classes).
        shares: Wanted shares of train, validation and test; they add up to 1.
        seed: Same seed, same partition.

    Returns:
        The part of each unit, and the score (`LACKING` or more: a required class is missing).
    """
    rng = np.random.default_rng(seed)
    score = Score(strata, required, shares)
    kinds, kind_of = np.unique(score.features, axis=0, return_inverse=True)
    starts = _starts(strata, shares, rng)
    first = score(np.stack([score.table(parts) for parts in starts]))
    best = np.sort(np.argsort(first, kind="stable")[: _effort(CLIMBS, len(kinds))])
    climbed = [_climb(starts[i], score, kinds, kind_of.ravel()) for i in best]
    lowest = min(value for _, value in climbed)
    return next((parts, value) for parts, value in climbed if value <= lowest + AS_GOOD)


def _starts(strata: Ints, shares: tuple[float, float, float], rng: np.random.Generator) -> Ints:
    """Assignments to score, shape (assignments, units)."""
    units = len(strata)
    if units <= EXHAUSTIVE:
        return rng.permutation(np.indices((3,) * units).reshape(units, -1).T)
    return np.stack([_draw(strata, shares, rng) for _ in range(_effort(STARTS, units))])


def _effort(most: int, units: int) -> int:
    """Fewer candidates for many units, where a single one comes near to the shares anyway."""
    return int(np.clip(most * 500 // max(units, 1), 4, most))


def _draw(strata: Ints, shares: tuple[float, float, float], rng: np.random.Generator) -> Ints:
    """Lay the units of a stratum end to end in random order and cut by shares, from a random point.

    A unit falls where its middle lies, so each part gets its share within one unit.
    """
    sizes, main = strata.sum(axis=1), strata.argmax(axis=1)
    bounds = np.cumsum(shares)[:2]
    parts = np.zeros(len(strata), dtype=np.int64)
    for stratum in np.unique(main):
        units = rng.permutation(np.flatnonzero(main == stratum))
        ends = np.cumsum(sizes[units])
        middle = (ends - sizes[units] / 2) / ends[-1]
        parts[units] = np.searchsorted(bounds, (middle + rng.random()) % 1, side="right")
    return parts


def _climb(parts: Ints, score: Score, kinds: Floats, kind_of: Ints) -> tuple[Ints, float]:
    """Move one unit, or exchange two, for as long as the score falls.

    Units with the same content are exchangeable, so steps are tried once for each kind of unit:
    when samples are split one by one there are only as many kinds as strata.
    """
    parts = parts.copy()
    table = score.table(parts)
    value = float(score(table))
    while True:
        moves = _moves(kind_of, parts, len(kinds))
        changes = _changes(moves, kinds)
        steps = np.arange(len(moves))[:, None]
        if len(kinds) <= SWAPS_UP_TO:
            swaps = _opposites(moves)
            steps = np.concatenate([np.repeat(steps, 2, axis=1), swaps])
            changes = np.concatenate([changes, changes[swaps].sum(axis=1)])
        values = score(table + changes)
        chosen = int(values.argmin())
        if values[chosen] >= value - 1e-9:
            return parts, value
        for kind, origin, goal in moves[np.unique(steps[chosen])]:
            parts[np.flatnonzero((kind_of == kind) & (parts == origin))[0]] = goal
        table, value = score.table(parts), float(values[chosen])


def _moves(kind_of: Ints, parts: Ints, kinds: int) -> Ints:
    """Every (kind, from part, to part) that is possible, shape (moves, 3)."""
    held = np.zeros((kinds, 3), dtype=bool)
    held[kind_of, parts] = True
    kind, origin = np.nonzero(held)
    away = [np.stack([kind, origin, (origin + step) % 3], axis=1) for step in (1, 2)]
    return np.concatenate(away)


def _changes(moves: Ints, kinds: Floats) -> Floats:
    """What each move does to the table, shape (moves, 3, features)."""
    rows, (kind, origin, goal) = np.arange(len(moves)), moves.T
    changes = np.zeros((len(moves), 3, kinds.shape[1]))
    changes[rows, origin] -= kinds[kind]
    changes[rows, goal] += kinds[kind]
    return changes


def _opposites(moves: Ints) -> Ints:
    """Pairs of moves that exchange two units of different kinds, shape (pairs, 2)."""
    kind, origin, goal = moves.T
    across = (origin[:, None] == goal) & (goal[:, None] == origin)
    return np.argwhere(np.triu(across & (kind[:, None] != kind)))
