"""Digests of plain values: equal content, equal digest, on every machine."""

from __future__ import annotations

import hashlib
import json


def digest(value: object) -> str:
    """SHA-256 (hex) of the canonical JSON of a value made of dicts, lists, numbers and strings.

    Raises:
        TypeError: The value holds something that JSON cannot.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def derive_seed(*parts: object) -> int:
    """A 32-bit seed that is a function of its parts, such as (study seed, trial number).

    Neighbouring parts give unrelated seeds, which ``seed + number`` would not.
    """
    return int(digest(list(parts))[:8], 16)
