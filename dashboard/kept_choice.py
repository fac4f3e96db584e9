"""A choice that outlives what it was chosen from: another study has other metrics."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st


def forget_unless_in(key: str, options: Sequence[str]) -> None:
    """Drop what a widget remembers where it is no longer to be had; call this before drawing it.

    Args:
        key: Of the widget, which holds one of the options, or a list of some.
        options: What it will offer.
    """
    held = st.session_state.get(key)
    if held is None:
        return
    if any(one not in options for one in (held if isinstance(held, list) else [held])):
        del st.session_state[key]
