"""Searches of the toy study in Postgres, played step by step in one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toy_study import cost_of, spec_of

from automed.domain.budget import Budget
from automed.domain.trial import Trial
from automed.search.joining import write_joined
from automed.search.postgres import Postgres
from automed.search.shared_study import SharedStudies
from automed.search.study import Study

Sit = Callable[..., Study]
"""Lets one more search begin, or join, the study."""


def shared(**changes: Any) -> Any:
    budget = Budget(**{"workers": 2, **changes.pop("budget", {"trials": 8})})
    return spec_of(storage="postgres", budget=budget, **changes)


def asked(study: Study) -> Trial:
    trial = study.ask()
    assert trial is not None
    return trial


@contextmanager
def seats(tmp_path: Path, storage: str) -> Iterator[Sit]:
    """Searches at one study, each with a workspace of its own; the first begins it."""
    taken: list[Study] = []

    def sit(spec: Any = None, cost: Any = cost_of, **more: Any) -> Study:
        folder = tmp_path / str(len(taken)) / "s"
        if taken:
            studies = SharedStudies(storage)
            there = studies.find(taken[0].spec.name)
            assert there is not None
            write_joined(folder, there, there.spec)
            studies.close()
            study = Study.open(folder, cost, **more)
        else:
            study = Study.create(folder, spec or shared(), cost, **more)
        taken.append(study)
        return study

    try:
        yield sit
    finally:
        for study in taken:
            study.close()


def records(storage: str) -> int:
    return Postgres(storage).rows("select count(*) from automed.log")[0][0]
