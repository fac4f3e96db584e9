"""A search of the toy study that shares it with others, as a process of its own.

``toy_together.py FOLDER TRIALS SLEEP [GRACE]``: begins the study in Postgres, or joins it. Prints
the number of each trial that it is given, and at last how the search ended.
"""

from __future__ import annotations

import sys
import time
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


def main(folder: Path, trials: int, sleep: float, grace: float) -> None:
    postgres_drivers.GONE_SECONDS = grace
    postgres_drivers.SIGN_SECONDS = grace / 6
    together.LOOK_SECONDS = 0.05

    def slow(trial: Trial, report: Any) -> Result:
        print(trial.number, flush=True)  # noqa: T201 - what the test reads
        for measurement in measurements(trial):
            time.sleep(sleep)
            if report(measurement) is Decision.STOP:
                break
        return result_of(trial)

    spec = spec_of(budget=Budget(trials=trials, workers=2), constraints=TIGHT, storage="postgres")
    with joined(folder, spec) as study:
        print(run(study, slow, []).value, flush=True)  # noqa: T201 - what the test waits for


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float((*sys.argv, "60")[4]))
