"""What samplers hear of stopped trainings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from optuna.trial import FrozenTrial, TrialState

from automed.domain.study_spec import StudySpec
from automed.search import record
from automed.search.contenders import Contenders
from automed.search.expected_final import expected_final


class Told:
    """Gives a stopped training the values that it would have ended with, as far as is known.

    Optuna's samplers learn nothing from a stopped trial under several objectives. Where a study's
    objectives are the guide metric and costs, its costs are known and its quality can be expected.

    Args:
        spec: The study's settings.
    """

    def __init__(self, spec: StudySpec) -> None:
        self._spec = spec
        self._contenders = Contenders(spec)
        self._possible = len(spec.task.uncertain) == 1

    def __call__(self, history: Sequence[FrozenTrial]) -> list[FrozenTrial]:
        """The trials as a sampler should see them; of a training in two parts, the second."""
        taken_up = {t.user_attrs.get(record.CONTINUES) for t in history}
        seen = [t for t in history if t.number not in taken_up]
        stopped = [t for t in seen if record.STOPPED in t.user_attrs]
        if not stopped or not self._possible:
            return seen
        contenders = self._contenders.among(history)
        whole = [c for c in contenders.values() if c.finished]
        finals = {t.number: expected_final(contenders[t.number], whole) for t in stopped}
        return [self._as_if_whole(t, finals[t.number]) if t.number in finals else t for t in seen]

    def _as_if_whole(self, trial: FrozenTrial, final: float) -> FrozenTrial:
        cost = record.predicted_of(trial)
        if cost is None or not math.isfinite(final):
            return trial
        # A contender's quality is larger where it is better; a loss smaller.
        guide = final if self._spec.task.quality.direction == "maximize" else -final
        values = cost.as_metrics() | {self._spec.task.guide: guide}
        return record.template(
            TrialState.COMPLETE,
            trial.params,
            trial.distributions,
            values=[values[o.metric] for o in self._spec.task.objectives],
            user_attrs=trial.user_attrs,
            system_attrs=trial.system_attrs,
            now=datetime(2000, 1, 1),
        )
