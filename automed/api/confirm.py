"""A confirmation from its settings to its report: are the points of a front what they seem?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from automed.analysis.resampled_test import FEWEST
from automed.api.confirm_files import CONFIRM, is_going_on, read_looks
from automed.api.confirm_scores import groups_of
from automed.api.confirm_trials import chosen
from automed.api.confirming import Confirming, Retraining
from automed.api.datasets import reopen
from automed.api.front import show_front
from automed.api.progress import Steps, silent
from automed.data.cache import build_cache
from automed.data.dataset import Dataset
from automed.data.repartition import repartitions
from automed.domain.applied import applied
from automed.domain.compression import dense
from automed.domain.errors import AutomedError, StudyError
from automed.domain.split import Split
from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial
from automed.domain.workspace import Workspace
from automed.models.weights import preflight
from automed.pipeline.job import Job
from automed.pipeline.retrain import retraining_job
from automed.search.lock import StudyLock
from automed.training.device import resolve_device

PARTITIONS = 8
"""As many as the papers."""
_FEW = 10
"""Images or groups in the test part below which a user is told that its intervals are rough."""


@dataclass(frozen=True)
class ConfirmRequest:
    """What a user asks of a confirmation.

    Attributes:
        study: Its name.
        trials: Numbers of the trials to confirm; empty: those of the front.
        partitions: On how many each is trained anew.
        device: As in `Job`.
    """

    study: str
    trials: tuple[int, ...] = ()
    partitions: int = PARTITIONS
    device: str = "auto"

    def __post_init__(self) -> None:
        if self.partitions < FEWEST:
            raise AutomedError(
                "--partitions is too small: how much a model varies cannot be told",
                found=self.partitions, expected=f"at least {FEWEST}; the papers took {PARTITIONS}",
            )  # fmt: skip


def prepare(request: ConfirmRequest, workspace: Workspace, steps: Steps = silent) -> Confirming:
    """Open a study to confirm some of its points.

    Args:
        request: What is asked for.
        workspace: Where the study lies.
        steps: Shows what takes long.

    Raises:
        StudyError: There is no such study, it is running, it has no such complete trials, or its
            split cannot be read.
        DataError: The data changed since the study began, or cannot be partitioned so often.
        WeightsError: Pretrained weights are missing.
    """
    shown = show_front(request.study, workspace)
    spec, folder = shown.spec, workspace.studies / request.study
    if spec.task.guide in spec.task.metrics:
        raise StudyError(
            "confirm cannot resample a plugin's own metric over groups",
            found=f"the guide metric {spec.task.guide}",
            expected="a task whose first objective is one of automed's metrics",
        )
    if shown.running and spec.storage == "postgres":  # of one in a folder, the lock tells
        raise StudyError(
            f"study {request.study!r} is being searched, by another machine perhaps",
            expected="a search that has ended: what is confirmed must not change meanwhile",
            hint=f"automed trials {request.study} shows how far it is; confirm it afterwards",
        )
    trials = chosen(shown, request.trials)
    resolve_device(request.device)
    workspace.ensure_writable()
    with StudyLock(folder).kept_on_success() as lock:
        dataset = reopen(spec.task, spec.data)
        split = _split_of(spec, folder)
        by_number = {trial.number: trial for trial in shown.trials}
        preflight(tuple(_encoders(trials)), spec.weights)
        _build_caches(trials, spec, dataset, workspace, steps)
        tick = steps("Drawing partitions")
        splits = repartitions(dataset, split, spec.task.split, request.partitions, spec.data.ties)
        tick(1, 1)
        job = Job(
            spec=spec, split=split, cache=str(workspace.cache), folder=str(folder),
            device=request.device,
        )  # fmt: skip
        jobs = [
            retraining_job(job, other, folder / CONFIRM / "partitions" / other.digest[:12])
            for other in splits
        ]
        plan = tuple(
            Retraining(trial, _parent(trial, by_number), number, one)
            for number, one in enumerate(jobs, start=1)
            for trial in trials
        )
        notes = _notes(plan, dataset, split, folder)
        return Confirming(spec, folder, plan, dataset, split, notes, lock)


def _split_of(spec: StudySpec, folder: Path) -> Split:
    file = folder / "split.json"
    try:
        split = Split.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise StudyError(
            f"{file} cannot be read: which samples the search did not see is not known",
            found=str(error).splitlines()[0],
            hint=f"automed search {spec.task.name} --resume --name {spec.name} writes it anew",
        ) from error
    if split.digest != spec.split_digest:
        raise StudyError(
            f"{file} is not the split that study {spec.name!r} began with",
            found=split.digest[:12], expected=spec.split_digest[:12],
            hint=f"automed search {spec.task.name} --resume --name {spec.name} writes it anew",
        )  # fmt: skip
    return split


def _encoders(trials: Sequence[Trial]) -> dict[str, None]:
    named = (str(trial.config.get("model.encoder", "")) for trial in trials)
    return dict.fromkeys(name for name in named if name)


def _build_caches(
    trials: Sequence[Trial], spec: StudySpec, dataset: Dataset, workspace: Workspace, steps: Steps
) -> None:
    for task in dict.fromkeys(applied(spec.task, dense(trial.config)) for trial in trials):
        height, width = task.image_size
        title = f"Caching images at {height}x{width} ({task.preprocess})"
        build_cache(dataset, task, workspace.cache, steps(title))


def _parent(trial: Trial, by_number: dict[int, Trial]) -> Trial | None:
    return None if trial.parent is None else by_number[trial.parent]


def _notes(
    plan: Sequence[Retraining], dataset: Dataset, split: Split, folder: Path
) -> tuple[str, ...]:
    notes = []
    looks = read_looks(folder)
    numbers = tuple(dict.fromkeys(retraining.trial.number for retraining in plan))
    again = looks and not is_going_on(looks, numbers, max(r.partition for r in plan))
    if again and not all(retraining.is_scored for retraining in plan):
        last, times = looks[-1], "once" if len(looks) == 1 else f"{len(looks)} times"
        notes.append(
            f"the test part is no longer untouched: used {times}, last on {last.when[:10]} for "
            f"{', '.join(map(str, last.trials))}. This use is counted, too. What is chosen by its "
            "figures looks better there than it is"
        )
    units = len(split.test)
    if split.grouped_by is not None:
        units = int(groups_of(dataset, split).max()) + 1
    if units < _FEW:
        kind = "images" if split.grouped_by is None else "groups"
        notes.append(f"only {units} {kind} in the test part: its intervals are rough")
    return tuple(notes)
