"""Joining a study that another machine began: the same settings, the same images."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from postgres_server import PASSWORD

from automed.api.confirm import ConfirmRequest, prepare
from automed.api.doctor_finding import Finding, Status
from automed.api.doctor_services import service_checks
from automed.api.naming import next_name
from automed.api.opened_study import StudyOpener, revision_of
from automed.api.request import SearchRequest
from automed.api.search import Search, resume, start
from automed.api.studies import studies_in
from automed.domain.budget import Limits
from automed.domain.errors import AutomedError, DataError, StudyError
from automed.domain.workspace import Workspace
from automed.executors.outcome import Outcome


def request(**changes: Any) -> SearchRequest:
    fields = {
        "task": "cell", "name": "same", "budget": 2, "epochs": 1, "image_size": (32, 32),
        "weights": "none", "artifact": "weights", "sampler": "random",
    }  # fmt: skip
    return SearchRequest(**(fields | changes))


@pytest.fixture
def workspaces(tmp_path: Path, storage: str) -> list[Workspace]:
    return [Workspace(tmp_path / name) for name in ("one", "other", "third")]


@pytest.fixture
def begun(workspaces: list[Workspace]) -> Search:
    search = start(request(), workspaces[0])
    search.study.close()
    return search


def test_two_workspaces_search_one_study(workspaces: list[Workspace]) -> None:
    first = start(request(), workspaces[0])
    second = start(request(budget=50), workspaces[1])
    try:
        assert "the study's budget stays 2 trials, for all machines together" in second.notes[0]
        specs = [search.study.spec for search in (first, second)]
        assert specs[0].data.path != specs[1].data.path
        assert specs[0] == specs[1].replace(data=specs[0].data)
        assert first.job.split == second.job.split
        before = revision_of(second.study.folder)
        trial = first.study.ask()
        assert trial is not None
        assert revision_of(second.study.folder) != before
        opener = StudyOpener(second.study.folder)
        assert opener.open().state == "running"
        first.study.put_back(trial)
        assert second.run() is Outcome.FINISHED
        assert first.run() is Outcome.FINISHED
    finally:
        first.study.close()
        second.study.close()
    for workspace in workspaces[:2]:
        (summary,) = studies_in(workspace)
        assert summary.problem is None
        assert summary.trained == 2
    opened = opener.open()
    assert opened.state == "finished"
    assert [trial.number for trial in opened.trials] == [0, 1]
    assert len(list((second.study.folder / "trials").iterdir())) == 2
    assert not (first.study.folder / "trials").exists()
    # A third one asks for more by the name alone.
    third = resume("same", workspaces[2], limits=Limits(trials=3))
    third.study.close()
    assert third.study.spec.budget.trials == 3
    assert opener.open().spec.budget.trials == 3
    assert opener.open().state == "waiting"


OTHER: list[tuple[dict[str, Any], str]] = [
    ({"epochs": 2}, r"task\.training\.epochs: 2"),
    ({"seed": 5}, "seed: 5"),
    ({"sampler": "tpe"}, "sampler: tpe"),
    ({"max_gflops": 1.0}, "constraints"),
    ({"image_size": (32, 48)}, r"task\.image_size: \[32, 48\]"),
    ({"fix_values": ("training.loss=dice",)}, r"task\.space\.parameters\.training\.loss"),
    ({"artifact": "onnx"}, "artifact: onnx"),
]


def test_other_settings_are_refused(begun: Search, workspaces: list[Workspace]) -> None:
    for changes, words in OTHER:
        with pytest.raises(StudyError, match="cannot be joined with these settings") as error:
            start(request(**changes), workspaces[1]).study.close()
        assert error.match(words)
        assert not (workspaces[1].studies / "same").exists()
    with pytest.raises(StudyError, match="cannot be joined with these settings"):
        start(request(seed=3, data=workspaces[1].root / "not read"), workspaces[1])


def test_other_images_are_refused(
    begun: Search, workspaces: list[Workspace], tmp_path: Path
) -> None:
    copied = tmp_path / "copied"
    shutil.copytree(begun.study.spec.data.path, copied)
    start(request(data=copied), workspaces[1]).study.close()
    fewer = next(iter(sorted(file for file in copied.rglob("*.png"))))
    for file in copied.rglob(f"{fewer.stem}*"):
        file.unlink()
    with pytest.raises(DataError, match="are not those of study 'same'"):
        start(request(data=copied), workspaces[2]).study.close()


def test_a_study_of_that_name_in_the_folder_is_left_alone(
    begun: Search, workspaces: list[Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as alone:
        alone.delenv("AUTOMED_STORAGE")
        start(request(seed=3), workspaces[1]).study.close()
    before = (workspaces[1].studies / "same" / "study.json").read_bytes()
    with pytest.raises(StudyError, match="there is another study 'same'"):
        start(request(), workspaces[1]).study.close()
    assert (workspaces[1].studies / "same" / "study.json").read_bytes() == before


def test_names_that_are_given_are_free_everywhere(
    begun: Search, workspaces: list[Workspace], tmp_path: Path
) -> None:
    start(request(name=None), workspaces[0]).study.close()
    search = start(request(name=None), workspaces[1])
    search.study.close()
    assert search.study.spec.name == "cell-2"
    assert next_name(tmp_path / "none", "cell", ["cell-7", "polyp-9", "cell-x"]) == "cell-8"


def test_a_study_that_is_not_there_is_no_reason_to_make_one(workspaces: list[Workspace]) -> None:
    with pytest.raises(AutomedError, match="there is no study in"):
        resume("same", workspaces[0])
    assert not workspaces[0].studies.exists()


def examined(workspace: Workspace) -> Finding:
    (check,) = [check for check in service_checks(workspace, None) if check.name == "storage"]
    return check.look()


def test_the_doctor_says_where_studies_are_kept(
    begun: Search, workspaces: list[Workspace], storage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = examined(workspaces[0])
    assert (found.status, found.fix) == (Status.OK, None)
    assert found.found.endswith("answers, studies: 1")
    assert PASSWORD not in found.found
    monkeypatch.setenv("AUTOMED_STORAGE", storage.replace(PASSWORD, "guessed"))
    found = examined(workspaces[0])
    assert found.status is Status.BROKEN
    assert "password authentication failed" in found.found
    assert found.fix == "unset AUTOMED_STORAGE"
    monkeypatch.setenv("AUTOMED_STORAGE", "sqlite:///x.db")
    assert examined(workspaces[0]).status is Status.BROKEN
    monkeypatch.delenv("AUTOMED_STORAGE")
    assert "each study in its folder" in examined(workspaces[0]).found


def test_a_storage_that_is_away_is_said_by_whoever_reads(
    begun: Search, workspaces: list[Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = begun.study.folder
    there = revision_of(folder)
    monkeypatch.setenv("AUTOMED_STORAGE", f"postgresql://automed:{PASSWORD}@127.0.0.1:1/none")
    assert revision_of(folder) != there
    with pytest.raises(StudyError, match="cannot be used") as error:
        StudyOpener(folder).open()
    assert PASSWORD not in str(error.value)
    (summary,) = studies_in(workspaces[0])
    assert summary.problem is not None
    assert "cannot be used" in summary.problem


def test_another_version_of_automed_is_said(
    begun: Search, workspaces: list[Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("automed.api.shared.__version__", "9.9.9")
    joined = start(request(), workspaces[1])
    joined.study.close()
    assert any(f"begun by automed {joined.study.spec.version}" in note for note in joined.notes)


def test_a_study_that_others_search_is_not_confirmed(workspaces: list[Workspace]) -> None:
    first, second = (start(request(), workspace) for workspace in workspaces[:2])
    second.study.close()
    try:
        with pytest.raises(StudyError, match="is being searched, by another machine perhaps"):
            prepare(ConfirmRequest(study="same"), workspaces[1])
    finally:
        first.study.close()
