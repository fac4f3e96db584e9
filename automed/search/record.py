"""A trial as the journal holds it, and back."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from automed.domain.config import Config
from automed.domain.cost import Cost
from automed.domain.result import Failure, Result
from automed.domain.stop import Stop
from automed.domain.trial import Trial, TrialState

Model = TypeVar("Model", Result, Failure, Stop)

SEED = "automed:seed"
ORIGIN = "automed:origin"
PREDICTED = "automed:predicted"
REJECTED = "automed:rejected"
PARENT = "automed:parent"
"""Number of the trial whose model this one compresses."""
EXTRA = "automed:extra"
"""Keys of the config that the search space does not hold: a compression asked for by a flag."""
WISHES = "automed:wishes"
"""Compressed configs, as JSON, that wait for this trial's training."""
SAMPLER_STATE = "automed:sampler_state"
"""What the sampler remembered for the whole study when it proposed this trial."""

DRIVER = "automed:driver"
"""The search that a trial was handed out to, where several take turns; empty: it was put back."""

CONTINUES = "automed:continues"
"""Number of the stopped trial whose training this one takes up again."""
CONTINUES_FROM = "automed:continues_from"
"""After which epoch."""

STOP = "automed:stop"
"""Why and after which epoch the stopper ended the trial."""
RESULT = "automed:result"
STOPPED = "automed:stopped"
FAILURE = "automed:failure"
OUTCOMES = {
    RESULT: OptunaState.COMPLETE,
    STOPPED: OptunaState.PRUNED,
    FAILURE: OptunaState.FAIL,
}
"""User attributes that hold how a trial ended, and the state that each stands for."""

PRIOR = "automed:prior"
"""System attribute that tells a sampler another study's trial from the study's own."""

CONSTRAINT = "constraints:"
"""Prefix of the system attributes in which ``optuna.Trial.set_constraint`` stores its values."""


def template(
    state: OptunaState,
    params: dict[str, Any],
    distributions: dict[str, BaseDistribution],
    *,
    values: list[float] | None = None,
    user_attrs: dict[str, Any] | None = None,
    system_attrs: dict[str, Any] | None = None,
    intermediate_values: dict[int, float] | None = None,
    now: datetime,
) -> FrozenTrial:
    """A trial to be created in one go; the storage gives it its number."""
    return FrozenTrial(
        number=-1,
        trial_id=-1,
        state=state,
        value=None,
        values=values,
        datetime_start=now,
        datetime_complete=now if state.is_finished() else None,
        params=params,
        distributions=distributions,
        user_attrs=user_attrs or {},
        system_attrs=system_attrs or {},
        intermediate_values=intermediate_values or {},
    )


def is_ours(frozen: FrozenTrial) -> bool:
    """Whether automed made the trial, rather than somebody with optuna at hand."""
    return SEED in frozen.user_attrs


def config_of(frozen: FrozenTrial) -> Config:
    """The whole config, also what of it lies outside the search space."""
    return Config({**frozen.params, **frozen.user_attrs.get(EXTRA, {})})


def predicted_of(frozen: FrozenTrial) -> Cost | None:
    """The cost that the screen computed, if it could."""
    text = frozen.user_attrs.get(PREDICTED)
    return None if text is None else _cost(text)


def stop_of(frozen: FrozenTrial) -> Stop | None:
    """The stopper's decision to end the trial, if it took one."""
    return _parse(Stop, frozen.user_attrs.get(STOP))


def trial_of(frozen: FrozenTrial) -> Trial:
    """The snapshot of a trial from the journal alone."""
    attrs = frozen.user_attrs
    finished = attrs.get(RESULT) or attrs.get(STOPPED)
    return Trial(
        number=frozen.number,
        config=config_of(frozen),
        seed=attrs[SEED],
        state=TrialState(frozen.state.name),
        origin=attrs[ORIGIN],
        predicted=predicted_of(frozen),
        result=_parse(Result, finished),
        failure=_parse(Failure, attrs.get(FAILURE)),
        parent=attrs.get(PARENT),
        stop=stop_of(frozen),
        continues=attrs.get(CONTINUES),
        rejected=attrs.get(REJECTED),
    )


@lru_cache(maxsize=4096)
def _cost(text: str) -> Cost:
    """Read once: many trials train the same model in another way."""
    return Cost.model_validate_json(text)


def _parse(model: type[Model], text: str | None) -> Model | None:
    return None if text is None else model.model_validate_json(text)
