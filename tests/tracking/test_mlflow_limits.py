"""Keys and values against MLflow's own validation."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automed.tracking.limits import MAX_PARAM, MAX_TAG, chunks, clean_key, cut
from automed.tracking.run import same
from automed.tracking.store import artifact_location, check_sqlite, explain, mask


@settings(deadline=None)  # the first example imports MLflow
@given(st.text(max_size=300))
def test_mlflow_takes_every_cleaned_key(key):
    from mlflow.utils.validation import _validate_metric, _validate_param_name, _validate_tag_name

    cleaned = clean_key(key)
    _validate_metric(cleaned, 1.0, 0, 0)
    _validate_param_name(cleaned)
    _validate_tag_name(cleaned)
    assert len(cleaned) <= 250


@pytest.mark.parametrize("key", ["model.encoder", "best_dice", "data.path", "mlflow.parentRunId"])
def test_the_usual_keys_stay_as_they_are(key):
    assert clean_key(key) == key


@given(st.text(max_size=9000))
def test_values_keep_mlflow_s_lengths(text):
    assert len(cut(text, MAX_PARAM)) <= 6000
    assert len(cut(text, MAX_TAG)) <= 8000
    assert cut(text, 10_000) == text


@given(st.lists(st.integers()), st.integers(1, 7))
def test_chunks_cover_all_in_order(items, size):
    parts = list(chunks(items, size))
    assert [i for part in parts for i in part] == items
    assert all(0 < len(part) <= size for part in parts)


def test_same_knows_how_databases_keep_infinity():
    assert same(1.7976931348623157e308, float("inf"))
    assert same(float("nan"), float("nan"))
    assert not same(None, 1.0)
    assert not same(1.0, float("nan"))
    assert not same(0.5, 0.5000001)


def test_local_stores_keep_files_in_the_workspace_and_servers_where_they_like(tmp_path):
    space = tmp_path / "my work"
    assert artifact_location("http://mlflow.hospital:5000", space) is None
    place = artifact_location(f"sqlite:///{space}/mlflow.db", space)
    assert place == (space / "mlartifacts").as_uri()
    assert "%20" in place


def test_a_locked_database_is_found_out_at_once(tmp_path):
    path = tmp_path / "mlflow.db"
    check_sqlite(f"sqlite:///{path}")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        check_sqlite(f"sqlite:///{path}")
    holder.execute("ROLLBACK")
    holder.close()
    check_sqlite(f"sqlite:///{path}")
    check_sqlite("http://127.0.0.1:1")


def test_reasons_are_one_line_without_passwords():
    error = ValueError("(psycopg2.OperationalError) postgresql://ann:pw@db/x is gone\nand more")
    assert explain(error) == "postgresql://***@db/x is gone"
    assert explain(ValueError()) == "ValueError"
    assert mask("sqlite:////a/b.db") == "sqlite:////a/b.db"
