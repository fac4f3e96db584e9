"""Masks that were moved against their images: single ones, or all of them alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from automed.data.audit_checks import files_of
from automed.data.audit_fit import REACH, SIDE, Fit
from automed.data.finding import Finding, few, number
from automed.data.inspection import Inspection
from automed.domain.digest import digest
from automed.domain.sample import Sample

FAR = 4.0
"""Pixels of a thumbnail (of 128) from which a single mask counts as shifted."""

BETTER = 3.0
"""How many times better it must fit there.

Measured: 0 of 300 and 1 of 240 masks of two clean sets are named, with `CONVINCING`."""

CONVINCING = 0.4
"""How well it must fit there, as a share of what is usual in the data set where masks lie."""

ALL_FAR = 2.0
"""Pixels of a thumbnail from which all masks together count as shifted."""

ALL_BETTER = 1.5
"""How many times better all of them must fit there, less what they fit anywhere."""

MOST = 1000
"""Masks that are looked at: each takes some milliseconds."""

_FEWEST = 10
_LEAST_SHARE = 0.3
_NEAR = 3.0
_HINT = (
    "lay them over their images, and export those that are wrong again, cropped and padded as the "
    "images are"
)


def to_fit(samples: Sequence[Sample]) -> frozenset[str]:
    """Ids of the samples whose masks are moved over their images: all, or `MOST` by chance.

    The choice depends on ids alone, so that new samples change it little.
    """
    names = sorted((s.id for s in samples if s.masks), key=lambda name: digest(["fit", name]))
    return frozenset(names[:MOST])


def shifted_masks(seen: Sequence[Inspection]) -> Finding | None:
    """Masks that fit their images better elsewhere.

    Says nothing where too few masks fit their images anywhere: outlines that follow no edge cannot
    be judged by edges.
    """
    known = [s for s in seen if s.fit is not None]
    if len(known) < _FEWEST:
        return None
    fits = [s.fit for s in known if s.fit is not None]
    together = _together(fits)
    if together is not None:
        return _all_shifted(known, together)
    if np.mean([fit.distance <= FAR for fit in fits]) < _LEAST_SHARE:
        return None
    usual = float(np.median([fit.centre for fit in fits]))
    bad = [s for s, fit in zip(known, fits, strict=True) if _is_shifted(fit, usual)]
    if not bad:
        return None
    shown = few([f"{s.sample.masks[0]} ({_moved(s)})" for s in bad])
    return _finding(
        bad,
        f"{number(len(bad), 'mask')} of {len(known)} would fit better elsewhere on "
        f"{'its image' if len(bad) == 1 else 'their images'}: {shown}",
    )


def _finding(bad: Sequence[Inspection], message: str) -> Finding:
    return Finding(code="shifted-mask", message=message, files=files_of(bad), hint=_HINT)


def _is_shifted(fit: Fit, usual: float) -> bool:
    convincing = fit.peak > max(BETTER * fit.centre, CONVINCING * usual)
    return fit.distance > FAR and convincing


def _together(fits: Sequence[Fit]) -> tuple[float, float] | None:
    """Where all masks fit best, in pixels of a thumbnail down and right; None: where they lie."""
    surface = np.stack([fit.surface for fit in fits]).mean(axis=0, dtype=np.float32)
    place = np.array(np.unravel_index(surface.argmax(), surface.shape)) * 2 - REACH
    offsets = np.array([fit.offset for fit in fits])
    there = offsets[_distance(offsets - place) <= _NEAR]
    if len(there) < _LEAST_SHARE * len(fits):
        return None
    down, right = np.median(there, axis=0)
    gained = surface - np.median(surface)
    centre = gained[REACH // 2, REACH // 2]
    if np.hypot(down, right) <= ALL_FAR or gained.max() <= ALL_BETTER * centre:
        return None
    return float(down), float(right)


def _distance(offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.hypot(offsets[:, 0], offsets[:, 1])
    return found


def _all_shifted(known: Sequence[Inspection], offset: tuple[float, float]) -> Finding:
    scale = float(np.median([_scale(s) for s in known]))
    return _finding(
        known,
        f"all or most of {len(known)} masks seem to be shifted: together they fit best "
        f"{_way(offset[0] * scale, offset[1] * scale)}",
    )


def _moved(seen: Inspection) -> str:
    assert seen.fit is not None
    return _way(*(part * _scale(seen) for part in seen.fit.offset))


def _scale(seen: Inspection) -> float:
    """Pixels of the image in a pixel of a thumbnail."""
    return max(seen.mask_size or (SIDE,)) / SIDE


def _way(down: float, right: float) -> str:
    """An offset in words: ``about 12 pixels further left and 3 further up``."""
    parts = [
        (abs(right), "right" if right > 0 else "left"),
        (abs(down), "down" if down > 0 else "up"),
    ]
    told = [(round(size), way) for size, way in parts if round(size)]
    first = f"about {number(told[0][0], 'pixel')} further {told[0][1]}"
    return first + "".join(f" and {size} further {way}" for size, way in told[1:])
