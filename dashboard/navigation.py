"""The links to the pages, beside each of them."""

from __future__ import annotations

import streamlit as st

from .chosen import STUDY, chosen_name, missing_name
from .pages import pages


def show_links() -> None:
    """Draw them; call it when the study has been chosen."""
    # They name the study: Streamlit's own links would not, and the address had to be mended after
    # each click, which makes two steps of one for the browser's Back button.
    name = chosen_name() or missing_name()
    address = {} if name is None else {STUDY: name}
    for page in pages().values():
        st.page_link(page, width="stretch", query_params=address)
