"""A search from its settings to its front: the use case that puts everything together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from automed.api.asked import Asked, ask
from automed.api.audit_report import write_report
from automed.api.carried import carried
from automed.api.datasets import Checked, reopen, resolve_data
from automed.api.knowledge import with_warm_start
from automed.api.one_trial import one_trial
from automed.api.packing import admission_for
from automed.api.progress import Steps, silent
from automed.api.request import SearchRequest, choices_of, encoders_of
from automed.api.screened_cost import screened_cost
from automed.api.shared import (
    Storage,
    budget_note,
    check_same_data,
    joined_split,
    local_spec,
    make_folder,
    refuse_other,
    version_note,
)
from automed.api.workers import AS_BEFORE, ONE, Places, Workers, places_for
from automed.data.cache import build_cache
from automed.data.dataset import Dataset
from automed.data.split import make_split
from automed.domain.budget import Budget, Limits
from automed.domain.compression import Compression
from automed.domain.config import Config
from automed.domain.cost import Cost
from automed.domain.errors import SplitError, StudyError
from automed.domain.observer import Observer
from automed.domain.split import Split
from automed.domain.study_spec import StudySpec
from automed.domain.task import AnyTask
from automed.domain.trial import Trial
from automed.domain.workspace import Workspace
from automed.executors.inline import run as run_inline
from automed.executors.outcome import Outcome
from automed.executors.processes import run as run_processes
from automed.models.weights import preflight
from automed.pipeline.job import Job
from automed.registry.tasks import load_task
from automed.search.seats import BegunElsewhereError
from automed.search.settings_check import check_settings
from automed.search.shared_study import SharedStudy
from automed.search.storage_url import STORAGE, required_url
from automed.search.study import Study
from automed.search.study_file import read_spec

_FEW = 5
"""Validation samples below which a user is told that the front may be chance."""


@dataclass(frozen=True)
class Search:
    """A study that is ready to run: data read, split and cached, weights at hand.

    Attributes:
        study: Proposes configs and keeps results.
        job: What every trial needs besides its config.
        checked: The data and their audit; None where a study goes on.
        notes: What a user should know before the search starts.
        places: Where trainings compute; a single worker needs none, and trains in this process.
    """

    study: Study
    job: Job
    checked: Checked | None
    notes: tuple[str, ...]
    places: Places = ONE

    def run(self, observers: Sequence[Observer] = ()) -> Outcome:
        """Run trials until the budget is spent, the space exhausted or the user interrupts.

        Raises:
            StudyError: Trial after trial fails for the same reason.
        """
        trial = carried(partial(one_trial, job=self.job), self.study.spec.task.name)
        if self.places.ray is not None:
            # Here, as Ray is an extra, and takes seconds to import.
            from automed.executors.ray_tune.executor import run as run_on_ray

            address, wish = self.places.ray, self.places.wish
            return run_on_ray(self.study, trial, observers, address=address, wish=wish)
        slots = self.places.slots
        if len(slots) == 1:
            return run_inline(self.study, trial, observers)
        admission = admission_for(slots, self.study.spec.task)
        return run_processes(self.study, trial, observers, slots=slots, admission=admission)


def start(
    request: SearchRequest,
    workspace: Workspace,
    steps: Steps = silent,
    on_rejected: Callable[[Trial], None] | None = None,
    device: str = "auto",
    task: AnyTask | None = None,
    workers: Workers = AS_BEFORE,
) -> Search:
    """Create a study.

    Args:
        request: What is asked for.
        workspace: Where studies lie.
        steps: Shows what takes long.
        on_rejected: Called with each trial that the screen rejected.
        device: As in `Job`.
        task: The request's task as it is to be searched, where not even the request can say it.
        workers: How many trainings at a time.

    Raises:
        AutomedError: A setting is invalid, the data cannot be used, weights are missing, no
            config can meet the constraints, or a study of that name exists.
    """
    plugin = load_task(request.task)
    asked = ask(request, workspace, device, task or request.adapt(plugin), workers)
    asked.refuse_other_settings()
    checked = resolve_data(asked.task, workspace, request.data, request.options, steps)
    if asked.theirs is not None:
        check_same_data(asked.theirs.spec, checked)
    split = _split(checked, request.seed)
    preflight(encoders_of(checked.task.space), request.weights)
    spec = asked.spec(checked.task, checked.ref, split.digest)
    if asked.theirs is not None:
        return _join(asked, asked.theirs, spec, checked, workspace, steps, on_rejected)
    prior = None
    if request.warm_start is not None:
        source = request.warm_start
        spec, prior = with_warm_start(spec, source, workspace, _cost_of(spec), steps)
    pricing = steps("Looking for a config within the limits")
    check_settings(spec, _cost_of(spec), lambda priced: pricing(priced, 0))
    _build_caches(checked.dataset, checked.task, workspace, steps)
    folder, text = asked.folder, split.model_dump_json(indent=1)
    try:
        study = Study.create(folder, spec, _cost_of(spec), on_rejected, prior=prior, split=text)
    except BegunElsewhereError:
        theirs = asked.storage.find(request.name)
        if theirs is None:  # its name was not asked for: another one is free
            raise
        return _join(asked, theirs, spec, checked, workspace, steps, on_rejected)
    _write(folder / "split.json", split)
    write_report(checked, workspace, folder)
    notes = (*request.notes(plugin), *_notes(study, split), *asked.places.notes)
    job = _job(spec, split, workspace, folder, asked.places)
    return Search(study, job, checked, notes, asked.places)


def _split(checked: Checked, seed: int) -> Split:
    dataset = checked.dataset
    split = make_split(dataset, checked.task.split, seed, checked.ref.ties)
    if len(split.train) < 2:
        raise SplitError(
            f"{dataset.root} leaves a single sample to train on",
            found=f"{len(dataset.samples)} samples",
            expected="at least 2 to train, 1 to validate and 1 to test",
            hint="add samples",
        )
    return split


def _join(
    asked: Asked, theirs: SharedStudy, mine: StudySpec, checked: Checked, workspace: Workspace,
    steps: Steps, on_rejected: Callable[[Trial], None] | None,
) -> Search:  # fmt: skip
    """Search a study that another machine began with the same settings."""
    request = asked.request
    refuse_other(theirs.spec, mine, request.warm_start)
    search = _joined(theirs, mine, checked, workspace, steps, on_rejected, asked.places)
    told = (*budget_note(request.asked, theirs.spec), *version_note(theirs.spec))
    return replace(search, notes=(*told, *search.notes))


def _joined(
    theirs: SharedStudy, mine: StudySpec, checked: Checked, workspace: Workspace, steps: Steps,
    on_rejected: Callable[[Trial], None] | None, places: Places,
) -> Search:  # fmt: skip
    check_same_data(theirs.spec, checked)
    split = joined_split(theirs, checked)
    spec = local_spec(theirs.spec, mine)
    preflight(encoders_of(spec.task.space), spec.weights)
    _build_caches(checked.dataset, spec.task, workspace, steps)
    folder = workspace.studies / spec.name
    make_folder(folder, theirs, spec)
    study = Study.open(folder, _cost_of(spec), on_rejected)
    _write(folder / "split.json", split)
    write_report(checked, workspace, folder)
    notes = (*_notes(study, split), *places.notes)
    return Search(study, _job(study.spec, split, workspace, folder, places), checked, notes, places)


def resume(
    name: str,
    workspace: Workspace,
    steps: Steps = silent,
    on_rejected: Callable[[Trial], None] | None = None,
    limits: Limits | None = None,
    device: str = "auto",
    compress: tuple[Compression, ...] = (),
    workers: Workers = AS_BEFORE,
) -> Search:
    """Open a study that was interrupted, gets a larger budget or more children.

    Args:
        name: Of the study.
        workspace: Where it lies.
        steps: Shows what takes long.
        on_rejected: Called with each trial that the screen rejected.
        limits: Replace the study's limits of their kind, for good.
        device: As in `Job`.
        compress: Is added to what each trained model is compressed with.
        workers: How many trainings at a time, from now on.

    Raises:
        StudyError: There is no such study, it is running, or was not made for what is asked.
        DataError: The data changed since the study began.
    """
    workspace.ensure_writable()
    folder = workspace.studies / name
    theirs = _theirs(name, folder)
    spec = read_spec(folder) if theirs is None else theirs.spec
    places = places_for(workers, device, spec.budget.workers if theirs is None else 1)
    if theirs is not None and not (folder / "study.json").exists():
        checked = resolve_data(spec.task, workspace, None, spec.data.options, steps)
        mine = spec.replace(data=checked.ref)
        _joined(theirs, mine, checked, workspace, steps, None, places).study.close()
    spec = read_spec(folder)
    if compress and spec.artifact != "onnx":
        raise StudyError(
            f"study {name!r} scores its models in PyTorch, and compressed ones are files",
            found="--artifact weights",
            hint="search anew with --artifact onnx, the default",
        )
    task = spec.task
    dataset = reopen(task, spec.data)
    split = make_split(dataset, task.split, spec.seed, spec.data.ties)
    if split.digest != spec.split_digest:
        raise StudyError(
            f"study {name!r} was split in another way by automed {spec.version}",
            found=split.digest[:12], expected=spec.split_digest[:12],
            hint=f"go on with automed {spec.version}, or start a new study",
        )  # fmt: skip
    preflight(encoders_of(task.space), spec.weights)
    _build_caches(dataset, task, workspace, steps)
    budget = _changed_budget(theirs, spec, limits or Limits(), places)
    study = Study.open(folder, _cost_of(spec), on_rejected, budget, compress)
    _write(folder / "split.json", split)
    job = _job(study.spec, split, workspace, folder, places)
    return Search(study, job, None, (*_notes(study, split), *places.notes), places)


def _theirs(name: str, folder: Path) -> SharedStudy | None:
    """A study as the storage has it; None: it is one of this machine alone.

    Raises:
        StudyError: It is kept in a storage, and is not there, or that cannot be used.
    """
    if not (folder / "study.json").exists():
        return Storage.here().find(name)
    spec = read_spec(folder)
    if spec.storage == "folder":
        return None
    found = Storage(required_url(spec.name)).find(spec.name)
    if found is None:
        raise StudyError(
            f"there is no study {spec.name!r} in the storage, although {folder} is of one",
            hint=f"check {STORAGE}: is it the storage that the search had?",
        )
    return found


def _changed_budget(
    theirs: SharedStudy | None, spec: StudySpec, limits: Limits, places: Places
) -> Budget | None:
    """What is to replace a study's budget; None: nothing."""
    if theirs is None:
        changed: Budget = spec.budget.with_limits(limits).replace(workers=places.workers)
        return changed
    return theirs.spec.budget.with_limits(limits) if limits.given else None


