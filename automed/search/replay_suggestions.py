"""Recompute what a study proposed and how it was screened, each trial from the log before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from automed.domain.errors import ConstraintError
from automed.domain.study_spec import StudySpec
from automed.search.differences import (
    Compared,
    Difference,
    differences,
    screening_of,
    suggestion_of,
)
from automed.search.past import Line, Past
from automed.search.record import WISHES
from automed.search.rerun import Rerun, Write
from automed.search.screen import CostOf
from automed.search.warm_start import Prior


@dataclass(frozen=True)
class _Settings:
    """What a resume may change, and what the spec holds the last state of alone."""

    compressions: int
    """How many of the spec's, which are only ever added to."""
    workers: int


class SuggestionReplay:
    """Compares what was proposed with what would be.

    A resume may change settings, and the spec holds their last state alone. Each trial is compared
    under those of the trial before it and, where that differs, under what a resume may have
    brought since: a study that follows from its log differs nowhere.

    Args:
        spec: The study's settings.
        past: Its log, which goes on between calls.
        cost_of: Predicts a config's cost.
        prior: Another study's trials that it began with.
    """

    def __init__(
        self, spec: StudySpec, past: Past, cost_of: CostOf, prior: Prior | None = None
    ) -> None:
        self._spec = spec
        self._past = past
        self._cost_of = cost_of
        self._prior = prior
        self._settings = _Settings(0, spec.budget.workers)
        self._reruns: dict[_Settings, Rerun] = {}

    def before(self, line: Line) -> Iterator[Compared]:
        """Compare a line that adds a trial, or lets a config wait for one, if this is one."""
        if self._past.creates(line):
            yield from self._compare(Write.of(line, None), len(self._past.trials()))
        elif WISHES in line.get("user_attr", {}):
            trial = self._past.trial_of(line)
            if trial is not None:
                yield from self._compare(Write.of(line, trial.number), trial.number)

    def _compare(self, written: Write, number: int) -> Iterator[Compared]:
        settings, found = self._explained(written, number)
        suggested = [d for d in found if d.check == "suggestions"]
        yield "suggestions", suggested
        if written.on is not None:
            return
        screened = [d for d in found if d.check == "screens"]
        if suggested:
            # What the screen says of another config is no answer: ask it about the recorded one.
            judged = self._rerun(settings).write_of(written)
            if judged.on is not None:
                return  # the config would wait for a training: there is no trial to compare
            screened = differences("screens", number, screening_of(written), screening_of(judged))
        yield "screens", screened

    def _explained(self, written: Write, number: int) -> tuple[_Settings, list[Difference]]:
        """The settings under which least differs, and what does."""
        tried: list[tuple[_Settings, list[Difference]]] = []
        for settings in self._possible():
            tried.append((settings, self._differing(settings, written, number)))
            if not tried[-1][1]:
                self._settings = settings
                break
        return min(tried, key=lambda pair: len(pair[1]))

    def _differing(self, settings: _Settings, written: Write, number: int) -> list[Difference]:
        recorded = suggestion_of(written)
        try:
            proposed = self._rerun(settings).next_write()
        except ConstraintError as error:
            refused = {"what comes next": error.problem}
            return differences("suggestions", number, recorded, refused)
        found = differences("suggestions", number, recorded, suggestion_of(proposed))
        if not found and proposed is not None and written.on is None:
            return differences("screens", number, screening_of(written), screening_of(proposed))
        return found

    def _possible(self) -> Iterator[_Settings]:
        now = self._settings
        other = 1 if now.workers > 1 else max(2, self._spec.budget.workers)
        for compressions in range(now.compressions, len(self._spec.compress) + 1):
            for workers in (now.workers, other):
                yield _Settings(compressions, workers)

    def _rerun(self, settings: _Settings) -> Rerun:
        if settings not in self._reruns:
            spec = self._spec.replace(
                compress=self._spec.compress[: settings.compressions],
                budget=self._spec.budget.replace(workers=settings.workers),
            )
            self._reruns[settings] = Rerun(spec, self._cost_of, self._past, self._prior)
        return self._reruns[settings]
