"""What a new study is to be, as far as that is known before its data are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from automed import __version__
from automed.api.knowledge import check_source, wanted_configs
from automed.api.naming import next_name
from automed.api.request import SearchRequest
from automed.api.shared import SEVERAL, Storage, refuse_other
from automed.api.workers import Places, Workers, places_for
from automed.domain.budget import Budget
from automed.domain.errors import StudyError
from automed.domain.study_spec import DataRef, StudySpec
from automed.domain.task import AnyTask, Baseline
from automed.domain.workspace import Workspace
from automed.search.samplers.registry import check_sampler, default_sampler
from automed.search.screen import check_constraints
from automed.search.shared_study import SharedStudy
from automed.search.stoppers.registry import check_stopper, default_stopper


@dataclass(frozen=True)
class Asked:
    """A request whose settings are valid, and can be met here.

    Attributes:
        request: As it was given.
        task: As it is to be searched; its classes may still be left to the data.
        sampler: Proposes configs.
        stopper: Ends trainings early.
        enqueued: Configs of the user's own.
        storage: Where the study is to be kept.
        theirs: The study, where another machine began it.
        places: Where trainings compute.
        name: Of the study.
        folder: Of the study, on this machine.
    """

    request: SearchRequest
    task: AnyTask
    sampler: str
    stopper: str
    enqueued: tuple[Baseline, ...]
    storage: Storage
    theirs: SharedStudy | None
    places: Places
    name: str
    folder: Path

    def spec(self, task: AnyTask, data: DataRef, split_digest: str) -> StudySpec:
        """The study's settings.

        Args:
            task: With the classes of the data.
            data: What is trained on.
            split_digest: Of how they are split.
        """
        request = self.request
        at_once = self.places.workers
        if self.storage.url is not None:
            at_once = max(SEVERAL, at_once)
        return StudySpec(
            name=self.name, task=task, data=data, split_digest=split_digest, seed=request.seed,
            budget=Budget(**request.limits.given, workers=at_once),
            constraints=request.constraints(),
            weights=request.weights, sampler=self.sampler, stopper=self.stopper,
            brackets=request.brackets, version=__version__, enqueued=self.enqueued,
            compress=request.compress, max_drop=request.max_drop, artifact=request.artifact,
            storage=self.storage.kind,
        )  # fmt: skip

    def refuse_other_settings(self) -> None:
        """Raise where a study that another machine began has other settings.

        Reading the data takes a while, and settles little of these: the classes alone.

        Raises:
            StudyError: Something differs; the message says what.
        """
        if self.theirs is None:
            return
        theirs = self.theirs.spec
        same = self.task.replace(classes=theirs.task.classes)
        mine = self.spec(same, theirs.data, theirs.split_digest)
        refuse_other(theirs, mine, self.request.warm_start)


def ask(
    request: SearchRequest, workspace: Workspace, device: str, task: AnyTask, workers: Workers
) -> Asked:
    """Check what is asked for, without a look at the data.

    Args:
        request: What is asked for.
        workspace: Where studies lie.
        device: As in `Job`.
        task: As it is to be searched.
        workers: How many trainings at a time.

    Raises:
        AutomedError: A setting is invalid, no config can meet the constraints, or a study of
            that name exists.
    """
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
    return Asked(
        request, task, sampler, stopper, enqueued, storage, theirs, places, name, folder
    )  # fmt: skip
