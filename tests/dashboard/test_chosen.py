"""Which study the pages are about: by the address, and never beyond the workspace."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def _chosen() -> None:
    import streamlit as st
    from automed.dashboard.chosen import choose, chosen

    choose()
    study = chosen()
    st.text("none" if study is None else str(study.folder))


@pytest.fixture
def app(workspace) -> AppTest:
    return AppTest.from_function(_chosen, default_timeout=60)


def test_the_address_names_it(study, app: AppTest) -> None:
    first, second = study("a"), study("b")
    app.query_params["study"] = "a"
    app.run()
    assert app.text[-1].value == str(first)
    app.selectbox[0].select("b").run()
    assert app.text[-1].value == str(second)
    assert app.query_params["study"] == "b"


@pytest.mark.parametrize("asked", ["../../etc", "/etc", "..", "", "a/../../x", "nothing"])
def test_what_is_no_study_of_the_workspace_is_not_opened(study, app: AppTest, asked: str) -> None:
    folder = study("a")
    outside = folder.parents[2] / "x"
    outside.mkdir()
    (outside / "study.json").write_bytes((folder / "study.json").read_bytes())
    app.query_params["study"] = asked
    app.run()
    assert not app.exception
    assert app.text[-1].value == "none"
    assert app.text[0].value == asked
    assert "no such study" in app.error[0].value
    app.selectbox[0].select("a").run()
    assert not app.error
    assert app.text[-1].value == str(folder)
    assert app.query_params["study"] == "a"


def test_one_that_is_deleted_while_it_is_looked_at(study, app: AppTest) -> None:
    folder, other = study("a"), study("b")
    app.query_params["study"] = "a"
    app.run()
    (folder / "study.json").unlink()
    app.run()
    assert not app.exception
    assert app.text[0].value == "a"
    assert "no such study" in app.error[0].value
    app.selectbox[0].select("b").run()
    assert app.text[-1].value == str(other)
    (other / "study.json").unlink()
    app.run()
    assert app.text[-1].value == "none"
    assert "automed search" in app.code[0].value
