"""The codes of findings: what each one means, and which errors may be waived."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from automed.domain.errors import DataError
from automed.domain.suggestion import suggestion

Level = Literal["error", "warning", "note"]


class Code(NamedTuple):
    """What a code stands for."""

    level: Level
    meaning: str
    waiver: str = ""
    """What ``--allow`` does to an error; empty where a search would be impossible all the same."""


_LEAVES_OUT = "the samples are left out of the study"

CODES = {
    "unreadable": Code("error", "files that do not decode", _LEAVES_OUT),
    "size-mismatch": Code("error", "masks of another size than their image", _LEAVES_OUT),
    "image-without-mask": Code("error", "images for which there is no mask", "they are not used"),
    "too-few-samples": Code("error", "fewer samples than parts of a split"),
    "too-few-groups": Code("error", "fewer groups than parts of a split"),
    "all-masks-empty": Code("error", "no mask has any foreground"),
    "contradicting-duplicates": Code("warning", "equal images with different labels or masks"),
    "duplicates": Code("warning", "equal images"),
    "contradicting-near-duplicates": Code("warning", "copies of an image under two labels"),
    "near-duplicates": Code("warning", "turned, mirrored, trimmed or recompressed copies"),
    "shifted-mask": Code("warning", "masks that fit their images better elsewhere"),
    "unlikely-label": Code("warning", "labels that the colours of the image speak against"),
    "consecutive-frames": Code("warning", "neighbours in time that no group holds together"),
    "burnt-in": Code("warning", "text or a scale bar in the picture"),
    "colour-suffices": Code("warning", "colour statistics alone tell the classes apart"),
    "blank-image": Code("warning", "images of one colour"),
    "repeated-mask": Code("warning", "one mask for different images"),
    "mixed-bit-depths": Code("warning", "8 and 16 bits in one data set"),
    "few-samples": Code("warning", "so few samples that scores mean little"),
    "small-class": Code("warning", "a class with fewer samples than parts of a split"),
    "mask-without-image": Code("warning", "masks for which there is no image"),
    "absent-class": Code("warning", "a class that no mask holds"),
    "stray-values": Code("warning", "mask values far from those of every class"),
    "empty-mask": Code("warning", "masks without foreground"),
    "full-mask": Code("warning", "masks that are all foreground"),
    "mostly-foreground": Code("warning", "masks that look inverted"),
    "colour-clusters": Code("note", "kinds of images that differ in colour, such as two stains"),
    "in-another-set": Code("warning", "images that another data set holds, too"),
}
"""Every code that a finding may carry. Codes are stable: scripts may rely on them."""

LEAVING_OUT = tuple(code for code, about in CODES.items() if about.waiver == _LEAVES_OUT)
"""Errors that are waived by leaving samples out."""


def check_allowed(codes: Sequence[str]) -> None:
    """Refuse codes that do not exist, and errors with which no search is possible.

    Raises:
        DataError: Naming the code.
    """
    waivable = [code for code, about in CODES.items() if about.level != "error" or about.waiver]
    for code in codes:
        if code in waivable:
            continue
        known = code in CODES
        problem = "cannot be waived" if known else f"is no finding{suggestion(code, waivable)}"
        raise DataError(
            f"--allow {code}: {code!r} {problem}",
            found=CODES[code].meaning if known else None,
            expected="one of " + ", ".join(waivable),
            hint="no search is possible with such data: mend them" if known else None,
        )
