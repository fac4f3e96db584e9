"""A study that another machine began, in a folder of this one."""

from __future__ import annotations

from pathlib import Path

from automed.domain.errors import StudyError
from automed.domain.study_spec import StudySpec
from automed.search.shared_study import SharedStudy
from automed.search.study_file import refuse_existing, write_spec
from automed.search.warm_start import PRIOR_FILE
from automed.search.whole_file import write_whole


def write_joined(folder: Path, study: SharedStudy, spec: StudySpec) -> None:
    """Make the study's folder, so that it can be opened there.

    Args:
        folder: Of the study on this machine.
        study: As the storage has it.
        spec: Its settings, with the paths of this machine.

    Raises:
        StudyError: There is a study in the folder, or it cannot be written to.
    """
    refuse_existing(folder, spec)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudyError(f"{folder} cannot be made", found=error.strerror or str(error)) from error
    if study.prior is not None:
        write_whole(folder / PRIOR_FILE, study.prior + "\n")
    write_spec(folder, spec)  # last: with it the folder is a study
