"""Recompute which trainings of a study were ended, each decision from the log before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from automed.domain.stop import Stop
from automed.domain.study_spec import StudySpec
from automed.search.differences import Compared, differences
from automed.search.past import Line, Past
from automed.search.record import STOP
from automed.search.spending import TIME
from automed.search.stopping import Stopping


class StopReplay:
    """Compares what the stopper said with what it would say.

    Args:
        spec: The study's settings.
        past: Its log, which goes on between calls.
    """

    def __init__(self, spec: StudySpec, past: Past) -> None:
        self._past = past
        self._stopping = Stopping(spec)
        self._followers = followers(past.lines)
        self._compared: set[int] = set()
        self.cut_off = 0
        """Decisions to stop that were due where a process, or the log, ends."""

    def before(self, at: int, line: Line) -> Iterator[Compared]:
        """Compare a decision that no measurement came with: the epoch had no guide metric."""
        if STOP not in line.get("user_attr", {}) or at in self._compared:
            return
        trial = self._past.trial_of(line)
        if trial is not None:
            stop = Stop.model_validate_json(line["user_attr"][STOP])
            due = self._stopping.decide(trial.number, stop.epoch, self._past.history())
            yield _compared(trial.number, stop.epoch, stop, due)

    def after(self, at: int, line: Line) -> Iterator[Compared]:
        """Compare what followed from a measurement, which the past holds by now."""
        trial = self._past.trial_of(line) if "intermediate_value" in line else None
        if trial is None:
            return
        epoch = line["step"]
        due = self._stopping.decide(trial.number, epoch, self._past.history())
        answer = self._answer_to(at, line)
        if answer is None and due is not None:
            self.cut_off += 1
            return
        noted = {} if answer is None else _note(self._past.lines[answer], line["trial_id"])
        stop = None
        if answer is not None and STOP in noted:
            self._compared.add(answer)
            stop = Stop.model_validate_json(noted[STOP])
        yield _compared(trial.number, epoch, stop, due)

    def _answer_to(self, at: int, measured: Line) -> int | None:
        """What the process wrote after a measurement, but for the time that it took."""
        answer = self._followers[at]
        while answer is not None and TIME in _note(self._past.lines[answer], measured["trial_id"]):
            answer = self._followers[answer]
        return answer


def followers(lines: Sequence[Line]) -> list[int | None]:
    """Of each line, the next that the same process wrote; None: it wrote no more."""
    latest: dict[str, int] = {}
    found: list[int | None] = [None] * len(lines)
    for at in reversed(range(len(lines))):
        # Optuna signs with an id of the process, a dash and one of the thread.
        process = str(lines[at].get("worker_id")).rpartition("-")[0]
        found[at] = latest.get(process)
        latest[process] = at
    return found


def _note(line: Line, trial_id: int) -> dict[str, Any]:
    """What a line notes on a trial, by key."""
    found: dict[str, Any] = line.get("user_attr", {}) if line.get("trial_id") == trial_id else {}
    return found


def _compared(trial: int, epoch: int, stop: Stop | None, due: Stop | None) -> Compared:
    key = f"after epoch {epoch}"
    return "stop decisions", differences(
        "stop decisions", trial, {key: _said(stop)}, {key: _said(due)}
    )


def _said(stop: Stop | None) -> str:
    return "it goes on" if stop is None else f"stop after epoch {stop.epoch}: {stop.why}"
