"""Task plugins: found through entry points and plugin folders, loaded on request."""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from operator import attrgetter
from pathlib import Path
from types import ModuleType

from automed.domain.errors import PluginError
from automed.domain.suggestion import suggestion
from automed.domain.task import ClassificationTask, SegmentationTask
from automed.registry.components import declare, when_needed

GROUP = "automed.tasks"
"""Entry-point group that packages register their tasks in."""

FOLDERS = "AUTOMED_PLUGINS"
"""Environment variable with plugin folders, separated as in PATH; default: ./plugins."""


@dataclass(frozen=True)
class TaskPlugin:
    """A task that can be loaded, and where it comes from.

    Attributes:
        name: What ``automed search NAME`` takes.
        origin: The package with its version, or the file.
        module: Dotted name of the module, or path of the file.
        is_file: Whether it is a file of a plugin folder.
        attribute: What the module calls the task.
    """

    name: str
    origin: str
    module: str
    is_file: bool = False
    attribute: str = "task"

    def load(self) -> SegmentationTask | ClassificationTask:
        """Import the plugin.

        Raises:
            PluginError: The import fails, or what it yields is no task of that name.
        """
        try:
            module = import_file(Path(self.module)) if self.is_file else import_module(self.module)
            task = attrgetter(self.attribute)(module)
            declare(getattr(module, "components", ()), self.origin)
        except PluginError:
            raise
        except Exception as error:
            raise PluginError(
                f"the plugin of task {self.name!r} ({self.origin}) is broken",
                found=f"{type(error).__name__}: {error}",
                expected="a module that imports, with a `task` in it",
            ) from error
        if not isinstance(task, SegmentationTask | ClassificationTask):
            raise PluginError(
                f"the plugin of task {self.name!r} ({self.origin}) yields no task",
                found=type(task).__name__,
                expected="a SegmentationTask or ClassificationTask named `task`",
            )
        if task.name != self.name:
            raise PluginError(
                f"the plugin {self.name!r} ({self.origin}) holds a task of another name",
                found=repr(task.name),
                expected=repr(self.name),
                hint="give the task the name of its file or entry point",
            )
        if unreachable := task.unreachable_baselines():
            raise PluginError(
                f"the plugin {self.name!r} ({self.origin}) has baselines outside its search space",
                found=", ".join(unreachable),
                expected=f"every active parameter of space {task.space.name!r}, inside its domain",
            )
        return task


def task_plugins() -> dict[str, TaskPlugin]:
    """Every task that can be loaded, by name. Imports none of them.

    Raises:
        PluginError: Two plugins claim one name.
    """
    found: dict[str, TaskPlugin] = {}
    for entry in entry_points(group=GROUP):
        origin = _distribution(entry)
        _add(found, TaskPlugin(entry.name, origin, entry.module, attribute=entry.attr))
    for folder in plugin_folders():
        for file in sorted(folder.glob("[!_.]*.py")):
            _add(found, TaskPlugin(file.stem, str(file), str(file), is_file=True))
    return dict(sorted(found.items()))


def load_task(name: str) -> SegmentationTask | ClassificationTask:
    """The task of that name.

    Raises:
        PluginError: Unknown, claimed twice, or broken.
    """
    plugins = task_plugins()
    if name not in plugins:
        raise PluginError(
            f"there is no task {name!r}{suggestion(name, plugins)}",
            expected=f"one of {', '.join(plugins)}",
            hint="list them with: automed tasks; plugins of your own are looked for in ./plugins "
            f"and in the folders of {FOLDERS}",
        )
    return plugins[name].load()


def _add(found: dict[str, TaskPlugin], plugin: TaskPlugin) -> None:
    other = found.get(plugin.name)
    if other is not None:
        raise PluginError(
            f"two plugins claim the task name {plugin.name!r}",
            found=f"{other.origin} and {plugin.origin}",
            hint=f"rename or remove one of them, or point {FOLDERS} elsewhere",
        )
    found[plugin.name] = plugin


def _distribution(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value


def plugin_folders() -> list[Path]:
    """The folders in which each file is a plugin.

    Raises:
        PluginError: The environment names one that does not exist.
    """
    given = os.environ.get(FOLDERS)
    if given is None:
        default = Path("plugins").absolute()
        # With an __init__.py it is part of a package, such as automed's own in a clone.
        flat = default.is_dir() and not (default / "__init__.py").exists()
        return [default] if flat else []
    folders = [Path(part).absolute() for part in given.split(os.pathsep) if part]
    for folder in folders:
        if not folder.is_dir():
            raise PluginError(f"{FOLDERS} names a folder that does not exist", found=str(folder))
    return folders


def import_file(file: Path) -> ModuleType:
    """Import a file of a plugin folder, anew each time.

    Raises:
        ImportError: It cannot be imported.
        AttributeError: It defines no task.
        Exception: What the file itself raises.
    """
    name = f"automed_plugin_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    if not hasattr(module, "task"):
        raise AttributeError(f"{file} defines no `task`")
    return module


def expect_plugin(name: str) -> None:
    """Let a study's plugin be loaded if its components are needed; it may be gone by now."""

    def load() -> None:
        plugin = task_plugins().get(name)
        if plugin is not None:
            plugin.load()

    when_needed(load)
