"""The pages, in the order of the navigation."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from . import page_studies


class _Entry(NamedTuple):
    title: str
    icon: str
    show: Callable[[], None]


_PAGES = {
    "studies": _Entry("Studies", ":material/folder_open:", page_studies.show),
}
"""By the last part of the address."""


def pages() -> dict[str, StreamlitPage]:
    """Every page, by the last part of its address; the first one is where a visit begins."""
    first = next(iter(_PAGES))
    return {
        path: st.Page(e.show, title=e.title, icon=e.icon, url_path=path, default=path == first)
        for path, e in _PAGES.items()
    }
