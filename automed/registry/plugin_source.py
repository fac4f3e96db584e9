"""A plugin's own files, taken along to processes and machines that may not have them."""

from __future__ import annotations

import atexit
import importlib
import shutil
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from automed.domain.errors import PluginError
from automed.registry.components import declare
from automed.registry.tasks import TaskPlugin, import_file, task_plugins

MOST_BYTES = 20_000_000
"""Of a package, beyond which it must be installed where trainings run."""

_LEFT_OUT = {"__pycache__", ".git", "tests"}


@dataclass(frozen=True)
class PluginSource:
    """What it takes to import a plugin somewhere else.

    Attributes:
        origin: Of the plugin, for error messages.
        module: What is imported: a file's path, or a module's dotted name.
        is_file: Whether it is a file of a plugin folder.
        files: Content by path, relative to what goes on Python's path.
    """

    origin: str
    module: str
    is_file: bool
    files: dict[str, bytes]


def source_of(name: str) -> PluginSource | None:
    """The source of a task's plugin; None where it is gone, or automed's own.

    Raises:
        PluginError: It cannot be read, or is too large.
    """
    plugin = task_plugins().get(name)
    if plugin is None or plugin.module.startswith("automed."):
        return None
    try:
        files = _files(plugin)
    except (OSError, ImportError, ValueError) as error:
        raise PluginError(f"the plugin of task {name!r} cannot be read", found=error) from error
    return PluginSource(plugin.origin, plugin.module, plugin.is_file, files)


def install(source: PluginSource) -> None:
    """Import a plugin in this process, and make its components known.

    What is installed here, or lies here in the same words, is taken as it is; else the files that
    were taken along are written to a temporary folder, which goes with the process.

    Raises:
        PluginError: The import fails.
    """
    try:
        module = _import(source)
    except Exception as error:
        raise PluginError(
            f"the plugin {source.origin} cannot be imported where trainings run",
            found=f"{type(error).__name__}: {error}",
            hint="install what it imports on every machine that trains",
        ) from error
    declare(getattr(module, "components", ()), source.origin)


def _import(source: PluginSource) -> object:
    if source.is_file:
        here = Path(source.module)
        if not (here.is_file() and here.read_bytes() == source.files[here.name]):
            here = _written(source) / here.name
        return import_file(here)
    if find_spec(source.module.partition(".")[0]) is None:
        sys.path.insert(0, str(_written(source)))
        importlib.invalidate_caches()
    return importlib.import_module(source.module)


def _written(source: PluginSource) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="automed-plugin-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name, content in source.files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


def _files(plugin: TaskPlugin) -> dict[str, bytes]:
    if plugin.is_file:
        file = Path(plugin.module)
        beside = sorted(file.parent.glob("*.toml"))  # search spaces that it may load
        return {path.name: path.read_bytes() for path in (file, *beside)}
    top = plugin.module.partition(".")[0]
    spec = find_spec(top)
    if spec is None or spec.origin is None:
        raise ImportError(f"{top} has no source")
    origin = Path(spec.origin)
    if not spec.submodule_search_locations:
        return {origin.name: origin.read_bytes()}
    root = origin.parent
    found = [p for p in sorted(root.rglob("*")) if p.is_file() and _LEFT_OUT.isdisjoint(p.parts)]
    if sum(path.stat().st_size for path in found) > MOST_BYTES:
        raise ValueError(
            f"{root} holds more than {MOST_BYTES // 10**6} MB; install the package on every "
            "machine that trains"
        )
    return {f"{top}/{path.relative_to(root).as_posix()}": path.read_bytes() for path in found}
