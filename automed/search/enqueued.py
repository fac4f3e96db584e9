"""The configs that a user wants tried: which of them are still to come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from optuna.trial import FrozenTrial

from automed.domain.config import Config, Value
from automed.domain.study_spec import StudySpec
from automed.domain.task import Baseline
from automed.search.family import wishes_of
from automed.search.record import ORIGIN, config_of


def waiting(spec: StudySpec, history: Sequence[FrozenTrial]) -> Iterator[Baseline]:
    """The enqueued configs that no trial tried and none waits for, in their order."""
    if not spec.enqueued:
        return
    origins = {trial.user_attrs.get(ORIGIN) for trial in history}
    wishes = [dict(wish.items()) for trial in history for wish in wishes_of(trial)]
    # An earlier one that is compressed may have trained this one as its parent.
    tried = [*wishes, *(dict(config_of(trial).items()) for trial in history)]
    for entry in spec.enqueued:
        covered = any(_covers(wish, entry.config) for wish in wishes)
        if entry.name not in origins and not covered and dict(entry.config) not in tried:
            yield entry


def whole_config(entry: Baseline, spec: StudySpec) -> Config | None:
    """The config of an entry that leaves the sampler nothing to draw; else None."""
    values: dict[str, Value] = {}
    for key in spec.task.space.parameters:
        if spec.task.space.is_active(key, values):
            if key not in entry.config:
                return None
            values[key] = entry.config[key]
    return Config(values)


def _covers(config: dict[str, Value], wanted: dict[str, Value]) -> bool:
    return all(key in config and config[key] == value for key, value in wanted.items())
