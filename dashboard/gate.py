"""Who may see the pages, where others than this machine can reach them."""

from __future__ import annotations

import hmac
import os
import time

import streamlit as st

TOKEN = "AUTOMED_DASHBOARD_TOKEN"
"""Environment variable with what a visitor must know; unset: nobody is asked, on loopback."""
_ADMITTED = "automed_admitted"
_WAIT_SECONDS = 1.0
"""After a wrong answer: guessing takes for ever, a typing error a second."""


def admitted() -> bool:
    """Whether this visitor may go on; if not, the question has been drawn."""
    token = os.environ.get(TOKEN)
    if not token or st.session_state.get(_ADMITTED):
        return True
    # Out of the address, which ends up in histories and on screenshots.
    given = st.query_params.pop("token", None)
    if given is None:
        given = _ask()
    if given is None:
        return False
    if hmac.compare_digest(given.encode(), token.encode()):
        st.session_state[_ADMITTED] = True
        st.rerun()
    time.sleep(_WAIT_SECONDS)
    st.error("That is not the token. It was printed where `automed dashboard` was started.")
    return False


def _ask() -> str | None:
    with st.form("gate"):
        st.subheader("automed")
        given = st.text_input("Token", type="password", autocomplete="current-password")
        sent = st.form_submit_button("Open")
    return given if sent and given else None
