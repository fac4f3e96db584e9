"""What MLflow accepts: characters of keys, lengths of values, entities of a batch.

From ``mlflow.utils.validation``: keys of 250 word characters, dots, dashes and spaces (slashes
and, off Windows, colons too, but a key must not look like a path that resolves elsewhere).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TypeVar

MAX_KEY = 250
MAX_PARAM = 6000
DIGEST = 8
"""As many characters as MLflow gives its own; it takes 36."""
MAX_TAG = 5000
"""MLflow cuts at 8000; its databases of older schemas hold 5000."""
PARAMS_A_BATCH = 100
TAGS_A_BATCH = 100
METRICS_A_BATCH = 1000

_T = TypeVar("_T")


def clean_key(key: str) -> str:
    """A key that MLflow takes for a parameter, a tag or a metric."""
    cleaned = re.sub(r"[^\w.\- ]", "_", key)[:MAX_KEY]
    return f"_{cleaned}"[:MAX_KEY] if cleaned.strip(".") == "" else cleaned


def cut(value: str, length: int) -> str:
    """The value, shortened with an ellipsis where it is too long."""
    return value if len(value) <= length else f"{value[: length - 1]}…"


def chunks(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    """The items in runs of at most ``size``."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
