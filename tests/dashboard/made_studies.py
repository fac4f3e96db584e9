"""Studies without training: a small conditional space, drawn figures, the journal optuna writes.

``make_study(workspace, "s", complete=5, stopped=2, children=1)`` returns the study's folder. The
trials come in this order: complete, children, stopped, failed, rejected, running.
"""

from __future__ import annotations

import json
import math
import os
import random
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

from optuna.distributions import BaseDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend
from optuna.study import StudyDirection
from optuna.trial import TrialState

from automed.domain.budget import Budget
from automed.domain.compression import read_compressions, with_compression
from automed.domain.config import Config
from automed.domain.cost import Cost, Quantity
from automed.domain.objective import Constraint
from automed.domain.result import Failure, Result
from automed.domain.space_file import parse_space
from automed.domain.stop import Stop
from automed.domain.study_spec import DataRef, StudySpec
from automed.domain.task import AnyTask, ClassificationTask, SegmentationTask
from automed.search import record
from automed.search.distributions import distributions_of
from automed.search.journal_place import JOURNAL_FILE
from automed.search.lock import HOLDER_FILE
from automed.search.spending import TIME, Time
from automed.search.study_file import write_spec

SPACE = parse_space(
    """
    [space]
    name = "made"
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
    source="made.toml",
)

SEGMENTATION = SegmentationTask(
    name="made", title="Made up", classes=("thing",), image_size=(32, 32), space=SPACE, demo="polyp"
)
CLASSIFICATION = ClassificationTask(
    name="made_classes", title="Made-up classes", classes=("one", "two"), image_size=(32, 32),
    space=SPACE, demo="leukemia",
)  # fmt: skip
BEGAN = datetime(2026, 1, 1, 12)


def make_study(
    workspace: Path,
    name: str = "s",
    *,
    complete: int = 3,
    children: int = 0,
    stopped: int = 0,
    failed: int = 0,
    rejected: int = 0,
    running: int = 0,
    task: AnyTask = SEGMENTATION,
    objectives: int | None = None,
    epochs: int = 3,
    held: bool = False,
    files: bool = True,
    **changes: Any,
) -> Path:
    """Write a study, and the history of its trainings; the same arguments write the same one.

    Args:
        workspace: Its root; it need not exist.
        name: The study's, which is also its folder's.
        complete: Trained trials with results.
        children: Compressed models of the first complete trials, one each, in turn.
        stopped: Ended by the stopper after one epoch.
        failed: Of every three, one diverged in its first epoch, the others ran out of memory.
        rejected: By the screen, for their MACs.
        running: Trials that have reported one epoch.
        task: ``SEGMENTATION``, ``CLASSIFICATION`` or another.
        objectives: Keep only so many of the task's.
        epochs: Of a whole training.
        held: Sign the folder as a search of this process does: the study counts as running.
        files: Write the trials' folders with their history.jsonl.
        **changes: Other fields of the spec, such as ``constraints``; ``trials`` is the budget.

    Returns:
        The study's folder.
    """
    spec = spec_of(name, task, objectives, **changes)
    folder = workspace / "studies" / name
    folder.mkdir(parents=True)
    write_spec(folder, spec)
    writer = Writer(folder, spec, epochs, files)
    parents = [writer.complete() for _ in range(complete)]
    for index in range(children):
        writer.child(parents[index % len(parents)], index // len(parents))
    for count, write in (
        (stopped, writer.stopped),
        (failed, writer.failed),
        (rejected, writer.rejected),
        (running, writer.running),
    ):
        for _ in range(count):
            write()
    writer.save()
    if held:
        hold(folder)
    return folder


def hold(folder: Path) -> None:
    """Sign a study's folder as a search of this process does; delete ``lock.json`` to end it."""
    holder = {"pid": os.getpid(), "host": socket.gethostname()}
    (folder / HOLDER_FILE).write_text(json.dumps(holder), encoding="utf-8")


def spec_of(
    name: str, task: AnyTask = SEGMENTATION, objectives: int | None = None, **changes: Any
) -> StudySpec:
    """The settings of a made-up study on demo data."""
    fields: dict[str, Any] = {
        "name": name,
        "task": task.replace(objectives=task.objectives[:objectives]),
        "data": DataRef(name="demo", path="/nowhere", digest="data"),
        "split_digest": "split",
        "budget": Budget(trials=changes.pop("trials", 100)),
        "version": "0",
    }
    return StudySpec(**{**fields, **changes})


@dataclass
class Writer:
    """Trials of one study; ``save`` writes the journal, and may be called again after more."""

    folder: Path
    spec: StudySpec
    epochs: int = 3
    files: bool = True
    _random: random.Random = field(default_factory=lambda: random.Random(0))

    def __post_init__(self) -> None:
        self._memory = _Memory()
        self._storage = JournalStorage(self._memory)
        directions = [
            StudyDirection.MAXIMIZE if o.direction == "maximize" else StudyDirection.MINIMIZE
            for o in self.spec.task.objectives
        ]
        self._id = self._storage.create_new_study(directions, self.spec.name)
        self._known = distributions_of(self.spec.task.space)
        self._written = 0
        self._count = 0

    def complete(self) -> tuple[int, Config]:
        """A trained trial: its number and config."""
        config = self._draw()
        number = self._begin(config, self.epochs)
        self._end(number, record.RESULT, self._result(config))
        return number, config

    def child(self, parent: tuple[int, Config], turn: int = 0) -> int:
        """A compressed model; turns 0, 1, 2 are ptq, prune:0.5, prune:0.5+ptq."""
        number, trained = parent
        ways = read_compressions("ptq,prune:0.5,prune:0.5+ptq")
        config = with_compression(trained, ways[turn % len(ways)])
        extra = ways[turn % len(ways)].keys
        own = self._begin(config, 0, {record.PARENT: number, record.EXTRA: extra})
        small = cost_of(trained, 0.5 if turn % 3 else 1.0, 0.25 if turn % 3 != 1 else 0.5)
        result = self._result(trained, drop=0.01 * (1 + turn))
        self._end(own, record.RESULT, result.replace(cost=small, parent=number, epochs=0))
        return own

    def stopped(self) -> int:
        """A trial that the stopper ended after its first epoch."""
        config = self._draw()
        number = self._begin(config, 1)
        stop = Stop(epoch=1, why="worse than the median of its rung")
        self._storage.set_trial_user_attr(number, record.STOP, stop.model_dump_json())
        result = self._result(config).replace(epochs=1, best_epoch=1)
        self._end(number, record.STOPPED, result)
        return number

    def failed(self) -> int:
        """A trial that diverged, or ran out of memory."""
        number = self._begin(self._draw(), 0)
        failure = (
            Failure(kind="DivergedError", message="the loss is not finite", epoch=1)
            if number % 3 == 0
            else Failure(kind="OutOfMemoryError", message="CUDA out of memory: 12 GB <asked>")
        )
        self._end(number, record.FAILURE, failure)
        return number

    def rejected(self) -> int:
        """A config that the screen turned away."""
        self._draw()
        why = "GFLOPs (MACs) is 2.1, must be at most 2"
        return self._begin(self._draw(), 0, {record.REJECTED: why}, TrialState.PRUNED)

    def running(self) -> int:
        """A trial that has trained for one epoch."""
        return self._begin(self._draw(), 1)

    def save(self) -> None:
        """Append what is new to the journal, as a search does."""
        new = self._memory.lines[self._written :]
        self._written = len(self._memory.lines)
        with (self.folder / JOURNAL_FILE).open("a", encoding="utf-8") as file:
            file.writelines(new)

    def _draw(self) -> Config:
        return self.spec.task.space.sample(self._random)

    def _begin(
        self,
        config: Config,
        reported: int,
        attrs: dict[str, Any] | None = None,
        state: TrialState = TrialState.RUNNING,
    ) -> int:
        own = {
            record.SEED: self._count,
            record.ORIGIN: self.spec.sampler,
            record.PREDICTED: cost_of(config).model_dump_json(),
        }
        inside = {k: v for k, v in config.items() if k in self._known}
        known: dict[str, BaseDistribution] = {key: self._known[key] for key in inside}
        now = BEGAN + timedelta(minutes=self._count)
        number = self._storage.create_new_trial(
            self._id,
            record.template(state, inside, known, user_attrs=own | (attrs or {}), now=now),
        )
        self._count += 1
        history = [self._epoch(config, epoch) for epoch in range(1, reported + 1)]
        for values in history:
            value = values["metrics"][self.spec.task.guide]
            self._storage.set_trial_intermediate_value(number, values["epoch"], value)
        if self.files and history:
            folder = self.folder / "trials" / f"{number:04d}"
            folder.mkdir(parents=True)
            lines = "".join(json.dumps(values) + "\n" for values in history)
            (folder / "history.jsonl").write_text(lines, encoding="utf-8")
        return number

    def _epoch(self, config: Config, epoch: int) -> dict[str, Any]:
        share = epoch / (epoch + 1)
        metrics = {name: value * share for name, value in self._metrics(config).items()}
        return {
            "epoch": epoch, "seconds": 20.0 * epoch,
            "metrics": {"train_loss": 1 / epoch, "lr": 1e-3, "loss": 1.2 / epoch, **metrics},
        }  # fmt: skip

    def _metrics(self, config: Config, drop: float = 0.0) -> dict[str, float]:
        quality = min(0.99, max(0.01, quality_of(config) - drop))
        if self.spec.task.kind == "segmentation":
            rest = {"iou": quality / (2 - quality), "precision": quality, "recall": quality}
            return {"dice": quality, **rest, "accuracy": 0.5 + quality / 2}
        return {"f1_macro": quality, "accuracy": 0.5 + quality / 2, "roc_auc": 0.5 + quality / 2}

    def _result(self, config: Config, drop: float = 0.0) -> Result:
        return Result(
            metrics=self._metrics(config, drop), cost=cost_of(config), epochs=self.epochs,
            best_epoch=self.epochs, seconds=20.0 * self.epochs, split_digest="split",
        )  # fmt: skip

    def _end(self, number: int, key: str, outcome: Result | Failure) -> None:
        spent = Time(seconds=60.0, device_seconds=60.0).to_text()
        self._storage.set_trial_user_attr(number, TIME, spent)
        self._storage.set_trial_user_attr(number, key, outcome.model_dump_json())
        values = None
        if key == record.RESULT:
            assert isinstance(outcome, Result)
            values = [outcome.values()[o.metric] for o in self.spec.task.objectives]
        self._storage.set_trial_state_values(number, record.OUTCOMES[key], values)


def cost_of(config: Config, compute: float = 1.0, stored: float = 1.0) -> Cost:
    """What a made-up model costs; compressed, shares of it."""
    drawn = crc32(repr(config.part("model.")).encode()) % 8  # another task's models differ too
    channels = config.get("model.channels") or 32 * (1 + drawn)
    share = config.get("model.width") or channels / 256
    share += 0.01 * (config.get("training.batch_size", 0) % 7)
    mega = 1.0 + 6.0 * share**2
    return Cost(
        parameters=Quantity(value=mega * 1e6),
        macs=Quantity(value=(0.1 + 1.5 * share**2) * 1e9 * compute),
        size_bytes=Quantity(value=mega * 4e6 * stored),
        input_shape=(3, 32, 32),
    )


def quality_of(config: Config) -> float:
    """The Dice or F1 of a made-up model, in (0, 1)."""
    value = 0.7 + 0.05 * math.log(cost_of(config).megabytes)
    value -= 0.04 * abs(math.log10(config.get("training.learning_rate", 1e-3)) + 3)
    return (
        value
        + 0.03 * (config.get("training.loss") == "dice")
        - 0.1 * config.get("model.dropout", 0)
    )


def tight() -> tuple[Constraint, ...]:
    """A constraint that about half of the made-up models break."""
    return (Constraint(metric="macs", bound=0.6e9),)


class _Memory(BaseJournalBackend):
    """A journal in memory: no lock and no wait for the disk for each of a study's records."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        return (json.loads(line) for line in self.lines[log_number_from:])

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        self.lines += [json.dumps(log, separators=(",", ":")) + "\n" for log in logs]
