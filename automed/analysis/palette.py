"""Colours that readers with colour-blindness can tell apart, and the style of every plot."""

from __future__ import annotations

# Okabe and Ito (2008), "Color Universal Design".
BLACK = "#000000"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILION = "#D55E00"
PURPLE = "#CC79A7"

INK = "#222222"
FAINT = "#9AA0A6"
GRID = "#E6E8EB"

SERIES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
"""One colour a line; beyond seven lines a plot is not readable anyway."""
