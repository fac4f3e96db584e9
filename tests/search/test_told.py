"""What samplers hear of stopped trainings."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import TrialState
from test_stopped_trials import spec, trainer
from toy_study import cost_of

from automed.executors.inline import run
from automed.search import record
from automed.search.expected_final import expected_final
from automed.search.stoppers.contender import Contender
from automed.search.study import Study
from automed.search.told import Told
from automed.search.trials_reader import read_trials


def curve(*values, number=0, finished=False):
    known = dict(enumerate(values, start=1))
    return Contender(number, (1.0,), known, finished, stopped=not finished)


WHOLE = [
    curve(0.2, 0.5, 0.6, number=1, finished=True),
    curve(0.3, 0.6, 0.9, number=2, finished=True),
    curve(0.1, 0.4, 0.6, number=3, finished=True),
]


def test_a_stopped_training_gains_what_others_gained_from_there_on():
    # From the second epoch on: .1, .3 and .2.
    assert expected_final(curve(0.1, 0.3), WHOLE) == pytest.approx(0.5)
    assert expected_final(curve(0.3, 0.1), WHOLE) == pytest.approx(0.5)


def test_it_is_not_expected_to_end_above_the_best():
    assert expected_final(curve(0.5, 0.85), WHOLE) == 0.9
    assert expected_final(curve(0.5, 0.95), WHOLE) == 0.95


def test_with_nothing_to_go_by_it_is_what_it_came_to():
    assert expected_final(curve(0.1, 0.3), []) == 0.3
    assert expected_final(curve(math.nan), WHOLE) == -math.inf


@given(st.lists(st.floats(0, 1), min_size=1, max_size=3))
def test_never_less_than_what_was_seen(values):
    assert expected_final(curve(*values), WHOLE) >= max(values)


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    folder = tmp_path_factory.mktemp("told") / "study"
    with Study.create(folder, spec(24), cost_of) as study:
        run(study, trainer({}), [])
        trials = study.trials
    return read_trials(folder, spec(24)), trials


def test_stopped_trials_are_told_as_complete_with_their_own_costs(journal):
    frozen, trials = journal
    told = Told(spec(24))(frozen)
    stopped = [t for t in frozen if record.STOPPED in t.user_attrs]
    continued = {t.continues for t in trials if t.continues is not None}
    assert stopped
    assert continued, "the search took nothing up again: nothing is tested"
    assert len(told) == len(frozen) - len(continued)
    assert {t.state for t in told} == {TrialState.COMPLETE}
    by_config = {record.config_of(t): t for t in told}
    for trial in stopped:
        if trial.number in continued:
            continue
        values = by_config[record.config_of(trial)].values
        cost = cost_of(record.config_of(trial))
        assert values[1:] == [cost.macs.value, cost.size_bytes.value]
        assert values[0] >= max(trial.intermediate_values.values())


def test_each_config_is_told_once(journal):
    frozen, _ = journal
    told = Told(spec(24))(frozen)
    configs = [record.config_of(t) for t in told]
    assert len(set(configs)) == len(configs)
