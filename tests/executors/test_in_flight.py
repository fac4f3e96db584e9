"""Several suggestions while none has come back: not one point over and over."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import pytest
from toy_study import cost_of, result_of, spec_of, step

from automed.domain.budget import Budget
from automed.domain.config import Config
from automed.search.study import Study

TOLD, ASKED = 16, 5


def suggested(folder: Path, sampler: str, *, at_once: bool) -> list[Config]:
    """After some trials: all before the first of them has come back, or one after the other."""
    spec = spec_of(budget=Budget(trials=30, workers=ASKED), sampler=sampler)
    with Study.create(folder, spec, cost_of) as study:
        for _ in range(TOLD):
            step(study)
        found = []
        for _ in range(ASKED):
            trial = study.ask()
            assert trial is not None
            found.append(trial.config)
            if not at_once:
                study.tell(trial, result_of(trial))
        return found


def apart(one: Config, other: Config) -> float:
    """How much of the space lies between two configs, summed over parameters."""
    a, b = dict(one.items()), dict(other.items())
    scales = {"training.learning_rate": math.log(1e4), "training.batch_size": math.log(8)}
    total = 0.0
    for key in a.keys() | b.keys():
        if key in scales:
            total += abs(math.log(a[key] / b[key])) / scales[key]
        elif key == "model.dropout":
            total += abs(a[key] - b[key]) / 0.5
        else:
            total += a.get(key) != b.get(key)
    return total


def spread(configs: list[Config]) -> float:
    gaps = [apart(a, b) for a, b in itertools.combinations(configs, 2)]
    return sum(gaps) / len(gaps)


@pytest.mark.parametrize("sampler", ["ehvi", "tpe"])
def test_what_is_in_flight_is_kept_away_from(tmp_path: Path, sampler: str) -> None:
    at_once = suggested(tmp_path / "at once", sampler, at_once=True)
    in_turn = suggested(tmp_path / "in turn", sampler, at_once=False)
    assert len({config.digest for config in at_once}) == ASKED
    assert spread(at_once) > 0.5 * spread(in_turn)
