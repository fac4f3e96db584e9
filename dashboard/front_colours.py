"""The colours of the Front page on a light and on a dark ground; shapes tell things apart, too."""

from __future__ import annotations

from dataclasses import dataclass

from automed.analysis.palette import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
)

CONTINUOUS = "Cividis"
"""Reads the same to readers with and without colour-blindness."""


@dataclass(frozen=True)
class Colours:
    """One colour a meaning.

    Attributes:
        front: Its members.
        faint: What is dominated.
        knee: Where the front bends.
        bound: Constraints and limits.
        published: The papers' points.
        confirmed: Means over other partitions.
        ink: Text and outlines.
    """

    front: str = BLUE
    faint: str = FAINT
    knee: str = VERMILION
    bound: str = PURPLE
    published: str = GREEN
    confirmed: str = ORANGE
    ink: str = INK


LIGHT = Colours()
DARK = Colours(front=SKY, faint="#7D848C", knee=ORANGE, confirmed=YELLOW, ink="#E6E8EB")


def colours(theme: str | None) -> Colours:
    """The colours for Streamlit's ``light`` or ``dark``."""
    return DARK if theme == "dark" else LIGHT
