"""A study without training: a small conditional space, exact costs, a quality known in advance.

Run as a script it is the search that the fault tests kill: ``toy_study.py FOLDER TRIALS SLEEP``.
"""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path
from typing import Any

from automed.domain.budget import Budget
from automed.domain.config import Config
from automed.domain.cost import Cost, Quantity
from automed.domain.errors import AutomedError, DivergedError
from automed.domain.measurement import Measurement
from automed.domain.objective import Constraint
from automed.domain.result import Failure, Result
from automed.domain.space_file import parse_space
from automed.domain.study_spec import DataRef, StudySpec
from automed.domain.task import Baseline, SegmentationTask
from automed.domain.trial import Trial

SPACE = parse_space(
    """
    [space]
    name = "toy"
    [model.architecture]
    choices = ["unet", "deeplab"]
    [model.width]
    choices = [0.25, 0.5, 1.0]
    when = { "model.architecture" = "unet" }
    [model.channels]
    low = 32
    high = 256
    step = 32
    when = { "model.architecture" = "deeplab" }
    [model.dropout]
    low = 0.0
    high = 0.5
    step = 0.1
    [training.loss]
    choices = ["bce", "dice"]
    [training.learning_rate]
    low = 1e-5
    high = 1e-1
    log = true
    [training.batch_size]
    low = 4
    high = 32
    log = true
    """,
    source="toy.toml",
)

BASE = {
    "model.architecture": "unet",
    "model.width": 1.0,
    "model.dropout": 0.0,
    "training.loss": "bce",
    "training.learning_rate": 1e-3,
    "training.batch_size": 8,
}

BASELINES = (
    Baseline(name="paper base", config=BASE),
    Baseline(name="paper final", config=BASE | {"training.loss": "dice"}),
)

TASK = SegmentationTask(
    name="toy",
    title="A toy",
    classes=("thing",),
    image_size=(32, 32),
    space=SPACE,
    baselines=BASELINES,
    demo="cell",
)

TIGHT = (Constraint(metric="macs", bound=1e9),)
"""Rejects deeplab with 128 channels or more, and unet at full width."""


def spec_of(**changes: Any) -> StudySpec:
    """A spec of the toy task; ``trials`` stands for the budget."""
    fields: dict[str, Any] = {
        "name": "toy-study",
        "task": TASK,
        "data": DataRef(name="demo", path="/nowhere", digest="data"),
        "split_digest": "split",
        "budget": Budget(trials=changes.pop("trials", 8)),
        "version": "0",
    }
    return StudySpec(**{**fields, **changes})


def with_space(text: str, **changes: Any) -> SegmentationTask:
    """The toy task over another space, without baselines."""
    space = parse_space(f'[space]\nname = "other"\n{text}', source="other.toml")
    return TASK.replace(**{"space": space, "baselines": (), **changes})


def cost_of(config: Config) -> Cost:
    if config.get("model.architecture") == "deeplab":
        share = config["model.channels"] / 256
        giga, mega = 0.5 + 1.2 * share, 2.0 + 3.0 * share
    else:
        share = config.get("model.width", 0.5)
        giga, mega = 0.1 + 1.5 * share**2, 1.0 + 6.0 * share**2
    return Cost(
        parameters=Quantity(value=mega * 1e6),
        macs=Quantity(value=giga * 1e9),
        size_bytes=Quantity(value=mega * 4e6),
        input_shape=(3, 32, 32),
    )


def build_error(config: Config) -> Cost:
    """Every deeplab is too small for the image, as inception_v3 below 75 pixels."""
    if config["model.architecture"] == "deeplab":
        raise AutomedError("deeplab needs 64 pixels", found="32x32")
    return cost_of(config)


def dice_of(config: Config) -> float:
    value = 0.6 + 0.05 * math.log(cost_of(config).megabytes)
    value -= 0.04 * abs(math.log10(config.get("training.learning_rate", 1e-3)) + 3)
    value += 0.03 * (config.get("training.loss") == "dice") - 0.1 * config.get("model.dropout", 0)
    return min(value, 0.99)


def result_of(trial: Trial, **metrics: float) -> Result:
    # The seed stands in for what initialization and batch order add.
    noise = trial.seed / 2**32 * 0.01
    return Result(
        metrics={"dice": dice_of(trial.config) + noise, **metrics},
        cost=cost_of(trial.config),
        epochs=3,
        best_epoch=2,
        seconds=1.0,
        split_digest="split",
    )


def measurements(trial: Trial, epochs: int = 3) -> list[Measurement]:
    best = dice_of(trial.config)
    return [
        Measurement(epoch=e, metrics={"dice": best * e / epochs, "loss": 1 / e}, seconds=float(e))
        for e in range(1, epochs + 1)
    ]


def train(trial: Trial, report: Any) -> Result:
    """A run_trial that now and then diverges; which trials do is a matter of their seed."""
    for measurement in measurements(trial):
        report(measurement)
        if trial.seed % 6 == 0:
            raise DivergedError(measurement.epoch, "the loss")
    return result_of(trial)


def step(study: Any) -> None:
    """One trial, if there is one, as an executor runs it."""
    trial = study.ask()
    if trial is None:
        return
    try:
        outcome: Result | Failure = train(trial, lambda m: study.report(trial, m))
    except DivergedError as error:
        outcome = Failure(kind="DivergedError", message=str(error), epoch=error.epoch)
    study.tell(trial, outcome)


def history(trials: Any) -> list[tuple[Any, ...]]:
    """All of a study that must not depend on interruptions."""
    return [
        (
            t.number,
            t.config.items(),
            t.seed,
            t.state.value,
            t.origin,
            t.rejected,
            t.result.values() if t.result else None,
            t.failure.message if t.failure else None,
        )
        for t in trials
    ]


def main(folder: Path, trials: int, sleep: float) -> None:
    from automed.executors.inline import run
    from automed.search.study import Study

    def slow(trial: Trial, report: Any) -> Result:
        with (folder.parent / "trained.txt").open("a") as file:
            file.write(f"{trial.number}\n")
        for measurement in measurements(trial):
            time.sleep(sleep)
            report(measurement)
        return train(trial, lambda _: None)

    if (folder / "study.json").exists():
        study = Study.open(folder, cost_of, budget=Budget(trials=trials))
    else:
        study = Study.create(folder, spec_of(trials=trials, constraints=TIGHT), cost_of)
    print(run(study, slow, []).value, flush=True)  # noqa: T201 - what the test waits for


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
