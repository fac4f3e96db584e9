"""Recompute what a study decided, each decision from what its log held at that moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from automed.domain.errors import StudyError
from automed.domain.study_spec import StudySpec
from automed.search.differences import CHECKS, Check, Compared, Difference, differences
from automed.search.past import Line, Past
from automed.search.replay_stops import StopReplay
from automed.search.replay_suggestions import SuggestionReplay
from automed.search.screen import CostOf
from automed.search.study_file import read_spec
from automed.search.warm_start import Prior, read_prior

Tick = Callable[[int, int], None]


@dataclass(frozen=True)
class Tally:
    """How many decisions of a kind were recomputed, and how many of them are as recorded."""

    recomputed: int
    equal: int

    @property
    def different(self) -> int:
        """Those that are not as recorded."""
        return self.recomputed - self.equal


@dataclass(frozen=True)
class Replay:
    """What came of recomputing a study.

    Attributes:
        spec: Its settings.
        tallies: By kind.
        differences: In the order of the log.
        notes: What could not be recomputed, and what had to be assumed.
    """

    spec: StudySpec
    tallies: dict[Check, Tally]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]


def replay(folder: Path, cost_of: Callable[[StudySpec], CostOf], tick: Tick) -> Replay:
    """Recompute all suggestions, screens and stop decisions of a study, which may be running.

    Args:
        folder: The study's folder. Nothing is written there.
        cost_of: Gives what predicts a config's cost, for these settings.
        tick: Called with the lines that are done, and how many there are.

    Raises:
        StudyError: There is no study, its files are broken, or its sampler is not at hand.
    """
    spec = read_spec(folder)
    prior = read_prior(folder, spec)
    try:
        return _Replayer(spec, Past(folder, spec), cost_of(spec), prior).all(tick)
    except ValidationError as error:
        raise StudyError(
            f"the log in {folder} holds a note that is none of this version of automed",
            found=str(error).splitlines()[0],
            hint="restore the file from a backup",
        ) from error


class _Replayer:
    def __init__(self, spec: StudySpec, past: Past, cost_of: CostOf, prior: Prior | None) -> None:
        self._spec = spec
        self._past = past
        self._suggestions = SuggestionReplay(spec, past, cost_of, prior)
        self._stops = StopReplay(spec, past)

    def all(self, tick: Tick) -> Replay:
        recomputed: Counter[Check] = Counter()
        equal: Counter[Check] = Counter()
        found: list[Difference] = []
        lines = self._past.lines
        for at, line in enumerate(lines):
            tick(at, len(lines))
            for check, differing in self._compared(at, line):
                recomputed[check] += 1
                equal[check] += not differing
                found += differing
        tick(len(lines), len(lines))
        tallies = {check: Tally(recomputed[check], equal[check]) for check in CHECKS}
        return Replay(self._spec, tallies, tuple(found), tuple(self._notes()))

    def _compared(self, at: int, line: Line) -> Iterator[Compared]:
        yield from self._settings(line)
        yield from self._suggestions.before(line)
        yield from self._stops.before(at, line)
        self._past.show_next()
        yield from self._stops.after(at, line)

    def _settings(self, line: Line) -> Iterator[Compared]:
        """Compare what the log says of the study with ``study.json``."""
        spec = self._spec
        known = {
            "version": spec.version,
            "task": spec.task.name,
            "dataset": spec.data.name,
            "sampler": spec.sampler,
            "seed": spec.seed,
        }
        for key, value in self._past.described_by(line).items():
            name = key.removeprefix("automed:")
            if name in known:
                yield "settings", differences(
                    "settings", None, {name: value}, {name: known[name]}
                )  # fmt: skip

    def _notes(self) -> Iterator[str]:
        if self._stops.cut_off:
            yield (
                f"{self._stops.cut_off} decisions to stop were due where a process, or the log, "
                "ends: not compared"
            )
        foreign = len(self._past.trials()) - len(self._past.history())
        if foreign:
            yield f"{foreign} trials are not automed's: not recomputed"
        if self._spec.compress:
            yield (
                "study.json holds the last --compress alone, which a resume may have added to: "
                "each trial is compared with as much of it as explains the trial"
            )
