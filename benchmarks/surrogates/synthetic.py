"""Formulas whose fronts are known, as trainings: ZDT1 to 3 and DTLZ2.

The last objective of each is what a training would show, the others are costs, known before. As
the costs of models do, these span decades: an objective is the logarithm of its cost. Only what
costs depend on is a parameter of the model, the rest are ways to train it.

Zitzler, Deb and Thiele 2000 (ZDT), Deb et al. 2005 (DTLZ). All are to be minimized.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.samplers import BaseSampler

from automed.domain.budget import Budget
from automed.domain.config import Config, Value
from automed.domain.cost import Cost, Quantity
from automed.domain.decision import Decision
from automed.domain.front import hypervolume
from automed.domain.measurement import Measurement
from automed.domain.objective import Objective
from automed.domain.result import Result
from automed.domain.space import SearchSpace
from automed.domain.space_file import parse_space
from automed.domain.study_spec import DataRef, StudySpec
from automed.domain.task import SegmentationTask
from automed.domain.trial import Trial, TrialState
from automed.executors.inline import run
from automed.search.study import Study

Array = NDArray[np.float64]

COSTS = ("macs", "size_bytes")
UNIT = 1e6
"""What a cost objective of 0 stands for; one of 1 is ten times as dear."""


@dataclass(frozen=True)
class Problem:
    """A formula, and how it becomes a task.

    Attributes:
        name: As papers call it.
        formula: From points, shape (n, parameters), to objectives, shape (n, objectives).
        parameters: How many.
        priced: The costs depend on so many of the first parameters.
        reference: The worst values that count.
        best: No less than this can the last objective be, on the front or off it.
        volume: Between the true front and the reference; None: is computed from the formula,
            whose front lies where all parameters but the first are 0.
    """

    name: str
    formula: Callable[[Array], Array]
    parameters: int
    priced: int
    reference: tuple[float, ...]
    best: float
    volume: float | None = None

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Names of the parameters."""
        kinds = ["model" if at < self.priced else "training" for at in range(self.parameters)]
        return tuple(f"{kind}.x{at}" for at, kind in enumerate(kinds, start=1))

    @cached_property
    def space(self) -> SearchSpace:
        """Every parameter from 0 to 1."""
        text = "".join(f"[{key}]\nlow = 0.0\nhigh = 1.0\n" for key in self.keys)
        return parse_space(f'[space]\nname = "{self.name}"\n{text}', source=self.name)

    @cached_property
    def whole(self) -> float:
        """The hypervolume of the true front."""
        if self.volume is not None:
            return self.volume
        points = np.zeros((20001, self.parameters))
        points[:, 0] = np.linspace(0, 1, len(points))
        return hypervolume(self.formula(points), self.reference)

    def values_of(self, config: Mapping[str, Value] | Config) -> Array:
        """The objectives of a config."""
        return self.formula(np.array([[float(config[key]) for key in self.keys]]))[0]

    def share(self, reached: Sequence[Array]) -> float:
        """Hypervolume of some objective vectors, as a share of the true front's."""
        return hypervolume(np.array(reached), self.reference) / self.whole if reached else 0.0

    def task(self) -> SegmentationTask:
        """A task whose trainings take one epoch."""
        costs = [Objective(metric=m, direction="minimize") for m in COSTS]
        task = SegmentationTask(
            name="formula", title=self.name, classes=("none",), image_size=(32, 32),
            objectives=(
                Objective(metric="dice", reference=0.0), *costs[: len(self.reference) - 1]
            ),
            space=self.space, baselines=(), demo="cell",
        )  # fmt: skip
        return task.replace(training=task.training.replace(epochs=1))

    def quality_of(self, config: Config) -> float:
        """The last objective, turned and scaled: 0 at the reference, 1 at the best there is."""
        worst = self.reference[-1]
        return (worst - float(self.values_of(config)[-1])) / (worst - self.best)

    def cost_of(self, config: Config) -> Cost:
        """What is known before a training."""
        priced = [UNIT * 10.0**value for value in self.values_of(config)[:-1]]
        macs, size = [*priced, UNIT][:2]
        return Cost(
            parameters=Quantity(value=UNIT), macs=Quantity(value=macs),
            size_bytes=Quantity(value=size), input_shape=(3, 32, 32),
        )  # fmt: skip


