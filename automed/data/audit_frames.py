"""Frames of one video that follow each other: nobody may train on one and test on the next."""

from __future__ import annotations

import re
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from automed.data.audit_alignment import details
from automed.data.finding import Finding, few, number
from automed.data.inspection import Inspection

SAME_SCENE = 0.5
"""Correlation of details from which one image may follow another in a video."""

_SHORTEST = 3
_LEAST_SHARE = 0.2
_SIDE = 16
_RARE = 0.02


def runs_of(seen: Sequence[Inspection]) -> list[list[Inspection]]:
    """Runs of images whose numbers follow each other and that show one scene.

    A run counts where images far from each other in the same folder are seldom as alike.
    """
    ordered = sorted((s for s in seen if s.look is not None and not s.look.blank and
                      s.sample.slice is None), key=lambda s: _natural(s.sample.image))  # fmt: skip
    if len(ordered) < 2 * _SHORTEST:
        return []
    values = np.stack([_details(s) for s in ordered])
    likeness = (values[:-1] * values[1:]).sum(axis=1)
    far = np.random.default_rng(0).permutation(len(values))
    chance = (values * values[far]).sum(axis=1)[far != np.arange(len(values))]
    bound = max(SAME_SCENE, float(np.quantile(chance, 1 - _RARE)))
    runs, run = [], [ordered[0]]
    for one, alike in zip(ordered[1:], likeness, strict=True):
        if alike >= bound and _follows(run[-1].sample.image, one.sample.image):
            run.append(one)
        else:
            runs.append(run)
            run = [one]
    runs.append(run)
    return [run for run in runs if len(run) >= _SHORTEST]


def consecutive_frames(seen: Sequence[Inspection]) -> Finding | None:
    """Runs of frames that groups do not hold together."""
    loose = [run for run in runs_of(seen) if not _held(run)]
    frames = sum(map(len, loose))
    if frames < _LEAST_SHARE * len(seen):
        return None
    shown = [f"{run[0].sample.image} to {run[-1].sample.image} ({len(run)})" for run in loose]
    return Finding(
        code="consecutive-frames",
        message=f"{frames} of {number(len(seen), 'image')} look like frames of "
        f"{number(len(loose), 'video')}: {few(shown)}; cut at random, neighbours would lie on both "
        "sides of the split and the scores would be too good",
        files=tuple(s.sample.image for run in loose for s in run),
        hint="say which images belong together: --group-csv FILE.csv with a column for the image "
        "and one for the sequence",
    )


def _held(run: Sequence[Inspection]) -> bool:
    groups = {s.sample.group for s in run}
    return None not in groups and len(groups) == 1


def _natural(name: str) -> list[tuple[int, int, str]]:
    parts = re.split(r"(\d+)", name)
    return [(1, int(p), "") if p.isdecimal() else (0, 0, p) for p in parts if p]


def _follows(one: str, other: str) -> bool:
    """Whether the second name is the first with a number that is one to five higher."""
    first, second = _natural(one), _natural(other)
    if len(first) != len(second):
        return False
    differing = [(a, b) for a, b in zip(first, second, strict=True) if a != b]
    if len(differing) != 1:
        return False
    (kind, low, _), (other_kind, high, _) = differing[0]
    return kind == other_kind == 1 and 0 < high - low <= 5


def _details(seen: Inspection) -> NDArray[np.float32]:
    assert seen.look is not None
    fine = details(seen.look.thumb.astype(np.float32), 8.0)
    values = cv2.resize(fine, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).ravel()
    values = values - values.mean()
    return np.asarray(values / (np.linalg.norm(values) + 1e-6), np.float32)
