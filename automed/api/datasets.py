"""Which data a task uses: given, registered, or the synthetic demo data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from automed.api.progress import Steps, silent
from automed.api.registered_options import merged
from automed.data.audit import Audit, audit
from automed.data.audit_cache import AuditCache
from automed.data.dataset import Dataset, open_dataset
from automed.data.demo import make_demo
from automed.data.register import Registered, all_registered, register, registered
from automed.domain.data_options import DataOptions
from automed.domain.errors import DataError
from automed.domain.study_spec import DataRef
from automed.domain.task import AnyTask
from automed.domain.workspace import Workspace
from automed.registry.tasks import load_task


@dataclass(frozen=True)
class Checked:
    """A data set that was opened and audited.

    Attributes:
        task: The task, its classes filled in from the data.
        dataset: The samples.
        audit: What was found in them.
        name: ``demo``, or the folder's name.
    """

    task: AnyTask
    dataset: Dataset
    audit: Audit
    name: str

    @cached_property
    def ref(self) -> DataRef:
        """What the study remembers of the data.

        Raises:
            DataError: A file cannot be read.
        """
        dataset = self.dataset
        return DataRef(
            name=self.name, path=str(dataset.root), digest=dataset.digest,
            options=dataset.options, ties=self.audit.ties,
        )  # fmt: skip


def check_data(
    task_name: str,
    path: Path,
    options: DataOptions | None = None,
    steps: Steps = silent,
    workspace: Workspace | None = None,
) -> Checked:
    """Open and audit a folder for a task, without registering it.

    Args:
        task_name: What the data are for.
        path: The folder.
        options: How to read it.
        steps: Shows what takes long.
        workspace: Remembers what was seen, so that a second check is quick; None: nobody does.

    Raises:
        PluginError: There is no such task.
        DataError: The folder cannot be read as the task needs it. Findings within the files do
            not raise: they are in the audit.
    """
    return _check(load_task(task_name), path, path.name, options or DataOptions(), steps, workspace)


def add_data(
    task_name: str,
    path: Path,
    workspace: Workspace,
    options: DataOptions | None = None,
    steps: Steps = silent,
) -> Checked:
    """Check a folder and register it for a task.

    Raises:
        DataError: The folder has errors; nothing is registered then.
    """
    workspace.ensure_writable()
    checked = check_data(task_name, path, options, steps, workspace)
    checked.audit.raise_for_errors()
    ref = checked.ref
    register(
        workspace,
        Registered(
            task=task_name, path=ref.path, options=ref.options, digest=ref.digest,
            samples=len(checked.dataset.samples),
        ),
    )  # fmt: skip
    return checked


def registered_data(workspace: Workspace) -> list[Registered]:
    """Every registered data set, by task."""
    return list(all_registered(workspace))


def resolve_data(
    task: AnyTask,
    workspace: Workspace,
    path: Path | None,
    options: DataOptions,
    steps: Steps = silent,
) -> Checked:
    """The data of a new study: the given path, else the registered one, else demo data.

    Raises:
        DataError: The data have errors, or there is neither a registered set nor a demo.
    """
    name = None
    if path is None:
        entry = registered(workspace, task.name)
        if entry is not None:
            path, options = Path(entry.path), merged(entry.options, options)
        elif task.demo is None:
            raise DataError(
                f"no data set is registered for task {task.name!r}, and it has no demo data",
                hint=f"automed data add {task.name} PATH, or pass --data PATH",
            )
        else:
            path = make_demo(task.demo, workspace.demo / task.demo, steps("Drawing demo data"))
            name = "demo"
    checked = _check(task, path, name or path.name, options, steps, workspace)
    checked.audit.raise_for_errors()
    return checked


def reopen(task: AnyTask, ref: DataRef) -> Dataset:
    """The data of a study that goes on.

    Raises:
        DataError: The folder changed since the study began.
    """
    dataset = open_dataset(Path(ref.path), task, ref.options)
    if dataset.digest != ref.digest:
        raise DataError(
            f"the data in {ref.path} changed since the study began",
            found=f"digest {dataset.digest[:12]}, {len(dataset.samples)} samples",
            expected=f"digest {ref.digest[:12]}",
            hint="trials on different data cannot share a front: start a new study",
        )
    return dataset


def _check(
    task: AnyTask,
    path: Path,
    name: str,
    options: DataOptions,
    steps: Steps,
    workspace: Workspace | None,
) -> Checked:
    dataset = open_dataset(path, task, options)
    _same_classes(task, dataset)
    filled: AnyTask = task.replace(classes=dataset.classes)
    cache = None if workspace is None else AuditCache(workspace.cache / "audit.sqlite")
    looking = steps(f"Checking {len(dataset.samples)} samples")
    found = audit(dataset, filled, looking, steps("Comparing images"), cache)
    return Checked(filled, found.dataset, found, name)


def _same_classes(task: AnyTask, dataset: Dataset) -> None:
    if task.classes and set(task.classes) != set(dataset.classes):
        raise DataError(
            f"{dataset.root} holds other classes than task {task.name!r} learns",
            found=", ".join(dataset.classes),
            expected=", ".join(task.classes),
            hint="rename the folders, or register the data as a task of their own",
        )
