"""``study.json``: the spec of a study, in its folder."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from automed.domain.errors import StudyError
from automed.domain.study_spec import StudySpec
from automed.registry.tasks import expect_plugin
from automed.search.whole_file import write_whole

SPEC_FILE = "study.json"


def write_spec(folder: Path, spec: StudySpec) -> None:
    """Write the spec, whole or not at all.

    Raises:
        StudyError: The folder cannot be written to.
    """
    write_whole(folder / SPEC_FILE, json.dumps(spec.model_dump(mode="json"), indent=2) + "\n")


def read_spec(folder: Path) -> StudySpec:
    """The spec of the study in this folder.

    Raises:
        StudyError: There is no study, or its file is broken.
    """
    file = folder / SPEC_FILE
    try:
        spec = StudySpec.model_validate_json(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StudyError(
            f"there is no study in {folder}",
            expected=f"a file {SPEC_FILE}",
            hint="list the studies there are with: automed studies",
        ) from None
    except OSError as error:
        raise StudyError(f"{file} cannot be read", found=error.strerror or str(error)) from error
    except (ValidationError, UnicodeDecodeError) as error:
        raise StudyError(
            f"{file} is no study of this version of automed",
            found=_found(file, error),
            hint="restore the file, or start the search anew under another --name",
        ) from error
    expect_plugin(spec.task.name)
    return spec


def name_in_postgres(folder: Path) -> str | None:
    """The name of the study in a folder where it is kept in Postgres; None: it is not, or none is.

    Read again only where the file has changed.
    """
    file = folder / SPEC_FILE
    try:
        status = file.stat()
    except OSError:
        return None
    return _name_in_postgres(file, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1024)
def _name_in_postgres(file: Path, changed: int, size: int) -> str | None:
    del changed, size  # they are the key
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        return str(values["name"]) if values["storage"] == "postgres" else None
    except (OSError, ValueError, KeyError, TypeError):
        return None  # whoever reads the study is told what is wrong


def refuse_existing(folder: Path, spec: StudySpec) -> None:
    """Raise where a folder holds a study already.

    Raises:
        StudyError: It does.
    """
    if (folder / SPEC_FILE).exists():
        raise StudyError(
            f"there is a study {spec.name!r} in {folder} already",
            hint="go on with it: --resume, or start another one: --name NAME",
        )


def _found(file: Path, error: ValidationError | UnicodeDecodeError) -> str:
    if not file.stat().st_size:
        return "an empty file"
    if isinstance(error, UnicodeDecodeError):
        return "bytes that are no text"
    problems = error.errors(include_url=False, include_input=False)
    where = ".".join(map(str, problems[0]["loc"]))
    first = f"{where}: {problems[0]['msg']}" if where else problems[0]["msg"]
    return first if len(problems) == 1 else f"{first}; and {len(problems) - 1} more"
