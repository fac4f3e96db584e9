"""What stands around every page: the gate, the choice of a study, the navigation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic

import streamlit as st

from automed.domain.errors import AutomedError

from .address import arrive
from .chosen import choose, note_drawn, watch
from .gate import admitted
from .navigation import show_links
from .pages import pages
from .plain import literal

_ICON = Path(__file__).with_name("icon.png")
"""Streamlit would fetch a symbol of its own from the Internet, which hospitals have not."""


def main() -> None:
    """Draw the page that the address names."""
    st.set_page_config(page_title="automed", page_icon=str(_ICON), layout="wide")
    # Before the question is asked, too: without it Streamlit forgets which page the address names.
    page = st.navigation(list(pages().values()), position="hidden")
    if not admitted():
        return
    arrive(page.url_path)
    begun = monotonic()
    with st.sidebar:
        links = st.container(gap="xxsmall")
        choose()
        with links:
            show_links()
    draw(page.run)
    note_drawn(monotonic() - begun)
    watch()


def draw(page: Callable[[], None]) -> None:
    """A page; what it raises is explained in its place."""
    try:
        page()
    except AutomedError as error:
        show_error(error)


def show_error(error: AutomedError) -> None:
    """The problem, what was found and expected, and the next step, as the terminal has them."""
    st.error(literal(error.problem), icon=":material/error:")
    for label, value in (("found", error.found), ("expected", error.expected)):
        if value is not None:
            st.text(f"{label}: {value}")
    if error.hint is not None:
        (st.code if error.hint.startswith("automed ") else st.text)(error.hint)
