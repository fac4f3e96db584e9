"""The list of studies, broken ones included."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from toy_study import TASK, TIGHT, cost_of, result_of, spec_of

from automed.domain.budget import Budget
from automed.domain.objective import Objective
from automed.domain.result import Failure
from automed.search.listing import list_studies
from automed.search.study import Study


def test_studies_with_trials_of_every_kind(tmp_path: Path) -> None:
    spec = spec_of(name="b", trials=9, constraints=TIGHT)
    with Study.create(tmp_path / "b", spec, cost_of) as study:
        for dice in (0.5, 0.9):
            trial = study.ask()
            assert trial is not None
            study.tell(trial, result_of(trial, dice=dice))
        trial = study.ask()
        assert trial is not None
        study.tell(trial, result_of(trial, dice=0.95), stopped=True)
        trial = study.ask()
        assert trial is not None
        study.tell(trial, Failure(kind="E", message="m"))
        study.ask()
        Study.create(tmp_path / "a", spec_of(name="a"), cost_of).close()

        first, second = list_studies(tmp_path)

    assert (first.name, first.counts, first.best, first.trained) == ("a", {}, None, 0)
    assert (second.name, second.task, second.data) == ("b", "toy", "demo")
    assert (second.trained, second.guide, second.best) == (4, "dice", 0.9)
    assert second.budget == Budget(trials=9)
    assert (second.spent.trials, second.spent.epochs) == (5, 0), "one runs"
    assert second.spent.seconds > 0
    rejected = second.counts.pop("rejected")
    assert rejected > 0
    assert second.counts == {"done": 2, "stopped": 1, "failed": 1, "running": 1}
    for summary in (first, second):
        assert summary.problem is None
        assert summary.created is not None
        assert timedelta(0) <= datetime.now() - summary.created < timedelta(minutes=10)


def test_the_best_of_a_minimized_metric_is_the_smallest(tmp_path: Path) -> None:
    objectives = (Objective(metric="precision", direction="minimize"), *TASK.objectives[1:])
    task = TASK.replace(objectives=objectives)
    with Study.create(tmp_path / "s", spec_of(task=task, name="s"), cost_of) as study:
        for value in (0.5, 0.2, 0.9):
            trial = study.ask()
            assert trial is not None
            study.tell(trial, result_of(trial, precision=value))
    assert [s.best for s in list_studies(tmp_path)] == [0.2]


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        ("study.json", b"{", "study.json is no study of this version"),
        ("study.json", None, "there is no study in"),
        ("journal.log", b"x\n" * 3, "journal.log cannot be read"),
        ("journal.log", b'{"op_code":4,"worker_id":"w"}\n', "journal.log cannot be read"),
    ],
)
def test_a_broken_study_is_listed_with_its_problem(tmp_path: Path, file, content, problem) -> None:
    for name in ("broken", "sound"):
        with Study.create(tmp_path / name, spec_of(name=name), cost_of) as study:
            study.ask()
    if content is None:
        (tmp_path / "broken" / file).unlink()
    else:
        (tmp_path / "broken" / file).write_bytes(content)
    broken, sound = list_studies(tmp_path)
    assert broken.name == "broken"
    assert broken.problem is not None
    assert problem in broken.problem
    assert sound.problem is None
    assert sound.counts == {"running": 1}


def test_a_result_of_another_version_is_a_problem_of_that_study(tmp_path: Path) -> None:
    with Study.create(tmp_path / "s", spec_of(name="s"), cost_of) as study:
        trial = study.ask()
        assert trial is not None
        study.tell(trial, result_of(trial))
    journal = tmp_path / "s" / "journal.log"
    journal.write_text(journal.read_text().replace('\\"epochs\\"', '\\"epoken\\"'))
    (summary,) = list_studies(tmp_path)
    assert summary.problem is not None
    assert "epoken" in summary.problem


def test_no_studies(tmp_path: Path) -> None:
    assert list_studies(tmp_path / "missing") == []
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    assert list_studies(tmp_path) == []
    shutil.rmtree(tmp_path / "empty")
