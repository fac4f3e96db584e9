"""Class names as parts of metric names."""

from __future__ import annotations

import re
from collections.abc import Sequence

AVERAGES = ("macro", "micro", "weighted")
"""Over the classes of a classification."""
TAKEN = (*AVERAGES, "pooled")
"""What else a metric's name may end with."""


def slugs(classes: Sequence[str]) -> list[str]:
    """Lower case with underscores, such as ``early_pre_b``: distinct, and none of `TAKEN`."""
    taken = set(TAKEN)
    found = []
    for index, name in enumerate(classes):
        slug = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        while not slug or slug in taken:
            slug = f"{slug}_{index}".strip("_")
        taken.add(slug)
        found.append(slug)
    return found
