"""Choices that stand in the address, so that a link shows a colleague the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import streamlit as st

Option = TypeVar("Option", int, float, str)


def linked(name: str, options: Sequence[Option], default: Option) -> str:
    """Give a widget the value that the address asks for; else what it had, else the default.

    Args:
        name: Of the parameter in the address.
        options: What may be chosen.
        default: One of them.

    Returns:
        The key for the widget; call `remember` with what it returns.
    """
    key = f"chosen_{name}"
    asked = st.query_params.get(name)
    # A link wins over what was chosen before; after that the address follows the choice.
    if asked is not None and asked != st.session_state.get(_seen(name)):
        found = next((option for option in options if str(option) == asked), None)
        if found is None:
            st.warning(f"There is no {name} as the address asks for.", icon=":material/link_off:")
            st.text(f"{name}={asked}")
        else:
            st.session_state[key] = found
    if st.session_state.get(key) not in options:
        st.session_state[key] = default
    # Streamlit forgets the state of widgets that a page has not drawn, unless it is set again.
    st.session_state[key] = st.session_state[key]
    return key


def remember(name: str, value: float | str) -> None:
    """Put a choice into the address."""
    st.query_params[name] = str(value)
    st.session_state[_seen(name)] = str(value)


def _seen(name: str) -> str:
    return f"automed_address_{name}"
