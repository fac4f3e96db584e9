"""A study as the dashboard opens it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "dashboard"))

from made_studies import Writer, hold, make_study, spec_of, tight

from automed.api.opened_study import (
    StudyOpener,
    open_study,
    revision_of,
    share_spent,
    study_folders,
)
from automed.domain.budget import Budget, Spent
from automed.domain.errors import StudyError
from automed.domain.workspace import Workspace


def test_what_every_page_asks(tmp_path: Path) -> None:
    folder = make_study(
        tmp_path, complete=4, children=1, stopped=1, failed=1, rejected=1, running=1, trials=10
    )
    study = open_study(folder)
    assert [t.label for t in study.trials] == [
        *["done"] * 5, "stopped", "failed", "rejected", "running",
    ]  # fmt: skip
    assert [study.label_of(t) for t in study.trials][-1] == "paused"
    assert (study.state, study.running, study.seconds_left) == ("waiting", False, None)
    assert study.share == 6 / 10, "children, rejected and running ones spend no training"
    assert study.trial(4).parent == 0
    assert study.trial_folder(3) == folder / "trials" / "0003"
    assert study.trial_folder(3).is_dir()
    with pytest.raises(StudyError, match="no trial 99") as error:
        study.trial(99)
    assert "0 to 8" in str(error.value)


def test_a_running_one(tmp_path: Path) -> None:
    folder = make_study(tmp_path, complete=4, running=1, trials=16, held=True)
    study = open_study(folder)
    assert study.state == "running"
    assert study.label_of(study.trials[-1]) == "running"
    assert study.seconds_left == pytest.approx(4 * 60 * 3), "a quarter took four minutes"


def test_constraints_keep_trials_off_the_front(tmp_path: Path) -> None:
    study = open_study(make_study(tmp_path, complete=12, constraints=tight()))
    kept = {t.number for t in study.feasible}
    assert 0 < len(kept) < 12
    assert {t.number for t in study.front.trials} <= kept
    for trial in study.feasible:
        assert trial.result is not None
        assert trial.result.cost.macs.value <= tight()[0].bound


def test_an_opener_reads_what_is_new(tmp_path: Path) -> None:
    folder = tmp_path / "studies" / "s"
    make_study(tmp_path, complete=0)
    (folder / "journal.log").unlink()
    writer = Writer(folder, spec_of("s"))
    opener = StudyOpener(folder)
    assert opener.open().state == "empty"
    writer.complete()
    writer.save()
    first = opener.open()
    writer.complete()
    writer.running()
    writer.save()
    second = opener.open()
    assert [len(s.trials) for s in (first, second)] == [1, 3]
    assert second.trials[0] is first.trials[0]
    assert second.trials == open_study(folder).trials
    assert second.front == open_study(folder).front


def test_the_revision_follows_the_study(tmp_path: Path) -> None:
    folder = make_study(tmp_path, complete=1)
    seen = [revision_of(folder)]
    assert revision_of(folder) == seen[0]
    hold(folder)
    seen.append(revision_of(folder))
    with (folder / "journal.log").open("a") as file:
        file.write("{")
    seen.append(revision_of(folder))
    (folder / "front.csv").write_text("")
    seen.append(revision_of(folder))
    (folder / "lock.json").unlink()
    seen.append(revision_of(folder))
    assert len(set(seen)) == 5
    # A search that was killed leaves its note, and runs no more.
    (folder / "lock.json").write_text('{"pid": 999999999, "host": "here"}')
    assert revision_of(tmp_path / "nowhere") == (("running", 0, 0),)


def test_folders_by_their_last_change(tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path)
    assert study_folders(workspace) == []
    for name in ("a", "b"):
        make_study(tmp_path, name)
    (workspace.studies / "no-study").mkdir()
    (workspace.studies / "file").write_text("")
    newest = workspace.studies / "a" / "front.csv"
    newest.write_text("")
    os.utime(newest, ns=(2**62, 2**62))
    assert [f.name for f in study_folders(workspace)] == ["a", "b"]


@pytest.mark.parametrize(
    ("budget", "spent", "ended", "share"),
    [
        (Budget(trials=10), Spent(trials=4), 3, 0.3),
        (Budget(trials=10, seconds=100.0), Spent(trials=4, seconds=90.0), 3, 0.9),
        (Budget(epochs=50), Spent(epochs=75), 3, 1.0),
        (Budget(device_seconds=10.0), Spent(), 0, 0.0),
    ],
)
def test_the_share_of_the_limit_that_is_nearest(budget, spent, ended, share) -> None:
    assert share_spent(budget, spent, ended) == share
