"""Writing a plugin file where it will be found."""

from __future__ import annotations

import keyword
import os
import re
import shlex
from pathlib import Path

from automed.api.plugin_proposal import Proposal
from automed.api.plugin_text import plugin_text
from automed.domain.errors import PluginError
from automed.registry.tasks import FOLDERS, TaskPlugin, plugin_folders, task_plugins

FOLDER = "plugins"
"""Where plugins lie that are no package's, relative to the working directory."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def place_for(name: str, output: Path | None, *, force: bool) -> Path:
    """The absolute path of the file that a new plugin will be.

    Args:
        name: Of the task.
        output: What the user wants; None: a file in the plugin folder.
        force: Whether a plugin that is there already may be replaced.

    Raises:
        PluginError: The name cannot be one, is taken, or the file is there already or would not be
            found.
    """
    _check_name(name)
    file = (output or _folder() / f"{name}.py").expanduser().absolute()
    if file.name != f"{name}.py":
        raise PluginError(
            "a plugin's file is named after its task",
            found=str(file), expected=f"{name}.py",
            hint=f"--output {shlex.quote(str(file.with_name(f'{name}.py')))}",
        )  # fmt: skip
    if (file.parent / "__init__.py").exists():
        raise PluginError(
            f"plugins are not looked for in {file.parent}, which is part of a Python package",
            found="__init__.py",
            hint=f"write it elsewhere: --output my_plugins/{name}.py",
        )
    if file.exists() and not force:
        raise PluginError(
            f"{file} is there already",
            hint=f"automed plugin show {name}; or overwrite it with --force",
        )
    other = task_plugins().get(name)
    if other is not None and other.origin != str(file):
        raise PluginError(
            f"there is a task {name!r} already",
            found=other.origin,
            hint="choose another name; automed plugin list shows those that are taken",
        )
    return file


def write_plugin(proposal: Proposal, file: Path, command: str) -> bool:
    """Write the file; see `plugin_text`.

    Returns:
        Whether its folder is one that plugins are looked for in; if not, it is so from now on, in
        this process.

    Raises:
        PluginError: The file cannot be written, or not be loaded; what was there stays then.
    """
    text = plugin_text(proposal, command, file.parent)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        before = file.read_bytes() if file.exists() else None
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise PluginError(f"{file} cannot be written", found=error.strerror or str(error)) from None
    try:
        TaskPlugin(proposal.name, str(file), str(file), is_file=True).load()
    except PluginError:
        if before is None:
            file.unlink()
        else:
            file.write_bytes(before)
        raise
    known = plugin_folders()
    if file.parent in known:
        return True
    os.environ[FOLDERS] = os.pathsep.join(map(str, [*known, file.parent]))
    return False


def _folder() -> Path:
    """The folder that plugins are looked for in: the first named, or that of the directory."""
    given = plugin_folders() if os.environ.get(FOLDERS) else []
    return given[0] if given else Path(FOLDER)


def _check_name(name: str) -> None:
    if _NAME.fullmatch(name) and not keyword.iskeyword(name):
        return
    better = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    usable = _NAME.fullmatch(better) and not keyword.iskeyword(better)
    raise PluginError(
        f"{name!r} cannot be a task's name",
        expected="lower-case letters, digits and _, with a letter first; no word of Python's own",
        hint=f"try {better if usable else f'task_{better}'}",
    )
