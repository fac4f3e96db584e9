"""Files whose names differ by little: a copy's number, an addition, leading zeros."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from automed.data.file_names import normal, parts

_COPY = re.compile(r"[ _-]*(?:\(\d+\)|-? ?\b(?:copy|kopie|copie|copia)\b(?: ?\d+)?)", re.IGNORECASE)
_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
_ADDITION = re.compile(r"(?<=\w)[ _.-]+[^\W\d_]+$")
_EDGES = " _.-"


def near_names(images: Sequence[str], masks: Sequence[str]) -> list[tuple[str, str]]:
    """Images and masks that may belong together although no rule pairs them; each file once.

    Names are near where they are equal without what a copy adds (``017 (2)``) and without leading
    zeros, or where one of them only adds to the other: ``017`` and ``017_new``.
    """
    by_name: dict[str, list[str]] = defaultdict(list)
    for mask in masks:
        for name in _shortened(_plain(mask)):
            by_name[name].append(mask)
    found: list[tuple[str, str]] = []
    used: set[str] = set()
    for image in images:
        own = _plain(image)
        fitting = [mask for name in _shortened(own) for mask in by_name[name]
                   if name == own or name == _plain(mask)]  # fmt: skip
        free = next((mask for mask in fitting if mask not in used), None)
        if free is not None:
            used.add(free)
            found.append((image, free))
    return found


def _plain(path: str) -> str:
    return _ZEROS.sub("", _COPY.sub("", normal(parts(path)[1]))).strip(_EDGES)


def _shortened(name: str) -> list[str]:
    """The name, and what is left of it where words, no numbers, are cut off its end."""
    found = [name]
    while cut := _ADDITION.search(found[-1]):
        found.append(found[-1][: cut.start()])
    return list(filter(None, found))
