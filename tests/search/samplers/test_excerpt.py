"""What is left of a long study for a sampler that could not bear all of it."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.samplers import GPSampler
from optuna.trial import TrialState
from toy_study import TASK, cost_of, result_of, spec_of

from automed.domain.front import non_dominated
from automed.search import record
from automed.search.samplers import brief_gp, registry
from automed.search.samplers.excerpt import excerpt
from automed.search.study import Study

MOST = 20
NOW = datetime(2000, 1, 1)


def trial(values, state=TrialState.COMPLETE, violation=None):
    noted = {} if violation is None else {record.CONSTRAINT + "macs at most": violation}
    values = list(values) if state is TrialState.COMPLETE else None
    return record.template(state, {}, {}, values=values, system_attrs=noted, now=NOW)


def front_of(trials):
    done = [t for t in trials if t.state is TrialState.COMPLETE]
    leads = non_dominated(np.array([[-t.values[0], *t.values[1:]] for t in done]))
    return [t for t, on in zip(done, leads, strict=True) if on]


values = st.tuples(*[st.integers(0, 9).map(float)] * 3)
states = st.sampled_from([TrialState.COMPLETE] * 8 + [TrialState.RUNNING, TrialState.PRUNED])


@settings(max_examples=100)
@given(drawn=st.lists(st.tuples(values, states), max_size=120))
def test_so_many_complete_ones_in_their_order_and_all_others(drawn):
    trials = [trial(v, state) for v, state in drawn]
    found = excerpt(trials, TASK, MOST)
    places = [next(at for at, t in enumerate(trials) if t is one) for one in found]
    assert places == sorted(set(places))
    complete = [t for t in trials if t.state is TrialState.COMPLETE]
    kept = [t for t in found if t.state is TrialState.COMPLETE]
    assert len(kept) == min(MOST, len(complete))
    assert len(found) - len(kept) == len(trials) - len(complete)
    assert excerpt(found, TASK, MOST) == found
    assert [id(t) for t in excerpt(trials, TASK, MOST)] == [id(t) for t in found]


@pytest.fixture
def long():
    source = np.random.default_rng(0)
    return [trial(source.uniform(size=3)) for _ in range(400)]


def test_the_front_the_newest_the_best_and_some_of_all_the_rest(long):
    found = excerpt(long, TASK, 100)
    ids = {id(t) for t in found}
    front = front_of(long)
    assert len(front) <= 40
    assert all(id(t) in ids for t in front)
    assert all(id(t) in ids for t in long[-20:])
    best = sorted(long, key=lambda t: -t.values[0])
    assert all(id(t) in ids for t in best[:20])
    assert id(best[-1]) in ids, "the worst, too"
    assert sum(t.values[0] < 0.5 for t in found) >= 20


def test_a_front_that_does_not_fit_gives_way_to_its_newest_part():
    """Every one of them is on the front."""
    trials = [trial([n / 100, n, 0.0]) for n in range(100)]
    found = excerpt(trials, TASK, MOST)
    assert len(found) == MOST
    assert found[-8:] == trials[-8:]
    assert found[0] is trials[0]


@pytest.mark.parametrize(("violation", "leads"), [(0.1, True), (-0.1, False), (None, False)])
def test_what_breaks_a_constraint_keeps_nothing_off_the_front(violation, leads):
    superb = trial([1.0, 0.0, 0.0], violation=violation)
    fair = trial([0.355, 0.01, 0.01], violation=-0.1)
    rest = [trial([0.5 - n / 1000, 1.0 + n, 1.0], violation=-1.0) for n in range(200)]
    found = excerpt([fair, superb, *rest], TASK, MOST)
    assert any(t is fair for t in found) == leads


def test_only_the_gaussian_processes_see_an_excerpt(long):
    few = [trial([0.5, 1.0, 1.0])] * 3
    for sampler in registry.SAMPLERS:
        spec = spec_of(sampler=sampler)
        assert registry.shown_to(spec, few) == few
        seen = len(registry.shown_to(spec, long))
        assert seen == (brief_gp.MOST if sampler == "gp" else len(long))


def test_optuna_still_has_what_is_turned_down():
    """Its private names: without them a suggestion would take as long as before."""
    sampler = GPSampler(seed=0)
    assert sampler._n_local_search > brief_gp.STARTS
    assert sampler._n_preliminary_samples > brief_gp.DRAWN


def test_a_study_beyond_the_limit_resumes_to_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "MOST", 11)
    monkeypatch.setattr(brief_gp, "MOST", 11)

    def proposed(folder, parts):
        for at, trials in enumerate(parts):
            spec = spec_of(trials=trials, sampler="gp")
            opened = (
                Study.create(folder, spec, cost_of)
                if at == 0
                else Study.open(folder, cost_of, budget=spec.budget)
            )
            with opened as study:
                while (asked := study.ask()) is not None:
                    study.tell(asked, result_of(asked))
                configs = [t.config for t in study.trials]
        return configs

    assert proposed(tmp_path / "whole", [14]) == proposed(tmp_path / "parts", [12, 14])
