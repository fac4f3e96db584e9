"""Going from one page to another, with what the next page is to show in its address."""

from __future__ import annotations

from typing import NoReturn
from urllib.parse import urlencode

import streamlit as st


def go_to(page: str, **address: str) -> NoReturn:
    """Leave for another page, by the last part of its address, such as ``front``."""
    # The pages import this module: their table is only known once they are all there.
    from .pages import pages

    st.switch_page(pages()[page], query_params=address)


def link(page: str, **address: str) -> str:
    """An address to put into a table or a text, relative to the dashboard's own."""
    return f"{page}?{urlencode(address)}"
