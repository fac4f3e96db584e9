"""What the visitor of the Front page has asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

from automed.analysis.front_limits import Limits

SCATTER = "Scatter"
PARALLEL = "Parallel coordinates"
COURSE = "Best so far"
MEMBERSHIP = "front"
"""Colour that tells the front from the rest, rather than a metric's name."""
MEGABYTES = "megabytes"
INVERSE = "1/GFLOPs"
EQUAL = "equal"
AREAS = (MEGABYTES, INVERSE, EQUAL)
SCALES = ("auto", "linear", "log")


@dataclass(frozen=True)
class Choice:
    """The settings of the Front page; equal ones draw the same picture of the same study.

    Attributes:
        view: One of ``SCATTER``, ``PARALLEL`` and ``COURSE``.
        x: Metric across.
        y: Metric up.
        colour: A metric, or ``MEMBERSHIP``.
        area: Of the markers, one of ``AREAS``.
        scale_x: One of ``SCALES``; auto: a logarithm where prices span more than a decade.
        scale_y: The same.
        front_only: Leave out what is dominated.
        published: Draw the papers' points.
        origins: Only these; empty: all.
        models: Only these; empty: all.
        states: Only these; empty: all.
        limits: What the visitor can afford.
    """

    view: str
    x: str
    y: str
    colour: str = MEMBERSHIP
    area: str = MEGABYTES
    scale_x: str = SCALES[0]
    scale_y: str = SCALES[0]
    front_only: bool = False
    published: bool = True
    origins: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
