"""Choices that stand in the address, so that a link shows a colleague the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import streamlit as st

Option = TypeVar("Option", int, float, str)
_PREFIX = "automed_address_"
_PAGE = "automed_page"


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
    if asked is not None and asked != remembered(name):
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


def remember(name: str, value: float | str, usual: str | None = None) -> None:
    """Put a choice into the address, unless the visitor went back to before it stood there.

    Each change of the address is a step for the browser's Back button: one that was taken back and
    then written again would keep the visitor here for ever.

    Args:
        name: Of the parameter.
        value: What was chosen.
        usual: What an address without the parameter shows, whenever it is opened.
    """
    text = str(value)
    if name in st.query_params or text not in (remembered(name), usual):
        st.query_params[name] = text
    st.session_state[_seen(name)] = text


def remembered(name: str) -> str | None:
    """What this page wrote into the address, or found there; None: nothing yet."""
    text: str | None = st.session_state.get(_seen(name))
    return text


def arrive(page: str) -> None:
    """Note which page is drawn: what the address says of another one is written anew."""
    if st.session_state.get(_PAGE) == page:
        return
    st.session_state[_PAGE] = page
    for key in [key for key in st.session_state if str(key).startswith(_PREFIX)]:
        del st.session_state[key]


def _seen(name: str) -> str:
    return f"{_PREFIX}{name}"
