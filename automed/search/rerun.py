"""What a study would write next, at any moment of its past."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from optuna.distributions import distribution_to_json, json_to_distribution
from optuna.trial import TrialState

from automed.domain.config import Config
from automed.domain.study_spec import StudySpec
from automed.search import record
from automed.search.admission import Admission
from automed.search.distributions import distributions_of
from automed.search.family import due_children
from automed.search.journal import Journal
from automed.search.past import Line, Past
from automed.search.proposer import Proposer
from automed.search.screen import CostOf, screen
from automed.search.shadow import Proposal
from automed.search.stopping import Stopping
from automed.search.warm_start import Prior


@dataclass(frozen=True)
class Write:
    """A record as it is written, or would be.

    Attributes:
        params: Of a new trial; empty where one that runs is noted to have another wait for it.
        distributions: Of the params, as JSON.
        state: Of a new trial.
        user_attrs: What automed notes.
        system_attrs: What optuna notes.
        on: Number of the trial that is written on; None: it is a new one.
    """

    params: Mapping[str, Any] = field(default_factory=dict)
    distributions: Mapping[str, str] = field(default_factory=dict)
    state: TrialState | None = None
    user_attrs: Mapping[str, Any] = field(default_factory=dict)
    system_attrs: Mapping[str, Any] = field(default_factory=dict)
    on: int | None = None

    @classmethod
    def of(cls, line: Line, on: int | None) -> Write:
        """What a line of the log wrote."""
        if on is not None:
            return cls(user_attrs=line["user_attr"], on=on)
        known = {key: json_to_distribution(text) for key, text in line["distributions"].items()}
        return cls(
            params={key: known[key].to_external_repr(v) for key, v in line["params"].items()},
            distributions={key: distribution_to_json(d) for key, d in known.items()},
            state=TrialState(line["state"]),
            user_attrs=line["user_attrs"],
            system_attrs=line["system_attrs"],
        )


class Rerun:
    """Goes a study's next step up to its first write, and says what that would have been.

    Args:
        spec: The settings of that time.
        cost_of: As in `Study`.
        past: What had happened by then; it may go on.
        prior: Another study's trials that it began with.
    """

    def __init__(
        self, spec: StudySpec, cost_of: CostOf, past: Past, prior: Prior | None = None
    ) -> None:
        self._spec = spec
        self._cost_of = cost_of
        self._past = past
        self._admission = Admission(spec, _ReadOnly(), cost_of)
        self._proposer = Proposer(spec, self._admission.judge, prior)
        self._stopping = Stopping(spec)

    def next_write(self) -> Write | None:
        """What ``Study.ask`` would write, had it budget left; None: nothing is left to try.

        Raises:
            ConstraintError: As ``Study.ask``.
        """
        history = self._past.history()
        child = next(due_children(history, self._spec), None)
        if child is not None:
            return _first_write(lambda: self._admission.accept_child(child))
        if (number := self._stopping.resumed(history)) is not None:
            return self._continued(number)
        proposal = self._proposer.propose(history, len(self._past.trials()))
        if proposal is None:
            number = self._stopping.resumed(history, at_last=True)
            return None if number is None else self._continued(number)
        return _first_write(lambda: self._admission.accept(proposal, history))

    def _continued(self, number: int) -> Write:
        stopped = next(t for t in self._past.history() if t.number == number)
        return _first_write(lambda: self._admission.accept_continued(stopped))

    def write_of(self, written: Write) -> Write:
        """The trial as it would be written if its config were what is proposed."""
        attrs, params = written.user_attrs, dict(written.params)
        if record.PARENT in attrs:
            return self._as_child(written)
        constrains = record.CONSTRAINT
        system = {k: v for k, v in written.system_attrs.items() if not k.startswith(constrains)}
        waiting = json.loads(attrs.get(record.WISHES, "[]"))
        recorded = {k: json_to_distribution(v) for k, v in written.distributions.items()}
        proposal = Proposal(
            config=Config(waiting[0] if waiting else params),
            distributions={**distributions_of(self._spec.task.space), **recorded},
            system_attrs=system, sampler_state=attrs.get(record.SAMPLER_STATE, {}),
            origin=attrs[record.ORIGIN],
        )  # fmt: skip
        return _first_write(lambda: self._admission.accept(proposal, self._past.history()))

    def _as_child(self, written: Write) -> Write:
        config = Config({**written.params, **written.user_attrs.get(record.EXTRA, {})})
        verdict = screen(config, self._spec.task.space, self._cost_of, self._spec.constraints)
        cost = {} if verdict.cost is None else {record.PREDICTED: verdict.cost.model_dump_json()}
        why = {} if verdict.rejected is None else {record.REJECTED: verdict.rejected}
        return Write(
            params=written.params,
            state=TrialState.RUNNING if verdict.rejected is None else TrialState.PRUNED,
            user_attrs={**cost, **why},
            system_attrs={record.CONSTRAINT + k: v for k, v in verdict.violations.items()},
        )


def _first_write(step: Callable[[], object]) -> Write:
    try:
        step()
    except _FirstWrite as first:
        return first.write
    raise AssertionError("a step of a study ended without a record")


class _FirstWrite(Exception):  # noqa: N818 - no error: it carries what a step came to
    def __init__(self, write: Write) -> None:
        super().__init__("a replay writes nothing")
        self.write = write


class _ReadOnly(Journal):
    """A journal that hands back what it should write, as an exception."""

    def __init__(self) -> None:
        # Not Journal's: that one opens a file, and mends it.
        self.repaired = None

    def add(
        self,
        proposal: Proposal,
        state: TrialState,
        user_attrs: dict[str, Any],
        system_attrs: dict[str, Any],
        curve: dict[int, float] | None = None,
    ) -> NoReturn:
        params = dict(proposal.config.items())
        texts = {key: distribution_to_json(proposal.distributions[key]) for key in params}
        raise _FirstWrite(Write(params, texts, state, user_attrs, system_attrs))

    def note(self, number: int, key: str, value: str) -> NoReturn:
        raise _FirstWrite(Write(user_attrs={key: value}, on=number))
