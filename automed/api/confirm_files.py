"""What a confirmation leaves in its study's folder: its report, and a record of the test part."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from automed import __version__
from automed.analysis.confirm_png import write_confirm_png
from automed.analysis.front_files import front_title
from automed.domain.confirmation import Confirmation, Look
from automed.domain.errors import StudyError
from automed.domain.study_spec import StudySpec
from automed.search.whole_file import write_whole

CONFIRM = "confirm"
"""Folder in the study's folder."""
REPORT = "confirmation.json"
PICTURE = "confirmation.png"
LOOKS = "test-part.json"

_LOOKS = TypeAdapter(tuple[Look, ...])


def read_looks(study: Path) -> tuple[Look, ...]:
    """Every use of a study's test part, first to last.

    Raises:
        StudyError: The record is damaged: whether the test part is untouched cannot be told.
    """
    file = study / CONFIRM / LOOKS
    try:
        return _LOOKS.validate_json(file.read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValidationError) as error:
        raise StudyError(
            f"{file}, the record of what the test part was used for, cannot be read",
            found=str(error).splitlines()[0],
            hint="restore it from a backup; to go on without, and have the next use counted as the "
            f"first one, remove {file}",
        ) from error


def record_look(study: Path, trials: tuple[int, ...], partitions: int) -> tuple[Look, ...]:
    """Write down that the test part is used, before it is. One that goes on is not written twice.

    Returns:
        All uses until now.

    Raises:
        StudyError: The record is damaged or cannot be written.
    """
    looks = read_looks(study)
    if is_going_on(looks, trials, partitions):
        return looks
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    look = Look(trials=trials, partitions=partitions, when=now, version=__version__)
    looks = (*looks, look)
    told = _LOOKS.dump_python(looks, mode="json")
    write_whole(study / CONFIRM / LOOKS, json.dumps(told, indent=1) + "\n")
    return looks


def is_going_on(looks: tuple[Look, ...], trials: tuple[int, ...], partitions: int) -> bool:
    """Whether the last use was of the same trials and partitions: one that was cut off."""
    return bool(looks) and (looks[-1].trials, looks[-1].partitions) == (trials, partitions)


def write_report(confirmation: Confirmation, spec: StudySpec, study: Path) -> list[Path]:
    """Write ``confirmation.json`` and ``confirmation.png``.

    Raises:
        StudyError: They cannot be written.
    """
    folder = study / CONFIRM
    report, picture = folder / REPORT, folder / PICTURE
    write_whole(report, confirmation.model_dump_json(indent=1) + "\n")
    try:
        write_confirm_png(confirmation, picture, front_title(spec))
    except OSError as error:
        raise StudyError(
            f"{picture} cannot be written", found=error.strerror or str(error)
        ) from error
    return [report, picture]


def report_files(study: Path) -> list[Path]:
    """What `write_report` wrote, where it has."""
    return [file for name in (REPORT, PICTURE) if (file := study / CONFIRM / name).is_file()]


def read_report(study: Path) -> Confirmation | None:
    """The last report of a study's confirmation; None where there is none that can be read."""
    try:
        return Confirmation.model_validate_json((study / CONFIRM / REPORT).read_bytes())
    except (OSError, ValidationError):
        return None
