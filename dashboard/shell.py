"""What stands around every page: the gate, the choice of a study, the navigation."""

from __future__ import annotations

import streamlit as st

from automed.domain.errors import AutomedError

from .chosen import choose, watch
from .gate import admitted
from .pages import pages


def main() -> None:
    """Draw the page that the address names."""
    st.set_page_config(page_title="automed", page_icon=":material/scatter_plot:", layout="wide")
    if not admitted():
        return
    page = st.navigation(list(pages().values()))
    with st.sidebar:
        choose()
    try:
        page.run()
    except AutomedError as error:
        show_error(error)
    watch()


def show_error(error: AutomedError) -> None:
    """The problem, what was found and expected, and the next step, as the terminal has them."""
    st.error(error.problem, icon=":material/error:")
    for label, value in (("found", error.found), ("expected", error.expected)):
        if value is not None:
            st.text(f"{label}: {value}")
    if error.hint is not None:
        st.code(error.hint, language="sh")
