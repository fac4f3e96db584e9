"""What the searches of ``search_efficiency.py`` had, by the compute that they had spent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from surrogates.simulated import Course

from automed.analysis.figure import new_figure, save, style
from automed.analysis.palette import FAINT, INK, SERIES

STEPS = 300
LOWEST = 1e-3
"""Where the axis of what is missing ends: a course that is whole lies on it."""


def plot(courses: Mapping[str, Mapping[int, Course]], epochs: int, whole: int, path: Path) -> Path:
    """The share of the table's hypervolume that is still missing, median and quartiles.

    Args:
        courses: By search and seed; the searches in the order of the legend, seven at most.
        epochs: The budget.
        whole: Epochs of a whole training: the unit of the axis.
        path: The PNG to write.
    """
    figure = new_figure(8.4, 4.9)
    axes = figure.add_subplot()
    style(axes)
    spent = np.linspace(whole, epochs, STEPS)
    for (name, seeds), colour in zip(courses.items(), SERIES, strict=False):
        missing = np.array([[1 - c.at(e, log=False) for e in spent] for c in seeds.values()])
        low, middle, high = np.quantile(np.maximum(missing, LOWEST), [0.25, 0.5, 0.75], axis=0)
        ours = name.startswith("automed")
        axes.plot(
            spent / whole, middle, label=name, color=colour, linewidth=2.2 if ours else 1.3,
            linestyle="-" if ours else "--",
        )  # fmt: skip
        axes.fill_between(spent / whole, low, high, color=colour, alpha=0.12, linewidth=0)
    axes.set_yscale("log")
    axes.set_xlim(1, epochs / whole)
    axes.set_xlabel("compute, in whole trainings", fontsize=10, color=INK)
    axes.set_ylabel("share of the hypervolume still missing", fontsize=10, color=INK)
    axes.legend(frameon=False, fontsize=8.5, labelcolor=INK, loc="best")
    seeds_there = max(map(len, courses.values()), default=0)
    axes.set_title(
        f"medians over {seeds_there} seeds, quartiles shaded; lower is better",
        loc="left", fontsize=9, color=FAINT,
    )  # fmt: skip
    return save(figure, path)
