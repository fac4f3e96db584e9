"""Rows of pictures: a case, its truth and what a model says."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from automed.analysis import overlay
from automed.analysis.case_pictures import Cases, side_by_side
from automed.analysis.class_colours import WRONG, class_colour
from automed.analysis.picture_grid import Rgb
from automed.analysis.shown_image import Image, as_rgb


def case_row(words: str, name: str, cases: Cases, index: int, threshold: float) -> None:
    """A line with the case's score and name, and its pictures below.

    Args:
        words: Of the score.
        name: Of the case: a file's name, which is shown as it is.
        cases: Holds it.
        index: Where.
        threshold: From which probability on a pixel is foreground.
    """
    st.text(f"{words} · {name}")
    what = ", ".join(cases.columns)
    st.image(side_by_side(cases.row(index, threshold)), width="stretch", alt=f"{name}: {what}")


def case_image(image: NDArray[np.uint8]) -> Image:
    """An image of any number of channels as a page can show it."""
    return as_rgb(image)


def legend(cases: Cases, classes: tuple[str, ...]) -> None:
    """What the pictures of a row are, and what their colours mean."""
    st.caption("From left to right: " + ", ".join(cases.columns))
    if cases.probabilities is not None:
        swatches(overlay.LEGEND)
        return
    highest = int(max(cases.masks.max(), cases.predicted().max(), len(classes)))
    names = [*classes, *(f"class {i}" for i in range(len(classes) + 1, highest + 1))]
    swatches([*((n, class_colour(i)) for i, n in enumerate(names, 1)), ("wrong", WRONG)])


def swatches(entries: tuple[tuple[str, Rgb], ...] | list[tuple[str, Rgb]]) -> None:
    """Names beside squares of their colours."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for name, colour in entries:
            # Only our own colours go into the markup; the name may come from a plugin.
            st.html(
                f'<span style="display:inline-block;width:1em;height:1em;border:1px solid #888;'
                f'background:rgb{colour}"></span>',
                width="content",
            )
            st.text(name, width="content")
