"""A colour for each class of a mask, for readers with and without colour-blindness."""

from __future__ import annotations

from automed.analysis.palette import BLUE, GREEN, ORANGE, PURPLE, SKY, YELLOW
from automed.analysis.picture_grid import Rgb

BACKGROUND = (0, 0, 0)
WRONG = (255, 255, 255)
"""White: the one colour that nobody takes for a class, and the farthest from the background."""

_HUES = (SKY, ORANGE, PURPLE, YELLOW, GREEN, BLUE)
"""Okabe and Ito (2008), without black, which is the background, and vermilion, which small areas of
orange look like."""
_SHADE = 0.55
_DISTINCT = 2 * len(_HUES)


def class_colour(index: int) -> Rgb:
    """The colour of a class index, 0 for the background.

    Six hues, then the same darker; from the 13th class on they come again, as no palette has more
    that are safe for the colour-blind.
    """
    if index == 0:
        return BACKGROUND
    place = (index - 1) % _DISTINCT
    hue = _HUES[place % len(_HUES)].removeprefix("#")
    factor = 1.0 if place < len(_HUES) else _SHADE
    red, green, blue = (round(factor * int(hue[i : i + 2], 16)) for i in (0, 2, 4))
    return red, green, blue
