"""The pages, in the order of the navigation."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

import streamlit as st
from streamlit.navigation.page import StreamlitPage


class _Entry(NamedTuple):
    title: str
    icon: str


_PAGES = {
    "studies": _Entry("Studies", ":material/folder_open:"),
    "front": _Entry("Front", ":material/scatter_plot:"),
    "trial": _Entry("Trial", ":material/model_training:"),
    "space": _Entry("Space", ":material/tune:"),
    "data": _Entry("Data", ":material/photo_library:"),
    "papers": _Entry("Papers", ":material/menu_book:"),
}
"""By the last part of the address."""


def pages() -> dict[str, StreamlitPage]:
    """Every page, by the last part of its address; the first one is where a visit begins."""
    first = next(iter(_PAGES))
    return {
        path: st.Page(_show(path), title=e.title, icon=e.icon, url_path=path, default=path == first)
        for path, e in _PAGES.items()
    }


def _show(path: str) -> Callable[[], None]:
    def show() -> None:
        # Loaded when it is first looked at: what all pages need together takes seconds to load.
        import_module(f".page_{path}", __package__).show()

    return show
