"""How a registered folder is read: as it was registered, where no flag says otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from automed.data.register import registered
from automed.domain.data_options import DataOptions
from automed.domain.workspace import Workspace

_GROUPS = ("group_pattern", "group_csv", "group_column", "no_groups")
"""Of these the last word replaces all others: a pattern does not add to a table."""


@dataclass(frozen=True)
class Remembered:
    """How a folder is to be read.

    Attributes:
        options: Those of the flags and of the register.
        notes: What was taken from the register, and what is dropped.
    """

    options: DataOptions
    notes: tuple[str, ...] = ()


def as_registered(
    task: str, path: Path, said: DataOptions, workspace: Workspace, *, fresh: bool = False
) -> Remembered:
    """The options of the flags, over those that the folder was registered with for the task.

    Args:
        task: Name of the task.
        path: The folder.
        said: What the flags say.
        workspace: Knows what is registered.
        fresh: Whether what is registered does not count; it is named all the same.

    Raises:
        WorkspaceError: The register is damaged.
    """
    entry = registered(workspace, task)
    if entry is None or Path(entry.path).resolve() != path.expanduser().resolve():
        return Remembered(said)
    # Whose errors were waived is looked for again: files may have been mended.
    known: DataOptions = entry.options.replace(left_out=())
    options = said if fresh else merged(known, said)
    kept = _both(known, options)
    dropped = _beyond(known, options)
    notes = [f"read as it was registered:{kept.flags}; --fresh forgets it"] if kept.flags else []
    notes = [] if fresh else notes
    notes += [f"dropped, of what was registered:{dropped.flags}"] if dropped.flags else []
    return Remembered(options, tuple(notes))


def replaced(task: str, path: Path, workspace: Workspace) -> str | None:
    """What a registration of another folder for a task would replace, in words.

    Raises:
        WorkspaceError: The register is damaged.
    """
    entry = registered(workspace, task)
    if entry is None or Path(entry.path).resolve() == path.expanduser().resolve():
        return None
    return f"{entry.path}{entry.options.flags}"


def merged(base: DataOptions, over: DataOptions) -> DataOptions:
    """Options with what others say in their place; codes that are allowed add up.

    Args:
        base: Of the register.
        over: Of flags: the fields that were set.
    """
    said = {name: getattr(over, name) for name in over.model_fields_set if getattr(over, name)}
    source = said.keys() & {"group_pattern", "group_csv", "no_groups"}
    changes = {**dict.fromkeys(_GROUPS if source else ()), **said}
    changes["allow"] = tuple(dict.fromkeys((*base.allow, *over.allow)))
    options: DataOptions = base.replace(**changes)
    return options


def _both(one: DataOptions, other: DataOptions) -> DataOptions:
    """What two say alike."""
    same = {name: value for name, value in one if value == getattr(other, name)}
    same["allow"] = tuple(code for code in one.allow if code in other.allow)
    return _readable(same)


def _beyond(one: DataOptions, other: DataOptions) -> DataOptions:
    """What the first says and the second does not."""
    lost = {name: value for name, value in one if value != getattr(other, name)}
    lost["allow"] = tuple(code for code in one.allow if code not in other.allow)
    return _readable(lost)


def _readable(fields: dict[str, object]) -> DataOptions:
    return DataOptions.model_construct(**fields)  # type: ignore[arg-type]
