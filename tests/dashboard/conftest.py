"""Fixtures for the pages: made-up studies, and a page drawn in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from made_studies import make_study

SECONDS = 120
"""A page's first run may wait for imports on a busy machine."""


@pytest.fixture
def study(workspace: Path) -> Callable[..., Path]:
    """Write a made-up study into the workspace: ``study("name", complete=5, stopped=2)``.

    See `made_studies.make_study` for what can be asked for.
    """
    return partial(make_study, workspace)


@pytest.fixture
def page(workspace: Path) -> Callable[..., AppTest]:
    """Draw a page of the dashboard: ``page("front", study="s", trial="7")``.

    The arguments after the page's name are the address. The choice of the study stands in the
    sidebar, as in the shell; the other pages do not, so ``go_to`` cannot leave. Whether something
    was raised is in ``.exception`` of what is returned.
    """

    def drawn(name: str, **address: str) -> AppTest:
        test = AppTest.from_function(_page, args=(name,), default_timeout=SECONDS)
        for key, value in address.items():
            test.query_params[key] = value
        return test.run()

    return drawn


def _page(name: str) -> None:
    # Streamlit runs the text of this function as a script.
    from importlib import import_module

    import streamlit as st
    from automed.dashboard.chosen import choose
    from automed.dashboard.shell import draw

    with st.sidebar:
        choose()
    draw(import_module(f"automed.dashboard.page_{name}").show)
