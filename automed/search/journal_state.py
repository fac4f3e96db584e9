"""What the records of a journal add up to; optuna's own replay of them, without its copies."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    check_distribution_compatibility,
    json_to_distribution,
)
from optuna.trial import FrozenTrial, TrialState

Record = dict[str, Any]


class JournalState:
    """The studies and trials after the records so far.

    Optuna copies a trial for each of its records, and reads the distributions of every trial anew:
    ten thousand trials take it many times as long as their text takes to parse.
    """

    def __init__(self) -> None:
        self._studies: dict[int, str] = {}
        self._begun = 0
        self._members: dict[int, list[int]] = {}
        self._trials: list[FrozenTrial] = []
        self._study_of: list[int] = []

    def apply(self, record: Record) -> None:
        """Add one record.

        Raises:
            KeyError, TypeError, ValueError: It is none that optuna writes.
        """
        _APPLY[record["op_code"]](self, record)

    def trials(self, study: str) -> list[FrozenTrial]:
        """The trials of a study in order; none where there is no such study.

        Finished trials are the same objects each time; they are not to be changed.
        """
        found = [index for index, name in self._studies.items() if name == study]
        if not found:
            return []
        trials = [self._trials[i] for i in self._members[found[0]]]
        return [t if t.state.is_finished() else _copy(t) for t in trials]

    def _create_study(self, record: Record) -> None:
        if record["study_name"] in self._studies.values():
            return
        self._studies[self._begun] = record["study_name"]
        self._members[self._begun] = []
        self._begun += 1

    def _delete_study(self, record: Record) -> None:
        self._studies.pop(record["study_id"], None)

    def _pass_over(self, record: Record) -> None:
        """What is noted on a study, or discarded: no page asks for it."""

    def _create_trial(self, record: Record) -> None:
        study = record["study_id"]
        if study not in self._studies:
            return
        known = {k: _distribution(text) for k, text in record.get("distributions", {}).items()}
        params = {k: known[k].to_external_repr(v) for k, v in record.get("params", {}).items()}
        curve = record.get("intermediate_values", {})
        trial = FrozenTrial(
            number=len(self._members[study]),
            trial_id=len(self._trials),
            state=TrialState(record.get("state", TrialState.RUNNING.value)),
            value=record.get("value"),
            values=record.get("values"),
            datetime_start=_local(record["datetime_start"]),
            datetime_complete=_local(record.get("datetime_complete")),
            params=params,
            distributions=known,
            user_attrs=record.get("user_attrs", {}),
            system_attrs=record.get("system_attrs", {}),
            intermediate_values={int(epoch): value for epoch, value in curve.items()},
        )
        self._members[study].append(len(self._trials))
        self._trials.append(trial)
        self._study_of.append(study)

    def _set_param(self, record: Record) -> None:
        trial, name = self._open(record), record["param_name"]
        if trial is None:
            return
        known = _distribution(record["distribution"])
        others = (self._trials[i] for i in self._members[self._study_of[record["trial_id"]]])
        first = next((t for t in others if name in t.params), None)
        if first is not None:
            try:
                check_distribution_compatibility(first.distributions[name], known)
            except ValueError:  # optuna leaves it out as well
                return
        trial.params = {
            **trial.params,
            name: known.to_external_repr(record["param_value_internal"]),
        }
        trial.distributions = {**trial.distributions, name: known}

    def _set_state(self, record: Record) -> None:
        trial, state = self._open(record), TrialState(record["state"])
        if trial is None or state is trial.state is TrialState.RUNNING:
            return
        if state is TrialState.RUNNING:
            trial.datetime_start = _local(record["datetime_start"])
        if state.is_finished():
            trial.datetime_complete = _local(record["datetime_complete"])
        trial.state = state
        if record["values"] is not None:
            trial.values = record["values"]

    def _set_point(self, record: Record) -> None:
        trial = self._open(record)
        if trial is not None:
            trial.intermediate_values[record["step"]] = record["intermediate_value"]

    def _set_user_attr(self, record: Record) -> None:
        trial = self._open(record)
        if trial is not None:
            trial.user_attrs.update(record["user_attr"])

    def _set_system_attr(self, record: Record) -> None:
        trial = self._open(record)
        if trial is not None:
            trial.system_attrs.update(record["system_attr"])

    def _open(self, record: Record) -> FrozenTrial | None:
        """The trial that a record is about; None where nothing can change it any more."""
        number = record["trial_id"]
        if not 0 <= number < len(self._trials) or self._trials[number].state.is_finished():
            return None
        return self._trials[number]


_APPLY: dict[int, Callable[[JournalState, Record], None]] = {
    0: JournalState._create_study,
    1: JournalState._delete_study,
    2: JournalState._pass_over,
    3: JournalState._pass_over,
    4: JournalState._create_trial,
    5: JournalState._set_param,
    6: JournalState._set_state,
    7: JournalState._set_point,
    8: JournalState._set_user_attr,
    9: JournalState._set_system_attr,
    10: JournalState._pass_over,
}
"""By ``op_code``, as `optuna.storages.journal` numbers them in its files."""


@lru_cache(maxsize=4096)
def _distribution(text: str) -> BaseDistribution:
    """Read once: all trials of a study write the same few."""
    return json_to_distribution(text)


def _local(text: str | None) -> datetime | None:
    """Local time without a zone, as optuna has it."""
    return None if text is None else datetime.fromisoformat(text).astimezone().replace(tzinfo=None)


def _copy(trial: FrozenTrial) -> FrozenTrial:
    """A running trial as it is now: its own dictionaries go on changing."""
    copied = copy.copy(trial)
    copied.user_attrs = dict(trial.user_attrs)
    copied.system_attrs = dict(trial.system_attrs)
    copied.intermediate_values = dict(trial.intermediate_values)
    return copied
