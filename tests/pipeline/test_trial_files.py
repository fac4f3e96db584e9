"""Files that are written whole or not at all."""

from __future__ import annotations

import pytest

from automed.domain.errors import WorkspaceError
from automed.pipeline.files import History, replacing


def test_a_file_appears_only_when_it_is_complete(tmp_path):
    path = tmp_path / "result.json"
    path.write_text("old")
    with replacing(path) as draft:
        draft.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_fails_while_writing_leaves_the_old_file_and_no_draft(tmp_path, error):
    path = tmp_path / "result.json"
    path.write_text("old")

    def write():
        with replacing(path) as draft:
            draft.write_text("half")
            raise error

    with pytest.raises(error):
        write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_of_the_system_names_the_file(tmp_path):
    path = tmp_path / "missing" / "result.json"
    with (
        pytest.raises(WorkspaceError, match=r"(?s)missing/result\.json.*--workspace"),
        replacing(path) as draft,
    ):
        draft.write_text("new")
    with pytest.raises(WorkspaceError, match=r"missing/history\.jsonl"):
        History(tmp_path / "missing")
