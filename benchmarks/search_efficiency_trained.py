"""The comparison of ``search_efficiency.py`` on trainings that really run, for one small case.

Run: ``python benchmarks/search_efficiency_trained.py --data FOLDER [--seeds 5] [--trainings 30]``,
where the folder holds the images and masks of ``surrogates/README.md``.

Both searches train the same space on the same split with automed's own pipeline, for equally many
epochs: automed's as ``automed search`` runs it by default; optuna's as a loop over ``study.ask``
and ``study.tell``. A training is a function of its config (measured: bit for bit), so optuna's
repeats are charged but not run again.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from surrogates.table import BEYOND, COSTS

from automed import __version__
from automed.api.request import SearchRequest
from automed.api.search import Search, start
from automed.domain.config import Config
from automed.domain.data_options import DataOptions
from automed.domain.decision import Decision
from automed.domain.front import hypervolume
from automed.domain.result import Result
from automed.domain.trial import Trial, TrialState
from automed.domain.workspace import Workspace
from automed.pipeline.run import run_trial
from automed.search.distributions import distributions_of, suggest

ROOT = Path(__file__).parent
SPACE = ROOT / "surrogates" / "cell_table.toml"
COURSES = ROOT / "results" / "search_efficiency_trained.jsonl"
PAGE = COURSES.with_suffix(".md")
OURS, BASE = "automed ehvi + dominance", "optuna TPE"


@dataclass
class Course:
    """Models in the order in which they came, with the epochs spent by then."""

    spent: list[int] = field(default_factory=list)
    models: list[list[float]] = field(default_factory=list)
    """Quality, then costs, smaller is better for all of them."""

    def add(self, epochs: int, result: Result, guide: str) -> None:
        """Note a whole training."""
        costs = result.cost.as_metrics()
        self.spent.append(epochs)
        self.models.append([-result.metrics[guide], *(costs[name] for name in COSTS)])


def main() -> None:
    """Run what is missing, then print and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--trainings", type=int, default=30, help="whole ones: the compute")
    parser.add_argument("--epochs", type=int, default=9)
    parser.add_argument("--image-size", type=int, default=32)
    given = parser.parse_args()
    settings = {
        "trainings": given.trainings, "epochs": given.epochs, "image_size": given.image_size,
        "data": given.data.name,
    }  # fmt: skip
    for seed in range(given.seeds):
        for name, run in ((BASE, tpe), (OURS, ours)):
            if (name, seed) in read(settings):
                continue
            with tempfile.TemporaryDirectory() as folder:
                course = run(_search(given, seed, Path(folder)), given.trainings * given.epochs)
            row = {"search": name, "seed": seed, **settings, **vars(course)}
            with COURSES.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(f"{name}, seed {seed}: {len(course.models)} models", file=sys.stderr)
    page = written(read(settings), settings)
    PAGE.write_text(page, encoding="utf-8")
    print(page)


def _search(given: argparse.Namespace, seed: int, folder: Path) -> Search:
    request = SearchRequest(
        task="cell", data=given.data, space=str(SPACE), seed=seed, epochs=given.epochs,
        epoch_budget=given.trainings * given.epochs, weights="none", artifact="weights",
        image_size=(given.image_size, given.image_size), stopper="dominance",
        set_values=(f"training.patience={given.epochs}",),
        options=DataOptions(no_groups="one field each"),
    )  # fmt: skip
    return start(request, Workspace(folder), device="cpu")


def ours(search: Search, epochs: int) -> Course:
    """The study as it is."""
    course = Course()
    with search.study as study:
        search.run([_Watcher(search, course)])
        assert study.spending.epochs is None or study.spending.epochs <= epochs
    return course


