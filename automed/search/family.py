"""Parents and children: a model that was trained, and what it is compressed to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, TrialState

from automed.domain.compression import PREFIX, compression_of, dense, with_compression
from automed.domain.config import Config, Value
from automed.domain.study_spec import StudySpec
from automed.search.record import CONTINUES, PARENT, REJECTED, WISHES, config_of
from automed.search.shadow import Proposal


@dataclass(frozen=True)
class Child:
    """A compression that a complete trial still owes.

    Attributes:
        parent: The complete trial.
        config: The parent's, and how it is compressed.
    """

    parent: FrozenTrial
    config: Config


def due_children(history: Sequence[FrozenTrial], spec: StudySpec) -> Iterator[Child]:
    """What complete trials still owe: first what the sampler wished for, then ``--compress``.

    A function of the history alone, in the order of the parents: a search that was cut off goes on
    where it stopped.
    """
    known = {(t.user_attrs[PARENT], config_of(t)) for t in history if PARENT in t.user_attrs}
    for parent in history:
        if parent.state is not TrialState.COMPLETE or PARENT in parent.user_attrs:
            continue
        trained = config_of(parent)
        asked = [with_compression(trained, c) for c in spec.compress]
        for config in dict.fromkeys([*wishes_of(parent), *asked]):
            if (parent.number, config) not in known:
                yield Child(parent, config)


def child_proposal(child: Child, known: Mapping[str, BaseDistribution], origin: str) -> Proposal:
    """A child as the journal takes it; see `extra_of` for what has no place in the space."""
    outside = extra_of(child.config, known)
    inside = {k: v for k, v in child.config.items() if k not in outside}
    return Proposal(
        config=Config(inside), distributions={key: known[key] for key in inside},
        system_attrs={}, sampler_state={}, origin=origin,
    )  # fmt: skip


def extra_of(config: Config, known: Mapping[str, BaseDistribution]) -> dict[str, Value]:
    """The compression of a config where the search space does not hold it.

    It is all kept apart then: half of it would look to a sampler like another config.
    """
    chosen = {key: value for key, value in config.items() if key.startswith(PREFIX)}
    inside = all(_holds(known.get(key), value) for key, value in chosen.items())
    return {} if inside else chosen


def parent_proposal(proposal: Proposal) -> Proposal:
    """The training that a compressed config needs first."""
    values = dict(dense(proposal.config).items())
    method = f"{PREFIX}method"
    if _holds(proposal.distributions.get(method), "none"):
        values[method] = "none"
    return Proposal(
        config=Config(values), distributions={key: proposal.distributions[key] for key in values},
        system_attrs=proposal.system_attrs, sampler_state=proposal.sampler_state,
        origin=proposal.origin,
    )  # fmt: skip


def trained_by(history: Sequence[FrozenTrial], config: Config) -> FrozenTrial | None:
    """The trial that trains, or trained, the model which a compressed config needs."""
    wanted = dense(config)
    taken_up = {trial.user_attrs.get(CONTINUES) for trial in history}
    for trial in history:
        apart = PARENT in trial.user_attrs or REJECTED in trial.user_attrs
        apart = apart or trial.number in taken_up
        if not apart and dense(config_of(trial)) == wanted:
            return trial
    return None


def is_compressed(config: Config) -> bool:
    """Whether a config, which the screen has passed, needs a parent."""
    return compression_of(config) is not None


def wishes_of(trial: FrozenTrial) -> list[Config]:
    """The compressed configs that the sampler proposed and that wait for this training."""
    return [Config(values) for values in json.loads(trial.user_attrs.get(WISHES, "[]"))]


def with_wish(trial: FrozenTrial | None, config: Config) -> str:
    """What to note on a training that one more compressed config waits for."""
    waiting: list[Any] = [] if trial is None else [dict(c.items()) for c in wishes_of(trial)]
    return json.dumps([*waiting, dict(config.items())])


def _holds(distribution: BaseDistribution | None, value: Value) -> bool:
    if distribution is None:
        return False
    try:
        return bool(distribution._contains(distribution.to_internal_repr(value)))
    except ValueError:
        return False
