"""A proposal's way into the journal: screened, and recorded as a trial of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from automed.domain.config import Config
from automed.domain.digest import derive_seed
from automed.domain.study_spec import StudySpec
from automed.search import record
from automed.search.distributions import distributions_of
from automed.search.family import (
    Child,
    child_proposal,
    extra_of,
    is_compressed,
    parent_proposal,
    trained_by,
    with_wish,
)
from automed.search.journal import Journal
from automed.search.screen import CostOf, Verdict, screen, screen_family
from automed.search.shadow import Proposal
from automed.search.spending import epochs_of


class Admission:
    """Turns proposals into trials: running ones, or rejected ones that are kept for the record.

    Args:
        spec: The study's settings.
        journal: Where trials are recorded.
        cost_of: Predicts a config's cost.
    """

    def __init__(self, spec: StudySpec, journal: Journal, cost_of: CostOf) -> None:
        self._spec = spec
        self._journal = journal
        self._cost_of = cost_of

    def judge(self, config: Config) -> Verdict:
        """What the screen says of a config."""
        return screen_family(config, self._spec, self._cost_of)

    def accept(self, proposal: Proposal, history: Sequence[FrozenTrial]) -> FrozenTrial | None:
        """Record a proposal; None where it waits for a training that is under way."""
        config = proposal.config
        verdict = self.judge(config)
        if verdict.rejected is not None or not is_compressed(config):
            return self._record(proposal, verdict)
        trained = trained_by(history, config)
        if trained is None:
            parent = parent_proposal(proposal)
            judged = Verdict(self.judge(parent.config).cost, verdict.violations)
            return self._record(parent, judged, {record.WISHES: with_wish(None, config)})
        if trained.state is TrialState.RUNNING:
            self._journal.note(trained.number, record.WISHES, with_wish(trained, config))
            return None
        if trained.state is not TrialState.COMPLETE:
            why = f"trial {trained.number}, which was to train its model, is not complete"
            return self._record(proposal, Verdict(verdict.cost, verdict.violations, why))
        return self._record(proposal, verdict, {record.PARENT: trained.number})

    def accept_child(self, child: Child) -> FrozenTrial:
        """Record a compression that a complete trial owes."""
        task = self._spec.task
        known = distributions_of(task.space)
        attrs: dict[str, Any] = {record.PARENT: child.parent.number}
        if extra := extra_of(child.config, known):
            attrs[record.EXTRA] = extra
        verdict = screen(child.config, task.space, self._cost_of, self._spec.constraints)
        origin = child.parent.user_attrs[record.ORIGIN]
        return self._record(child_proposal(child, known, origin), verdict, attrs)

    def accept_continued(self, stopped: FrozenTrial) -> FrozenTrial:
        """Record that a stopped training goes on: as a trial, for those that ended never change.

        It has the stopped one's config, seed and curve, and inherits what waits for its model.
        """
        attrs: dict[str, Any] = {
            record.CONTINUES: stopped.number,
            record.CONTINUES_FROM: epochs_of(stopped),
        }
        inherited = (record.ORIGIN, record.EXTRA, record.WISHES, record.PREDICTED, record.SEED)
        attrs |= {key: stopped.user_attrs[key] for key in inherited if key in stopped.user_attrs}
        constraints = {
            key: value
            for key, value in stopped.system_attrs.items()
            if key.startswith(record.CONSTRAINT)
        }
        config = Config(stopped.params)
        proposal = Proposal(config, stopped.distributions, {}, {}, attrs[record.ORIGIN])
        curve = dict(stopped.intermediate_values)
        return self._journal.add(proposal, TrialState.RUNNING, attrs, constraints, curve)

    def _record(
        self, proposal: Proposal, verdict: Verdict, attrs: Mapping[str, Any] | None = None
    ) -> FrozenTrial:
        config = Config({**dict(proposal.config.items()), **(attrs or {}).get(record.EXTRA, {})})
        user_attrs = {
            record.SEED: self._seed_of(config),
            record.ORIGIN: proposal.origin,
            **(attrs or {}),
        }
        if proposal.sampler_state:
            user_attrs[record.SAMPLER_STATE] = proposal.sampler_state
        if verdict.cost is not None:
            user_attrs[record.PREDICTED] = verdict.cost.model_dump_json()
        if verdict.rejected is not None:
            user_attrs[record.REJECTED] = verdict.rejected
        constraints = {record.CONSTRAINT + k: v for k, v in verdict.violations.items()}
        return self._journal.add(
            proposal,
            TrialState.RUNNING if verdict.rejected is None else TrialState.PRUNED,
            user_attrs=user_attrs,
            system_attrs={**proposal.system_attrs, **constraints},
        )

    def _seed_of(self, config: Config) -> int:
        # Of the config, not the number: two samplers that try one config train the same model.
        return derive_seed(self._spec.seed, "train", config.digest)