class _Watcher:
    def __init__(self, search: Search, course: Course) -> None:
        self._search, self._course = search, course

    def trial_started(self, trial: Trial) -> None:
        """Nothing."""

    def trial_measured(self, trial: Trial, measurement: object) -> None:
        """Nothing."""

    def trial_put_back(self, trial: Trial) -> None:
        """Nothing."""

    def trial_rejected(self, trial: Trial) -> None:
        """Nothing."""

    def trial_finished(self, trial: Trial) -> None:
        """Only what was trained to its end counts."""
        if trial.state is TrialState.COMPLETE and trial.result is not None:
            spent = self._search.study.spending.epochs or 0
            self._course.add(spent, trial.result, self._search.study.spec.task.guide)


def tpe(search: Search, epochs: int) -> Course:
    """What ``optuna.create_study(directions=...)`` gives, with whole trainings."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    spec, space = search.study.spec, search.study.spec.task.space
    sampler = optuna.samplers.TPESampler(seed=spec.seed)
    study = optuna.create_study(
        directions=["maximize", *["minimize"] * len(COSTS)], sampler=sampler
    )
    course, known = Course(), dict[Config, Result]()
    whole = spec.task.training.epochs
    for number in range(epochs // whole):
        trial = study.ask()
        values: dict[str, Any] = {}
        for key, distribution in distributions_of(space).items():
            if space.is_active(key, values):
                values[key] = suggest(trial, key, distribution)
        config = Config(values)
        if config not in known:
            ours = Trial(number=number, config=config, seed=spec.seed)
            known[config] = run_trial(ours, search.job, lambda _: Decision.CONTINUE)
        result = known[config]
        course.add((number + 1) * whole, result, spec.task.guide)
        study.tell(trial, [-course.models[-1][0], *course.models[-1][1:]])
    search.study.close()
    return course


Done = dict[tuple[str, int], Course]


def read(settings: dict[str, Any]) -> Done:
    """The courses that lie there, of these settings, by search and seed."""
    rows = map(json.loads, COURSES.read_text().splitlines()) if COURSES.exists() else []
    return {
        (row["search"], row["seed"]): Course(row["spent"], row["models"])
        for row in rows
        if all(row[key] == value for key, value in settings.items())
    }


def written(done: Done, settings: dict[str, Any]) -> str:
    """The page: seed by seed, for the split and the trainings differ between seeds."""
    epochs = settings["trainings"] * settings["epochs"]
    lines = [
        "# Compute for a front, trainings that run",
        "",
        f"Written by `benchmarks/search_efficiency_trained.py`, automed {__version__}: "
        f"{settings['data']} at {settings['image_size']} pixels, {settings['epochs']} epochs a "
        f"training, budget {epochs} epochs = {settings['trainings']} whole trainings. Hypervolume "
        "as a share of that of all models of both searches.",
        "",
        f"| seed | {BASE} | {OURS} | at a third | compute for {BASE}'s front |",
        "|---|---|---|---|---|",
    ]
    needed = []
    for seed in sorted({seed for _, seed in done}):
        base, own = done[BASE, seed], done[OURS, seed]
        reference = BEYOND * np.array(base.models + own.models).max(axis=0)
        reference[0] = 0.0
        everything = hypervolume(np.array(base.models + own.models), reference.tolist())
        ends = _shares(base, reference, everything)[-1]
        course = _shares(own, reference, everything)
        third = max(
            (s for s, e in zip(course, own.spent, strict=True) if e <= epochs / 3), default=0.0
        )
        got = [e for s, e in zip(course, own.spent, strict=True) if s >= ends - 1e-9]
        needed.append(got[0] / epochs if got else float("inf"))
        lines.append(f"| {seed} | {ends:.4f} | {course[-1]:.4f} | {third:.4f} | {needed[-1]:.2f} |")
    middle = statistics.median(needed)
    lines += ["", f"Median compute for {BASE}'s front: {middle:.2f}.", ""]
    return "\n".join(lines)


def _shares(course: Course, reference: np.ndarray, everything: float) -> list[float]:
    points = np.array(course.models)
    return [
        hypervolume(points[: k + 1], reference.tolist()) / everything for k in range(len(points))
    ]


if __name__ == "__main__":
    main()
