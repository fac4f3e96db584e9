"""A search of the toy study that shares it with others, as a process of its own."""

from __future__ import annotations

import multiprocessing
import time
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from toy_study import TIGHT, cost_of, measurements, result_of, spec_of

from automed.domain.budget import Budget
from automed.domain.decision import Decision
from automed.domain.errors import StudyError
from automed.domain.result import Result
from automed.domain.trial import Trial
from automed.executors.inline import run
from automed.search import postgres_drivers, together
from automed.search.joining import write_joined
from automed.search.shared_study import SharedStudies
from automed.search.storage_url import required_url
from automed.search.study import Study


def joined(folder: Path, spec: Any) -> Study:
    """The study: begun here, or by another process."""
    if not (folder / "study.json").exists():
        studies = SharedStudies(required_url(spec.name))
        if studies.find(spec.name) is None:
            try:
                return Study.create(folder, spec, cost_of)
            except StudyError as error:
                if "already" not in str(error):  # another one was quicker
                    raise
        there = studies.find(spec.name)
        assert there is not None
        write_joined(folder, there, there.spec)
        studies.close()
    return Study.open(folder, cost_of)


class Search:
    """Begins the study in Postgres, or joins it, in a process that can be killed.

    Args:
        folder: The study's, for this search.
        sleep: Seconds an epoch.
        trials: The budget.
        grace: Seconds of silence after which a search counts as gone.
    """

    def __init__(self, folder: Path, sleep: float, trials: int = 40, grace: float = 60.0) -> None:
        self._said, theirs = multiprocessing.Pipe(duplex=False)
        # A fork has optuna imported already: starting python would take longer than the search.
        self._process = multiprocessing.get_context("fork").Process(
            target=_search, args=(folder, sleep, trials, grace, theirs)
        )
        self._process.start()
        theirs.close()

    def hear(self) -> int | str:
        """The number of the next trial that it runs, or at last how the search ended."""
        assert self._said.poll(120)
        said: int | str = self._said.recv()
        return said

    def kill(self) -> list[int]:
        """End it, with signal 9; the trials that it said it would run and nobody heard of."""
        self._process.kill()
        self._process.join()
        return [number for number in self._rest() if isinstance(number, int)]

    def ended(self) -> list[int]:
        """The trials that it ran to the end of the budget."""
        *numbers, outcome = self._rest()
        self._process.join()
        assert outcome == "finished", outcome
        return [int(number) for number in numbers]

    def _rest(self) -> list[int | str]:
        heard: list[int | str] = []
        with suppress(EOFError):
            while True:
                heard.append(self.hear())
        return heard


def _search(folder: Path, sleep: float, trials: int, grace: float, said: Connection) -> None:
    postgres_drivers.GONE_SECONDS = grace
    postgres_drivers.SIGN_SECONDS = grace / 6
    together.LOOK_SECONDS = 0.05

    def slow(trial: Trial, report: Any) -> Result:
        said.send(trial.number)
        for measurement in measurements(trial):
            time.sleep(sleep)
            if report(measurement) is Decision.STOP:
                break
        return result_of(trial)

    spec = spec_of(budget=Budget(trials=trials, workers=2), constraints=TIGHT, storage="postgres")
    try:
        with joined(folder, spec) as study:
            said.send(run(study, slow, []).value)
    except BaseException:
        said.send(traceback.format_exc())
        raise
