"""Suggestions are a function of (seed, number, history): not of time, process or interruption."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.trial import TrialState
from toy_study import SPACE, TASK, TIGHT, cost_of, history, result_of, spec_of, train

from automed.domain.config import Config
from automed.domain.errors import DivergedError, StudyError
from automed.domain.objective import Constraint, Objective
from automed.domain.parameter import CategoricalParameter
from automed.domain.result import Failure
from automed.domain.space import SearchSpace
from automed.domain.task import SegmentationTask
from automed.registry.tasks import load_task, task_plugins
from automed.search import shadow
from automed.search.distributions import distributions_of
from automed.search.proposer import Proposer
from automed.search.record import SEED, template
from automed.search.samplers import registry
from automed.search.samplers.context import Context
from automed.search.samplers.registry import SAMPLERS, make_sampler
from automed.search.screen import Verdict
from automed.search.shadow import Shadow
from automed.search.study import Study

FAST = [name for name in SAMPLERS if name not in ("gp", "grid")]
"""Without the slow one, and the one for spaces that can be counted."""


def allow(config: Config) -> Verdict:
    return Verdict(cost_of(config))


def context_of(sampler: str, seed: int) -> Context:
    return Context(spec_of(sampler=sampler), distributions_of(SPACE), seed, allow)


def search(study: Study, at_most: int | None = None) -> None:
    """Drive a study as an executor does, without its guards."""
    done = 0
    while (at_most is None or done < at_most) and (trial := study.ask()) is not None:
        try:
            outcome = train(trial, lambda m, trial=trial: study.report(trial, m))
        except DivergedError as error:
            outcome = Failure(kind="DivergedError", message=str(error), epoch=error.epoch)
        study.tell(trial, outcome)
        done += 1


@pytest.mark.parametrize("sampler", FAST)
@pytest.mark.parametrize("constraints", [(), TIGHT], ids=["free", "constrained"])
def test_a_resumed_study_equals_one_in_one_go(tmp_path: Path, sampler, constraints) -> None:
    spec = spec_of(trials=28, sampler=sampler, constraints=constraints, seed=3)
    with Study.create(tmp_path / "one", spec, cost_of) as study:
        search(study)
        whole = history(study.trials)

    with Study.create(tmp_path / "two", spec, cost_of) as study:
        search(study, at_most=1)
    for stop in (4, 9, 1, 30):
        with Study.open(tmp_path / "two", cost_of) as study:
            search(study, at_most=stop)
            pieces = history(study.trials)

    assert pieces == whole
    assert {state for _, _, _, state, *_ in whole} >= {"COMPLETE", "FAIL"}
    if constraints:
        assert any(rejected for *_, rejected, _, _ in whole)


def test_a_larger_budget_continues_as_if_it_had_been_there_from_the_start(tmp_path: Path) -> None:
    with Study.create(tmp_path / "small", spec_of(trials=14), cost_of) as study:
        search(study)
        first = history(study.trials)
    with Study.open(tmp_path / "small", cost_of, budget=spec_of(trials=28).budget) as study:
        search(study)
        grown = history(study.trials)
    with Study.create(tmp_path / "large", spec_of(trials=28), cost_of) as study:
        search(study)
        whole = history(study.trials)

    assert grown == whole
    assert grown[: len(first)] == first
    assert Study.open(tmp_path / "small", cost_of).spec.budget.trials == 28


def test_the_gaussian_process_replays_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "STARTUP_TRIALS", 3)
    spec = spec_of(trials=7, sampler="gp", task=TASK.replace(objectives=TASK.objectives[:2]))
    runs = []
    for name, stops in (("one", [7]), ("two", [6, 1])):
        study = Study.create(tmp_path / name, spec, cost_of)
        for stop in stops:
            search(study, at_most=stop)
            study.close()
            study = Study.open(tmp_path / name, cost_of)
        runs.append(history(study.trials))
        configs = [SPACE.validate_config(dict(t.config.items())) for t in study.trials]
        study.close()
    assert runs[0] == runs[1]
    assert len(set(configs)) == 7
    assert sum(state == "COMPLETE" for _, _, _, state, *_ in runs[0][:-2]) >= 3


def frozen_history(times: datetime, trials: int = 24) -> list:
    """Trials of every state, begun at the given time."""
    empty = Shadow(SPACE, TASK.objectives, [])
    found = []
    for number in range(trials):
        sampler = make_sampler(context_of("random", number))
        proposal = empty.ask(sampler, "random")
        ended = [TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING]
        state = ended[number % 3] if number % 8 > 4 else TrialState.COMPLETE
        done = state is TrialState.COMPLETE
        trial = template(
            state,
            dict(proposal.config.items()),
            proposal.distributions,
            values=[number / 50, 1.0 + number, 2.0 - number / 30] if done else None,
            user_attrs={SEED: number},
            # Steps of a stopped trial: with several objectives, optuna's TPE fails on them.
            intermediate_values={1: 0.3, 2: 0.4},
            now=times + timedelta(seconds=number),
        )
        trial.number = number
        found.append(trial)
    return found


@pytest.mark.parametrize("sampler", FAST)
def test_time_and_earlier_suggestions_do_not_matter(sampler: str) -> None:
    spec = spec_of(sampler=sampler, task=TASK.replace(baselines=()))
    early, late = (frozen_history(datetime(year, 5, 1)) for year in (1999, 2040))
    proposer = Proposer(spec, allow)
    proposer.propose(early[:12], 12)
    here = proposer.propose(early, 24)
    assert here is not None
    assert here.origin == sampler
    assert Proposer(spec, allow).propose(late, 24) == here
    # Early, before a model is sure of one config whatever the seed.
    first = [Proposer(spec.replace(seed=seed), allow).propose(early[:5], 5) for seed in (0, 1)]
    assert first[0] != first[1]
    # The place in its sequence is what qmc's own earlier trials recorded; ehvi may be sure by then.
    if sampler not in ("qmc", "ehvi"):
        assert Proposer(spec, allow).propose(early[:-4], 20) != here


def answers() -> list:
    """What each sampler proposes after one and the same history."""
    past = frozen_history(datetime(2000, 1, 1))
    proposals = [
        Proposer(spec_of(sampler=sampler, task=TASK.replace(baselines=())), allow).propose(past, 24)
        for sampler in FAST
    ]
    return [[list(item) for item in p.config.items()] for p in proposals if p is not None]


def test_the_process_does_not_matter() -> None:
    script = "import json; from test_suggestions import answers; print(json.dumps(answers()))"
    environment = os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == answers()
    assert len(answers()) == len(FAST)


@pytest.mark.parametrize(
    ("task", "sampler"),
    [(task, name) for task in (TASK, *map(load_task, task_plugins())) for name in FAST],
    ids=lambda value: getattr(value, "name", value),
)
def test_every_sampler_stays_inside_every_shipped_space(task, sampler: str) -> None:
    proposer = Proposer(spec_of(task=task, sampler=sampler), allow)
    # What the space excludes may be proposed: it is the screen that rejects it.
    everything = task.space.replace(
        parameters={
            key: p.replace(exclude=()) if isinstance(p, CategoricalParameter) else p
            for key, p in task.space.parameters.items()
        }
    )
    past: list = []
    for number in range(12):
        proposal = proposer.propose(past, number)
        assert proposal is not None
        assert everything.validate_config(dict(proposal.config.items())) == proposal.config
        trial = template(
            TrialState.COMPLETE,
            dict(proposal.config.items()),
            proposal.distributions,
            values=[number / 20, 1.0 + number % 5, 3.0 - number / 9],
            user_attrs={SEED: 0, "automed:sampler_state": proposal.sampler_state},
            system_attrs=proposal.system_attrs,
            now=datetime(2000, 1, 1),
        )
        trial.number = number
        past.append(trial)
    assert len({tuple(t.params.items()) for t in past}) == 12
    names = [b.name for b in task.baselines]
    assert [tuple(t.params.items()) for t in past[: len(names)]] == [
        tuple(task.space.complete(b.config).items()) for b in task.baselines
    ]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_suggested_values_lie_in_their_parameters_domain(data: st.DataObject) -> None:
    low = data.draw(st.floats(1e-6, 10))
    width = data.draw(st.floats(0, 10))
    first = data.draw(st.integers(-20, 20))
    more = data.draw(st.integers(0, 60))
    space = SearchSpace.model_validate(
        {
            "name": "any",
            "parameters": {
                "plain": {"type": "float", "low": low, "high": low + width},
                "log": {"type": "float", "low": low, "high": low + width, "log": True},
                "stepped": {
                    "type": "float",
                    "low": round(low, 3),
                    "high": round(low, 3) + width,
                    "step": data.draw(st.sampled_from([0.1, 0.3, 1e-3, 2.0])),
                },
                "int": {
                    "type": "int",
                    "low": first,
                    "high": first + more,
                    "step": data.draw(st.integers(1, 9)),
                },
                "count": {"type": "int", "low": 1, "high": 1 + more, "log": True},
                "choice": {"type": "categorical", "choices": (True, "a", 2, 0.5)},
            },
        }
    )
    sampler = make_sampler(context_of("random", data.draw(st.integers(0, 2**32 - 1))))
    config = Shadow(space, TASK.objectives, []).ask(sampler, "random").config
    assert space.validate_config(dict(config.items())) == config
    kinds = {key: type(value) for key, value in config.items()}
    assert kinds["plain"] is kinds["log"] is kinds["stepped"] is float
    assert kinds["int"] is kinds["count"] is int


def test_tpe_learns_from_rejected_configs(tmp_path: Path) -> None:
    free = (Constraint(metric="macs", bound=0.3e9),)
    counts = {}
    for sampler in ("tpe", "random"):
        spec = spec_of(trials=25, sampler=sampler, constraints=free)
        with Study.create(tmp_path / sampler, spec, cost_of) as study:
            search(study)
            counts[sampler] = sum(t.rejected is not None for t in study.trials)
    assert counts["tpe"] < counts["random"] / 2


def test_rejected_configs_crowd_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    past = frozen_history(datetime(2000, 1, 1))
    for trial in past[:10]:
        trial.user_attrs["automed:rejected"] = "too large"
    monkeypatch.setattr(shadow, "MOST_REJECTED", 4)
    kept = shadow._without_excess(past)
    assert [t.number for t in kept] == [*range(6, 24)]


def test_a_stopped_trial_of_a_single_objective_keeps_its_curve() -> None:
    past = frozen_history(datetime(2000, 1, 1))
    for trial in past:
        if trial.values is not None:
            trial.values = trial.values[:1]
    task = SegmentationTask(
        **{
            **{n: getattr(TASK, n) for n in type(TASK).model_fields},
            "objectives": (Objective(metric="dice"),),
            "baselines": (),
        }
    )
    assert Proposer(spec_of(task=task), allow).propose(past, 24) is not None


def test_an_unknown_sampler_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="there is no sampler 'tpee'; did you mean 'tpe'") as error:
        Study.create(tmp_path / "s", spec_of(sampler="tpee"), cost_of)
    assert "nsga2" in str(error.value)
    assert not (tmp_path / "s").exists()


def test_a_sampler_without_its_package_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ImportError("No module named 'torch'")

    monkeypatch.setitem(registry.SAMPLERS, "gp", broken)
    with pytest.raises(StudyError, match="'gp' needs a package that is missing"):
        make_sampler(context_of("gp", 0))


def test_one_config_trains_with_one_seed_whoever_proposes_it(tmp_path: Path) -> None:
    seeds = {}
    for sampler in ("tpe", "random"):
        with Study.create(tmp_path / sampler, spec_of(sampler=sampler), cost_of) as study:
            trial = study.ask()
            assert trial is not None
            seeds[sampler] = trial.seed
            assert trial.origin == "paper base"
            assert trial.config == Config(dict(TASK.baselines[0].config))
            study.tell(trial, result_of(trial))
    assert seeds["tpe"] == seeds["random"]


def test_a_sobol_sequence_goes_on_from_trial_to_trial(tmp_path: Path) -> None:
    spec = spec_of(trials=40, sampler="qmc", task=TASK.replace(baselines=()))
    for stop in (15, 40):
        folder = tmp_path / "s"
        study = Study.open(folder, cost_of) if stop == 40 else Study.create(folder, spec, cost_of)
        with study:
            search(study, at_most=stop)
            trials = study.trials
    assert [t.origin for t in trials] == ["qmc"] * 40
    # Low discrepancy: each of 8 slices of the log scale holds 5 of 40, give or take 2.
    slices = Counter(int((math.log10(t.config["training.learning_rate"]) + 5) * 2) for t in trials)
    assert len(slices) == 8
    assert set(slices.values()) <= {3, 4, 5, 6, 7}
