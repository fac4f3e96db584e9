"""Who opened a study with what: a line of its log wherever that changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import toy_family as family
import toy_study as toy

from automed.domain.budget import Budget
from automed.domain.errors import StudyError
from automed.executors.inline import run
from automed.search import journal
from automed.search.replay import replay
from automed.search.study import Study


def openings(folder: Path) -> list[dict]:
    lines = [json.loads(line) for line in (folder / "journal.log").read_text().splitlines()]
    noted = [line["user_attr"] for line in lines if "study_id" in line and "user_attr" in line]
    return [attrs["automed:opened"] for attrs in noted if "automed:opened" in attrs]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Study.create(tmp_path / "s", toy.spec_of(trials=3), family.cost_of) as study:
        run(study, family.train)
    return tmp_path / "s"


def test_the_first_opening_is_written(folder: Path) -> None:
    assert openings(folder) == [{"version": journal.__version__, "compress": []}]


def test_one_that_changes_nothing_writes_nothing(folder: Path) -> None:
    before = (folder / "journal.log").read_bytes()
    Study.open(folder, family.cost_of).close()
    Study.open(folder, family.cost_of, budget=Budget(trials=4)).close()
    assert (folder / "journal.log").read_bytes() == before


def test_another_version_and_more_children_are_a_line_each(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (folder / "journal.log").read_bytes()
    monkeypatch.setattr(journal, "__version__", "9.9")
    with Study.open(folder, family.cost_of, compress=family.LIST) as study:
        written = (folder / "journal.log").read_bytes().removeprefix(before)
        assert written.count(b"\n") == 1
        run(study, family.train)
    assert openings(folder)[1:] == [{"version": "9.9", "compress": ["ptq", "prune:0.5+ptq"]}]
    assert replay(folder, lambda _: family.cost_of, lambda *_: None).differences == ()


def test_a_full_disk_is_said_and_leaves_the_log_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch, files_no_larger_than
) -> None:
    monkeypatch.setattr(journal, "__version__", "9.9")
    before = (folder / "journal.log").read_bytes()
    said = r"journal\.log cannot be written to"
    with files_no_larger_than(len(before) + 20), pytest.raises(StudyError, match=said):
        Study.open(folder, family.cost_of)
    assert (folder / "journal.log").read_bytes() == before
    Study.open(folder, family.cost_of).close()
    assert openings(folder)[-1]["version"] == "9.9"
