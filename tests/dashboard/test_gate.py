"""Who may see the pages."""

from __future__ import annotations

import pytest
from automed.dashboard import gate
from streamlit.testing.v1 import AppTest

TOKEN = "a-long-token"


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv(gate.TOKEN, TOKEN)
    monkeypatch.setattr(gate, "_WAIT_SECONDS", 0.0)
    return AppTest.from_function(_secret, default_timeout=60)


def _secret() -> None:
    import streamlit as st
    from automed.dashboard.gate import admitted

    if admitted():
        st.write("the secret")


def secret(drawn: AppTest) -> bool:
    return any(m.value == "the secret" for m in drawn.markdown)


def test_nobody_is_asked_without_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(gate.TOKEN, raising=False)
    drawn = AppTest.from_function(_secret, default_timeout=60).run()
    assert secret(drawn)


def test_the_token_in_the_address_is_taken_out_of_it(locked: AppTest) -> None:
    locked.query_params["token"] = TOKEN
    locked.query_params["study"] = "s"
    locked.run()
    assert secret(locked)
    assert "token" not in locked.query_params
    assert locked.query_params["study"] == "s"
    locked.run()
    assert secret(locked), "known for the session"


@pytest.mark.parametrize("given", ["", "wrong", TOKEN + "x", TOKEN[:-1], "\u00e9"])
def test_a_wrong_answer(locked: AppTest, given: str) -> None:
    locked.run()
    assert not secret(locked)
    locked.text_input[0].input(given)
    locked.button[0].click().run()
    assert not locked.exception
    assert not secret(locked)
    assert len(locked.error) == (given != "")
    locked.text_input[0].input(TOKEN)
    locked.button[0].click().run()
    assert secret(locked)


def test_a_wrong_token_in_the_address(locked: AppTest) -> None:
    locked.query_params["token"] = "wrong"
    locked.run()
    assert not secret(locked)
    assert "token" not in locked.query_params
    assert len(locked.error) == 1


def test_the_question_is_a_password_field(locked: AppTest) -> None:
    locked.run()
    assert locked.text_input[0].proto.type == locked.text_input[0].proto.PASSWORD