def _cost_of(spec: StudySpec) -> Callable[[Config], Cost]:
    return partial(screened_cost, task=spec.task, artifact=spec.artifact)


def _build_caches(dataset: Dataset, task: AnyTask, workspace: Workspace, steps: Steps) -> None:
    height, width = task.image_size
    for preprocess in choices_of(task.space, "data.preprocess", task.preprocess):
        for window in choices_of(task.space, "data.window", task.window):
            how = str(preprocess) if window == task.window else f"{preprocess}, window {window}"
            build_cache(
                dataset, task.replace(preprocess=preprocess, window=window), workspace.cache,
                steps(f"Caching images at {height}x{width} ({how})"),
            )  # fmt: skip


def _job(spec: StudySpec, split: Split, workspace: Workspace, folder: Path, places: Places) -> Job:
    return Job(
        spec=spec, split=split, cache=str(workspace.cache), folder=str(folder),
        device=places.device,
    )  # fmt: skip


def _notes(study: Study, split: Split) -> tuple[str, ...]:
    notes = list(study.notes)
    if len(split.val) < _FEW:
        notes.append(
            f"only {len(split.val)} validation samples: differences on the front may be chance"
        )
    if split.note:
        notes.append(f"split one by one: {split.note}")
    return tuple(notes)


def _write(path: Path, split: Split) -> None:
    path.write_text(split.model_dump_json(indent=1), encoding="utf-8")
