"""A study in Postgres does what one in its folder does."""

from __future__ import annotations

from pathlib import Path

from postgres_server import PASSWORD
from toy_study import TIGHT, cost_of, history, spec_of, step

from automed.domain.budget import Budget
from automed.search.replay import replay
from automed.search.study import Study
from automed.search.view import read_study

SHARED = {"storage": "postgres", "budget": Budget(trials=12, workers=2)}


def steps(study: Study, number: int) -> None:
    for _ in range(number):
        step(study)


def test_it_equals_one_in_a_folder(tmp_path: Path, storage: str) -> None:
    kept = spec_of(constraints=TIGHT, budget=SHARED["budget"])
    with Study.create(tmp_path / "a", kept, cost_of) as study:
        steps(study, 12)
        expected = history(study.trials)
    with Study.create(tmp_path / "b", kept.replace(storage="postgres"), cost_of) as study:
        steps(study, 5)
    with Study.open(tmp_path / "b", cost_of) as study:
        steps(study, 7)
        assert history(study.trials) == expected
        assert study.ask() is None
        assert study.spent is not None
        front = study.front()
    view = read_study(tmp_path / "b")
    assert history(view.trials) == expected
    assert view.front() == front == read_study(tmp_path / "a").front()
    assert not view.running
    assert not (tmp_path / "b" / "journal.log").exists()
    done = replay(tmp_path / "b", lambda _: cost_of, lambda *_: None)
    assert done.tallies["suggestions"].recomputed > 10
    assert done.differences == ()


def test_nothing_that_is_written_knows_the_password(tmp_path: Path, storage: str) -> None:
    with Study.create(tmp_path / "s", spec_of(**SHARED), cost_of) as study:
        steps(study, 2)
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert files
    assert not [file for file in files if PASSWORD in file.read_text()]
