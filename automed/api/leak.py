"""How much better scores look where what belongs together is cut: random against grouped splits."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

from automed import __version__
from automed.api.datasets import Checked, check_data
from automed.api.progress import Steps, Tick, silent
from automed.api.request import SearchRequest, check_positive
from automed.data.cache import build_cache
from automed.data.dataset import Dataset
from automed.data.register import registered
from automed.data.split import make_split
from automed.domain.budget import Budget
from automed.domain.config import Config
from automed.domain.data_options import DataOptions
from automed.domain.decision import Decision
from automed.domain.digest import derive_seed, digest
from automed.domain.errors import DataError, SpaceError
from automed.domain.measurement import Measurement
from automed.domain.result import Failure
from automed.domain.split import Split, SplitPolicy
from automed.domain.study_spec import StudySpec
from automed.domain.task import AnyTask
from automed.domain.trial import Trial
from automed.domain.workspace import Workspace
from automed.models.weights import preflight
from automed.pipeline.job import Job
from automed.pipeline.retrain import retrain
from automed.registry.tasks import load_task
from automed.search.whole_file import write_whole

RANDOM, GROUPED = "random", "grouped"
_CUT = "cut at random, to see what that does to the scores"


@dataclass(frozen=True)
class LeakRequest:
    """What to train.

    Attributes:
        task: Name of the task.
        data: A folder; None: the registered one.
        options: How to read it.
        epochs: Of each training.
        image_size: Height and width; None: the task's own.
        seeds: How many splits of either kind.
        weights: ``imagenet``, ``none`` or a folder with weight files.
    """

    task: str
    data: Path | None = None
    options: DataOptions = DataOptions()  # noqa: RUF009 - frozen
    epochs: int = 10
    image_size: tuple[int, int] | None = None
    seeds: int = 3
    weights: str = "none"

    def __post_init__(self) -> None:
        check_positive("--epochs", self.epochs, "a number of epochs, at least 1")
        check_positive("--seeds", self.seeds, "a number of splits, at least 1")


@dataclass(frozen=True)
class Leak:
    """Validation scores of one configuration under both kinds of split.

    Attributes:
        task: As it was trained.
        kept: What the grouped splits kept on one side.
        metric: The name of the score.
        grouped: One score a seed.
        random: One score a seed.
        file: Where all of it was written.
    """

    task: AnyTask
    kept: str
    metric: str
    grouped: tuple[float, ...]
    random: tuple[float, ...]
    file: Path

    @property
    def inflation(self) -> float:
        """By how much the mean score of random splits exceeds that of grouped ones."""
        return fmean(self.random) - fmean(self.grouped)


def measure_leak(
    request: LeakRequest,
    workspace: Workspace,
    steps: Steps = silent,
    device: str = "auto",
) -> Leak:
    """Train the task's first baseline under random and under grouped splits.

    A grouped split keeps groups whole, and copies that the audit found on one side; a random one
    cuts image by image. Trainings that ended before are not repeated.

    Args:
        request: What to train.
        workspace: Where trainings, caches and the result lie.
        steps: Shows the progress.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:1``.

    Raises:
        DataError: The data have errors, or nothing in them belongs together.
        AutomedError: A training failed.
    """
    workspace.ensure_writable()
    checked = _data(request, workspace, steps)
    search = SearchRequest(
        task=request.task, epochs=request.epochs, image_size=request.image_size,
        weights=request.weights,
    )  # fmt: skip
    task = search.adapt(checked.task)
    spec = _spec(task, checked, request)
    folder = workspace.root / "leaks" / f"{task.name}-{digest(spec.model_dump(mode='json'))[:12]}"
    encoder = _config(task).root.get("model.encoder")
    preflight((str(encoder),) if encoder else (), request.weights)
    build_cache(checked.dataset, task, workspace.cache, steps("Caching images"))
    tick = steps(f"Training {2 * request.seeds} models of {request.epochs} epochs")
    scores: dict[str, list[float]] = {GROUPED: [], RANDOM: []}
    whole = 2 * request.seeds * request.epochs
    for seed in range(request.seeds):
        for kind in (GROUPED, RANDOM):
            done = sum(map(len, scores.values())) * request.epochs
            split = split_of(kind, checked, task.split, seed)
            job = Job(
                spec=spec, split=split, cache=str(workspace.cache),
                folder=str(folder / f"{kind}-{seed}"), device=device,
            )  # fmt: skip
            scores[kind].append(_score(job, task, seed, partial(_tell, tick, done, whole)))
            tick(done + request.epochs, whole)
    leak = Leak(task, _kept(checked), task.guide, tuple(scores[GROUPED]), tuple(scores[RANDOM]),
                folder / "leak.json")  # fmt: skip
    write_whole(leak.file, json.dumps(_facts(leak, checked, request), indent=1) + "\n")
    return leak


def split_of(kind: str, checked: Checked, policy: SplitPolicy, seed: int) -> Split:
    """A split that keeps together what belongs together, or one that cuts image by image."""
    waived = policy.replace(waiver=policy.waiver or _CUT)
    if kind == GROUPED:
        return make_split(checked.dataset, waived, seed, checked.audit.ties)
    return make_split(_cut(checked.dataset), waived, seed)


def _cut(dataset: Dataset) -> Dataset:
    alone = tuple(sample.replace(group=None) for sample in dataset.samples)
    options = dataset.options.replace(
        no_groups=_CUT, group_csv=None, group_column=None, group_pattern=None
    )
    return replace(dataset, samples=alone, options=options, grouped_by=None)


def _data(request: LeakRequest, workspace: Workspace, steps: Steps) -> Checked:
    path, options = request.data, request.options
    if path is None:
        entry = registered(workspace, request.task)
        if entry is None:
            raise DataError(
                f"no data set is registered for task {request.task!r}",
                hint=f"automed data add {request.task} PATH{workspace.flag}, or give a folder",
            )
        path, options = Path(entry.path), entry.options
    load_task(request.task)
    checked = check_data(request.task, path, options, steps, workspace)
    checked.audit.raise_for_errors()
    if checked.dataset.grouped_by is None and not checked.audit.ties:
        raise DataError(
            f"nothing in {checked.dataset.root} is known to belong together",
            found="no groups, and no copies of one image",
            expected="groups that a random split would cut",
            hint="name them: --group-csv FILE.csv --group-column COLUMN or --group-pattern REGEX",
        )
    return checked


def _kept(checked: Checked) -> str:
    copies = f"{len(checked.audit.ties)} sets of copies" if checked.audit.ties else ""
    return " and ".join(filter(None, (checked.dataset.grouped_by, copies)))


def _config(task: AnyTask) -> Config:
    for baseline in task.baselines:
        found = task.space.complete(baseline.config)
        if found is not None:
            return found
    raise SpaceError(
        f"task {task.name!r} has no baseline to train",
        expected="a configuration of its search space",
        hint="name one in the task's baselines",
    )


def _spec(task: AnyTask, checked: Checked, request: LeakRequest) -> StudySpec:
    return StudySpec(
        name="leak", task=task, data=checked.ref, split_digest="one a training",
        budget=Budget(trials=2 * request.seeds), weights=request.weights, artifact="weights",
        version=__version__,
    )  # fmt: skip


def _tell(tick: Tick, before: int, total: int, epoch: int) -> None:
    tick(before + epoch, total)


def _score(job: Job, task: AnyTask, seed: int, told: Callable[[int], None]) -> float:
    def report(measurement: Measurement) -> Decision:
        told(measurement.epoch)
        return Decision.CONTINUE

    trial = Trial(number=0, config=_config(task), seed=derive_seed(seed, "leak"))
    outcome = retrain(trial, None, job, report)
    if isinstance(outcome, Failure):
        raise DataError(
            f"the training of split {Path(job.folder).name} failed",
            found=f"{outcome.kind}: {outcome.message.splitlines()[0]}",
            hint="a smaller --image-size needs less memory",
        )
    return outcome.metrics[task.guide]


def _facts(leak: Leak, checked: Checked, request: LeakRequest) -> dict[str, Any]:
    return {
        "automed": __version__,
        "task": leak.task.name,
        "folder": str(checked.dataset.root),
        "digest": checked.ref.digest,
        "kept_together": leak.kept,
        "config": _config(leak.task).model_dump(mode="json"),
        "epochs": request.epochs,
        "image_size": list(leak.task.image_size),
        "weights": request.weights,
        "metric": leak.metric,
        GROUPED: leak.grouped,
        RANDOM: leak.random,
        "inflation": leak.inflation,
    }
