"""Images that two data sets hold: one must not be trained on if the other is to test it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from automed.api.datasets import Checked, check_data
from automed.api.progress import Steps, silent
from automed.data.audit_against import in_both
from automed.data.audit_cache import AuditCache
from automed.data.finding import Finding
from automed.data.register import registered
from automed.domain.data_options import DataOptions
from automed.domain.errors import DataError
from automed.domain.workspace import Workspace
from automed.registry.tasks import task_plugins


def against_others(
    checked: Checked, others: Sequence[Path], workspace: Workspace, steps: Steps = silent
) -> Checked:
    """Add a warning for each other data set that holds some of the images, too.

    Args:
        checked: The data set.
        others: Folders, or names of tasks whose registered data are meant.
        workspace: Knows what is registered.
        steps: Shows what takes long.

    Raises:
        DataError: One of them cannot be opened, or nothing is registered for the task.
    """
    found: list[Finding] = []
    for other in others:
        task, path, options = _meant(other, checked, workspace)
        second = check_data(task, path, options, steps, workspace)
        cache = AuditCache(workspace.cache / "audit.sqlite")
        finding = in_both(
            (checked.dataset, checked.task), (second.dataset, second.task), cache,
            steps(f"Comparing with {path.name}"),
        )  # fmt: skip
        found += [finding] if finding is not None else []
    audit = replace(checked.audit, warnings=(*found, *checked.audit.warnings))
    return Checked(checked.task, checked.dataset, audit, checked.name)


def _meant(other: Path, checked: Checked, workspace: Workspace) -> tuple[str, Path, DataOptions]:
    if other.exists():
        return checked.task.name, other, DataOptions()
    if str(other) not in task_plugins():
        raise DataError(
            f"--against {other}: there is no such folder, and no such task",
            expected="a folder, or one of " + ", ".join(task_plugins()),
        )
    entry = registered(workspace, str(other))
    if entry is None:
        raise DataError(
            f"--against {other}: no data set is registered for this task",
            hint=f"automed data add {other} PATH{workspace.flag}, or give the folder itself",
        )
    return entry.task, Path(entry.path), entry.options
