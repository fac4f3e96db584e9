"""The register of data sets: which folder stands for which task in a workspace."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, ValidationError

from automed.domain.data_options import DataOptions
from automed.domain.errors import WorkspaceError
from automed.domain.frozen import Frozen
from automed.domain.workspace import Workspace


class Registered(BaseModel):
    """A folder that was checked and registered. Frozen, but its digest is that of the data."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    task: str
    path: str
    """Absolute path of the folder."""
    options: DataOptions = DataOptions()
    digest: str
    """The data set's digest when it was registered."""
    samples: int


class _Register(Frozen):
    version: int = 1
    datasets: tuple[Registered, ...] = ()


def register(workspace: Workspace, entry: Registered) -> None:
    """Register a data set for its task; an earlier one of that task is replaced.

    Safe while other processes register too, and at a crash: the file is replaced as a whole.

    Raises:
        WorkspaceError: The workspace cannot be written to, or its register is damaged.
    """
    workspace.ensure_writable()
    with FileLock(workspace.datasets.with_suffix(".lock")):
        others = [known for known in all_registered(workspace) if known.task != entry.task]
        entries = sorted([*others, entry], key=lambda known: known.task)
        _write(workspace.datasets, _Register(datasets=tuple(entries)))


def registered(workspace: Workspace, task_name: str) -> Registered | None:
    """The data set of a task, or None.

    Raises:
        WorkspaceError: The register is damaged.
    """
    return next((e for e in all_registered(workspace) if e.task == task_name), None)


def all_registered(workspace: Workspace) -> tuple[Registered, ...]:
    """All data sets, by their tasks' names; none where nothing was registered yet.

    Raises:
        WorkspaceError: The register is damaged or cannot be read.
    """
    path = workspace.datasets
    try:
        return _Register.model_validate_json(path.read_bytes()).datasets
    except FileNotFoundError:
        return ()
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise WorkspaceError(
            f"the register of data sets {path} is damaged",
            found=f"{place}: {first['msg']}" if place else first["msg"],
            expected="what `automed data add` wrote",
            hint=f"remove it and register the data again: rm {path}; automed data add TASK PATH",
        ) from None
    except OSError as error:
        raise WorkspaceError(
            f"the register of data sets {path} cannot be read",
            found=error.strerror or str(error),
        ) from None


def _write(path: Path, content: _Register) -> None:
    text = json.dumps(content.model_dump(mode="json"), indent=2, ensure_ascii=False)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=".datasets-", delete=False
    ) as stream:
        stream.write(text + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    Path(stream.name).replace(path)
