"""Joining a study that another machine began."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from automed import __version__
from automed.api.datasets import Checked
from automed.data.split import make_split
from automed.domain.budget import Limits
from automed.domain.errors import DataError, StudyError
from automed.domain.split import Split
from automed.domain.study_spec import StudySpec
from automed.search.joining import write_joined
from automed.search.shared_study import SharedStudies, SharedStudy
from automed.search.storage_url import STORAGE, checked_url, shown, storage_url, to_export
from automed.search.study_file import SPEC_FILE, read_spec

SEVERAL = 2
"""Trainings at a time in a study that may be searched by several machines, at least."""

_HERE = {"name", "data", "budget", "version", "compress", "split_digest", "warm_start", "storage"}
"""What is compared in another way, or may differ from machine to machine."""

_SHOWN = 3


@dataclass(frozen=True)
class Storage:
    """The database that the environment names, if any.

    Attributes:
        url: Of it; None: studies are kept in their folders.
    """

    url: str | None

    @classmethod
    def here(cls) -> Storage:
        """What the environment says.

        Raises:
            StudyError: It names none that machines can share.
        """
        return cls(storage_url())

    @property
    def kind(self) -> Literal["folder", "postgres"]:
        """As a study's settings have it."""
        return "folder" if self.url is None else "postgres"

    @property
    def place(self) -> str:
        """Host and database, for messages."""
        return "" if self.url is None else shown(self.url)

    def find(self, name: str | None) -> SharedStudy | None:
        """The study of that name; None: there is none, or no database.

        Raises:
            StudyError: The database cannot be used.
        """
        if self.url is None or name is None:
            return None
        studies = SharedStudies(self.url)
        try:
            return studies.find(name)
        finally:
            studies.close()

    def names(self) -> list[str]:
        """Of all studies there.

        Raises:
            StudyError: The database cannot be used.
        """
        if self.url is None:
            return []
        studies = SharedStudies(self.url)
        try:
            return studies.names()
        finally:
            studies.close()


def name_storage(url: str) -> str:
    """Let this process, and those that it starts, keep studies in a database.

    Returns:
        What other commands need to find them: a line for a shell.

    Raises:
        StudyError: It is none that machines can share.
    """
    os.environ[STORAGE] = checked_url(url)
    return to_export(os.environ[STORAGE])


def refuse_other(theirs: StudySpec, mine: StudySpec, warm_start: str | None) -> None:
    """Raise where what is asked for is not what a study began with.

    Args:
        theirs: The study's settings.
        mine: Those that the command line stands for.
        warm_start: The study that it names to start from.

    Raises:
        StudyError: Something differs; the message says what.
    """
    found = list(_differing(_compared(theirs), _compared(mine), ""))
    missing = [str(c) for c in mine.compress if c not in theirs.compress]
    if missing:
        found.append(("compress", ",".join(map(str, theirs.compress)) or "none", missing[0]))
    began_with = None if theirs.warm_start is None else theirs.warm_start.study
    if began_with != warm_start:
        found.append(("warm_start", began_with, warm_start))
    if not found:
        return
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    raise StudyError(
        f"study {theirs.name!r} is another one: it cannot be joined with these settings",
        found="; ".join(f"{key}: {_brief(here)}" for key, _, here in found[:_SHOWN]) + more,
        expected="; ".join(f"{key}: {_brief(there)}" for key, there, _ in found[:_SHOWN]) + more,
        hint=f"give the flags that it began with, or go on with it as it is: automed search "
        f"{theirs.task.name} --resume --name {theirs.name}; another study needs another --name",
    )


def local_spec(theirs: StudySpec, mine: StudySpec) -> StudySpec:
    """A study's settings with the paths of this machine."""
    data = theirs.data
    options = data.options.replace(group_csv=mine.data.options.group_csv)
    spec: StudySpec = theirs.replace(
        data=type(data)(
            name=mine.data.name, path=mine.data.path, digest=data.digest, options=options,
            ties=data.ties,
        ),
        weights=mine.weights,
    )  # fmt: skip
    return spec


def check_same_data(theirs: StudySpec, checked: Checked) -> None:
    """Raise where this machine has other images.

    Raises:
        DataError: It has.
    """
    digest = checked.dataset.digest
    if digest == theirs.data.digest:
        return
    raise DataError(
        f"the data in {checked.dataset.root} are not those of study {theirs.name!r}",
        found=f"digest {digest[:12]}, {len(checked.dataset.samples)} samples",
        expected=f"digest {theirs.data.digest[:12]}, as {theirs.data.path} had where it began",
        hint="copy the same files to this machine, and name the folder: --data PATH",
    )


def joined_split(theirs: SharedStudy, checked: Checked) -> Split:
    """Who is trained on: the same samples on all machines.

    Raises:
        StudyError: This version of automed splits in another way.
    """
    spec = theirs.spec
    try:
        split = Split.model_validate_json(theirs.split)
    except ValidationError:
        split = make_split(checked.dataset, spec.task.split, spec.seed, spec.data.ties)
    if split.digest != spec.split_digest:
        raise StudyError(
            f"study {spec.name!r} was split in another way by automed {spec.version}",
            found=split.digest[:12], expected=spec.split_digest[:12],
            hint=f"search it with automed {spec.version} on all machines",
        )  # fmt: skip
    return split


def make_folder(folder: Path, theirs: SharedStudy, spec: StudySpec) -> None:
    """Make a study's folder on this machine, unless it was made before.

    Raises:
        StudyError: Another study is in it.
    """
    if not (folder / SPEC_FILE).exists():
        write_joined(folder, theirs, spec)
        return
    there = read_spec(folder)
    if there.storage != "postgres" or there.split_digest != spec.split_digest:
        raise StudyError(
            f"there is another study {spec.name!r} in {folder}",
            hint="choose another --name, or another --workspace",
        )


def budget_note(asked: Limits, theirs: StudySpec) -> tuple[str, ...]:
    """What to say where a budget was asked for that is not the study's."""
    if not asked.given or asked.given == theirs.budget.given:
        return ()
    return (
        f"the study's budget stays {theirs.budget.describe()}, for all machines together; "
        "--resume changes it",
    )


def version_note(theirs: StudySpec) -> tuple[str, ...]:
    """What to say where a study was begun by another version of automed."""
    if theirs.version == __version__:
        return ()
    return (
        f"the study was begun by automed {theirs.version}, and this is {__version__}: the same "
        "config may come to other results here; use one version on all machines",
    )


def _compared(spec: StudySpec) -> dict[str, Any]:
    values = spec.model_dump(mode="json", exclude=_HERE)
    if spec.weights not in ("imagenet", "none"):
        values["weights"] = "a folder"
    return values


def _differing(there: Any, here: Any, key: str) -> Iterator[tuple[str, object, object]]:  # noqa: ANN401 - JSON
    """Where two JSON values differ: key, value there, value here."""
    if isinstance(there, dict) and isinstance(here, dict):
        for name in dict.fromkeys([*there, *here]):
            longer = f"{key}.{name}" if key else name
            yield from _differing(there.get(name), here.get(name), longer)
    elif there != here:
        yield key, there, here


def _brief(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
