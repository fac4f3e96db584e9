"""What a study searched: which parameters mattered, what was stopped, what was never tried."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from automed.api.opened_study import OpenedStudy

from . import space_importance, space_parameters, space_rejected, space_slices, space_stopped
from .chosen import chosen

_LOOKS: dict[str, Callable[[OpenedStudy], None]] = {
    "Importance": space_importance.show,
    "Slices": space_slices.show,
    "Stopped": space_stopped.show,
    "Rejected": space_rejected.show,
    "Parameters": space_parameters.show,
}
"""By what the address calls them; only the chosen one is computed."""


def show() -> None:
    """The page."""
    st.title("Space")
    study = chosen()
    if study is None:
        return
    look = st.segmented_control(
        "What to look at", list(_LOOKS), key="look", bind="query-params", required=True,
        default=next(iter(_LOOKS)), label_visibility="collapsed",
    )  # fmt: skip
    _LOOKS[look or next(iter(_LOOKS))](study)
