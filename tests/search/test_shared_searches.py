"""Several searches of one study in Postgres: none too many, none twice, none lost."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

import pytest
from toy_study import TIGHT, cost_of, history, result_of, spec_of
from toy_together import Search

from automed.domain.budget import Budget
from automed.domain.trial import TrialState
from automed.search.replay import replay
from automed.search.study import Study
from automed.search.view import StudyView, read_study

TRIALS = 40

pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")


def check(view: StudyView, trials: int = TRIALS) -> None:
    """The budget is spent to the trial, by trials that all differ and all ended."""
    assert [t.number for t in view.trials] == list(range(len(view.trials)))
    charged = [t for t in view.trials if t.charged]
    assert len(charged) == trials == view.spent.trials
    assert {t.state for t in charged} == {TrialState.COMPLETE}
    assert max(Counter(t.config.digest for t in view.trials).values()) == 1
    assert view.spent.epochs == 3 * trials
    assert not view.paused
    assert not view.running


@pytest.mark.timeout(300)
def test_two_share_a_budget(tmp_path: Path, storage: str) -> None:
    folders = [tmp_path / "one" / "s", tmp_path / "other" / "s"]
    processes = [Search(folder, 0.02) for folder in folders]
    ran = [process.ended() for process in processes]
    views = [read_study(folder) for folder in folders]
    for view in views:
        check(view)
    assert history(views[0].trials) == history(views[1].trials)
    assert min(map(len, ran)) > 5, "both took part"
    assert sorted(ran[0] + ran[1]) == [t.number for t in views[0].trials if t.charged]
    done = replay(folders[0], lambda _: cost_of, lambda *_: None)
    assert done.differences == ()


@pytest.mark.timeout(300)
def test_one_that_is_killed_is_stood_in_for(tmp_path: Path, storage: str) -> None:
    victim = Search(tmp_path / "victim" / "s", 0.05, grace=3.0)
    other = Search(tmp_path / "other" / "s", 0.05, grace=3.0)
    for _ in range(4):
        victim.hear()
    time.sleep(random.Random(5).uniform(0, 0.15))
    victim.kill()
    ran = other.ended()
    view = read_study(tmp_path / "other" / "s")
    check(view)
    assert len(set(ran)) == len(ran) > TRIALS - 8


@pytest.mark.timeout(600)
def test_kills_and_resumes_change_nothing(tmp_path: Path, storage: str) -> None:
    spec = spec_of(budget=Budget(trials=20, workers=2), constraints=TIGHT)
    with Study.create(tmp_path / "whole", spec, cost_of) as study:
        while (trial := study.ask()) is not None:
            study.tell(trial, result_of(trial))
        expected = history(study.trials)
    moments, ran = random.Random(3), Counter[int]()
    for kill in range(4):
        search = Search(tmp_path / "killed" / "s", 0.02, trials=20)
        if kill == 3:
            ran.update(search.ended())
            break
        ran.update(int(search.hear()) for _ in range(3))
        time.sleep(moments.uniform(0, 0.2))
        ran.update(search.kill())
    view = read_study(tmp_path / "killed" / "s")
    check(view, 20)
    assert history(view.trials) == expected
    # Only what was running when a kill came was run again.
    assert sum(times - 1 for times in ran.values()) <= 3


@pytest.mark.thorough
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(5))
def test_kills_and_restarts_at_random_moments(
    tmp_path: Path, storage: str, postgres, seed: int
) -> None:
    moments = random.Random(seed)
    searches = {n: Search(tmp_path / str(n) / "s", 0.1, grace=3.0) for n in range(3)}
    for _ in range(6):
        time.sleep(moments.uniform(0.2, 1.5))
        if moments.random() < 0.5:
            postgres.restart(moments.choice(["fast", "immediate"]))
        else:
            number = moments.randrange(3)
            searches[number].kill()
            searches[number] = Search(tmp_path / str(number) / "s", 0.1, grace=3.0)
    ran = Counter(number for search in searches.values() for number in search.ended())
    check(read_study(tmp_path / "0" / "s"))
    assert max(ran.values()) == 1


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_restarts_is_waited_for(
    tmp_path: Path, storage: str, postgres, mode: str
) -> None:
    folders = [tmp_path / "one" / "s", tmp_path / "other" / "s"]
    processes = [Search(folder, 0.03) for folder in folders]
    for process in processes:
        for _ in range(4):
            process.hear()
    postgres.restart(mode)
    ran = [process.ended() for process in processes]
    view = read_study(folders[0])
    check(view)
    again = [n for n, times in Counter(ran[0] + ran[1]).items() if times > 1]
    assert again == [], "none was run twice"
    assert min(map(len, ran)) > 3
