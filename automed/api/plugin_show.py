"""What a plugin declares."""

from __future__ import annotations

from dataclasses import dataclass

from automed.data.register import Registered, registered
from automed.domain.component import Component
from automed.domain.task import AnyTask
from automed.domain.workspace import Workspace
from automed.registry.components import declared_by
from automed.registry.tasks import load_task, task_plugins


@dataclass(frozen=True)
class PluginShown:
    """A plugin that was loaded.

    Attributes:
        task: What it yields.
        origin: The package with its version, or the file.
        data: The folder that is registered for it; None: none.
        components: What it brings of its own, by kind and name.
    """

    task: AnyTask
    origin: str
    data: Registered | None
    components: tuple[Component, ...] = ()


def show_plugin(name: str, workspace: Workspace) -> PluginShown:
    """Load a plugin.

    Raises:
        PluginError: It is unknown or broken.
        WorkspaceError: The register of data sets is damaged.
    """
    task = load_task(name)
    origin = task_plugins()[name].origin
    return PluginShown(task, origin, registered(workspace, name), declared_by(origin))