def _g(x: Array) -> Array:
    found: Array = 1 + 9 * x[:, 1:].mean(axis=1)
    return found


def zdt1(x: Array) -> Array:
    """A convex front."""
    return np.column_stack([x[:, 0], _g(x) * (1 - np.sqrt(x[:, 0] / _g(x)))])


def zdt2(x: Array) -> Array:
    """A concave one."""
    return np.column_stack([x[:, 0], _g(x) * (1 - (x[:, 0] / _g(x)) ** 2)])


def zdt3(x: Array) -> Array:
    """One in five pieces."""
    first, g = x[:, 0], _g(x)
    second = g * (1 - np.sqrt(first / g) - first / g * np.sin(10 * np.pi * first))
    return np.column_stack([first, second])


def dtlz2(x: Array) -> Array:
    """An eighth of a sphere, of three objectives."""
    g = 1 + ((x[:, 2:] - 0.5) ** 2).sum(axis=1)
    a, b = x[:, 0] * np.pi / 2, x[:, 1] * np.pi / 2
    return np.column_stack([g * np.cos(a) * np.cos(b), g * np.cos(a) * np.sin(b), g * np.sin(a)])


PROBLEMS = {
    problem.name: problem
    for problem in (
        Problem("ZDT1", zdt1, 6, 1, (1.1, 11.0), best=-1.0),
        Problem("ZDT2", zdt2, 6, 1, (1.1, 11.0), best=-1.0),
        Problem("ZDT3", zdt3, 6, 1, (1.1, 11.0), best=-1.0),
        Problem("DTLZ2", dtlz2, 6, 6, (1.1, 1.1, 1.1), best=0.0, volume=1.1**3 - np.pi / 6),
    )
}
"""By name. ZDT's references are a tenth beyond the worst values, DTLZ2's beyond its front's."""


def optuna_search(
    problem: Problem, seed: int, trials: int, sampler: Callable[[int], BaseSampler]
) -> list[float]:
    """Optuna used directly: all objectives are told once a trial has ended.

    Returns:
        Share of the true front's hypervolume after each trial.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        directions=["minimize"] * len(problem.reference), sampler=sampler(seed)
    )
    reached: list[Array] = []
    course = []
    for _ in range(trials):
        trial = study.ask()
        values = problem.values_of({key: trial.suggest_float(key, 0, 1) for key in problem.keys})
        study.tell(trial, values.tolist())
        reached.append(values)
        course.append(problem.share(reached))
    return course


def study_search(problem: Problem, seed: int, trials: int, sampler: str) -> list[float]:
    """One of automed's searches: the real study with its journal.

    Returns:
        Share of the true front's hypervolume after each training.
    """
    spec = StudySpec(
        name="formula", task=problem.task(), split_digest="none", seed=seed,
        data=DataRef(name="none", path="/nowhere", digest="none"), budget=Budget(trials=trials),
        sampler=sampler, version="0",
    )  # fmt: skip

    def train(trial: Trial, report: Callable[[Measurement], Decision]) -> Result:
        quality = problem.quality_of(trial.config)
        report(Measurement(epoch=1, metrics={"dice": quality}, seconds=1.0))
        return Result(
            metrics={"dice": quality}, cost=problem.cost_of(trial.config), epochs=1, best_epoch=1,
            seconds=1.0, split_digest="none",
        )  # fmt: skip

    with (
        tempfile.TemporaryDirectory() as folder,
        Study.create(Path(folder) / "study", spec, problem.cost_of) as study,
    ):
        run(study, train, [])
        done = [t for t in study.trials if t.state is TrialState.COMPLETE]
    reached = [problem.values_of(trial.config) for trial in done]
    return [problem.share(reached[: at + 1]) for at in range(len(reached))]
