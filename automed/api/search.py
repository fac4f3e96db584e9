"""A search from its settings to its front: the use case that puts everything together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from automed import __version__
from automed.api.audit_report import write_report
from automed.api.carried import carried
from automed.api.datasets import Checked, reopen, resolve_data
from automed.api.knowledge import check_source, wanted_configs, with_warm_start
from automed.api.naming import next_name
from automed.api.one_trial import one_trial
from automed.api.packing import admission_for
from automed.api.progress import Steps, silent
from automed.api.request import SearchRequest, choices_of, encoders_of
from automed.api.screened_cost import screened_cost
from automed.api.shared import (
    SEVERAL,
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
from automed.domain.study_spec import DataRef, StudySpec
from automed.domain.task import AnyTask, Baseline
from automed.domain.trial import Trial
from automed.domain.workspace import Workspace
from automed.executors.inline import run as run_inline
from automed.executors.outcome import Outcome
from automed.executors.processes import run as run_processes
from automed.models.weights import preflight
from automed.pipeline.job import Job
from automed.registry.tasks import load_task
from automed.search.samplers.registry import check_sampler, default_sampler
from automed.search.screen import check_constraints
from automed.search.seats import BegunElsewhereError
from automed.search.shared_study import SharedStudy
from automed.search.stoppers.registry import check_stopper, default_stopper
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
    task = task or request.adapt(plugin)
    sampler = request.sampler or default_sampler(task)
    check_sampler(sampler)
    stopper = request.stopper or default_stopper(sampler)
    check_stopper(stopper, request.brackets, task.training.epochs)
    check_constraints(request.constraints(), task, request.artifact)
    enqueued = wanted_configs(request.enqueue, task, sampler)
    storage = Storage.here()
    theirs = storage.find(request.name)
    if theirs is None:
        check_source(request.warm_start, workspace)
    places = places_for(workers, device)
    workspace.ensure_writable()
    name = request.name or next_name(workspace.studies, task.name, storage.names())
    folder = workspace.studies / name
    if theirs is None and (folder / "study.json").exists():
        raise StudyError(
            f"there is a study {name!r} already",
            hint=f"automed search {task.name} --resume --name {name}{workspace.flag}, "
            "or choose another --name",
        )
    spec_with = partial(
        _spec, request=request, name=name, sampler=sampler, stopper=stopper, enqueued=enqueued,
        places=places, storage=storage,
    )  # fmt: skip
    if theirs is not None:
        _refuse_early(request, theirs.spec, task, spec_with)
    checked = resolve_data(task, workspace, request.data, request.options, steps)
    if theirs is not None:
        check_same_data(theirs.spec, checked)
    task = checked.task
    split = make_split(checked.dataset, task.split, request.seed, checked.ref.ties)
    if len(split.train) < 2:
        raise SplitError(
            f"{checked.dataset.root} leaves a single sample to train on",
            found=f"{len(checked.dataset.samples)} samples",
            expected="at least 2 to train, 1 to validate and 1 to test",
            hint="add samples",
        )
    preflight(encoders_of(task.space), request.weights)
    spec = spec_with(task, checked.ref, split.digest)
    if theirs is not None:
        return _join(request, theirs, spec, checked, workspace, steps, on_rejected, places)
    prior = None
    if request.warm_start is not None:
        source = request.warm_start
        spec, prior = with_warm_start(spec, source, workspace, _cost_of(spec), steps)
    _build_caches(checked.dataset, task, workspace, steps)
    try:
        text = split.model_dump_json(indent=1)
        study = Study.create(folder, spec, _cost_of(spec), on_rejected, prior=prior, split=text)
    except BegunElsewhereError:
        theirs = storage.find(request.name)
        if theirs is None:  # its name was not asked for: another one is free
            raise
        return _join(request, theirs, spec, checked, workspace, steps, on_rejected, places)
    _write(folder / "split.json", split)
    write_report(checked, workspace, folder)
    notes = (*request.notes(plugin), *_notes(study, split), *places.notes)
    job = _job(spec, split, workspace, folder, places)
    return Search(study, job, checked, notes, places)


def _spec(
    task: AnyTask, data: DataRef, split_digest: str, *, request: SearchRequest, name: str,
    sampler: str, stopper: str, enqueued: tuple[Baseline, ...], places: Places, storage: Storage,
) -> StudySpec:  # fmt: skip
    return StudySpec(
        name=name, task=task, data=data, split_digest=split_digest, seed=request.seed,
        budget=Budget(**request.limits.given, workers=_at_once(places, storage)),
        constraints=request.constraints(),
        weights=request.weights, sampler=sampler, stopper=stopper,
        brackets=request.brackets, version=__version__, enqueued=enqueued,
        compress=request.compress, max_drop=request.max_drop, artifact=request.artifact,
        storage=storage.kind,
    )  # fmt: skip


def _refuse_early(
    request: SearchRequest, theirs: StudySpec, task: AnyTask,
    spec_with: Callable[[AnyTask, DataRef, str], StudySpec],
) -> None:  # fmt: skip
    """Refuse other settings before the data are read, as far as these do not decide them."""
    same = task.replace(classes=theirs.task.classes)
    refuse_other(theirs, spec_with(same, theirs.data, theirs.split_digest), request.warm_start)


def _join(
    request: SearchRequest, theirs: SharedStudy, mine: StudySpec, checked: Checked,
    workspace: Workspace, steps: Steps, on_rejected: Callable[[Trial], None] | None,
    places: Places,
) -> Search:  # fmt: skip
    """Search a study that another machine began with the same settings."""
    refuse_other(theirs.spec, mine, request.warm_start)
    search = _joined(theirs, mine, checked, workspace, steps, on_rejected, places)
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


def _at_once(places: Places, storage: Storage) -> int:
    return places.workers if storage.url is None else max(SEVERAL, places.workers)


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
