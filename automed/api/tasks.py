"""Which tasks there are."""

from __future__ import annotations

from dataclasses import dataclass

from automed.data.register import registered
from automed.domain.errors import PluginError
from automed.domain.task import AnyTask
from automed.domain.workspace import Workspace
from automed.registry.tasks import TaskPlugin, task_plugins


@dataclass(frozen=True)
class TaskRow:
    """A task as a list shows it.

    Attributes:
        name: Of the plugin.
        origin: The package or file it comes from.
        data: The registered folder, or ``demo (synthetic)``.
        task: None where the plugin is broken.
        problem: Why it is broken.
    """

    name: str
    origin: str
    data: str
    task: AnyTask | None
    problem: str | None = None


def list_tasks(workspace: Workspace) -> list[TaskRow]:
    """Every task; a broken plugin is a row with its problem and hides no other.

    Raises:
        PluginError: Two plugins claim one name.
    """
    return [_row(plugin, workspace) for plugin in task_plugins().values()]


def _row(plugin: TaskPlugin, workspace: Workspace) -> TaskRow:
    try:
        task = plugin.load()
    except PluginError as error:
        problem = f"{error.problem}: {error.found}"
        return TaskRow(plugin.name, plugin.origin, "", None, problem)
    entry = registered(workspace, task.name)
    fallback = "demo (synthetic)" if task.demo else "none"
    return TaskRow(plugin.name, plugin.origin, entry.path if entry else fallback, task)
