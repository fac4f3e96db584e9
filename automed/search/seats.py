"""Which seat a study has: by what its settings say of where it is kept."""

from __future__ import annotations

from pathlib import Path

from automed.domain.budget import Budget
from automed.domain.compression import Compression
from automed.domain.errors import StudyError
from automed.domain.study_spec import StudySpec
from automed.search.seat import Alone, Seat, kept_on_success
from automed.search.shared_study import SharedStudies, SharedStudy
from automed.search.storage_url import required_url
from automed.search.study_file import read_spec, write_spec
from automed.search.together import Together
from automed.search.warm_start import Prior


class BegunElsewhereError(StudyError):
    """Another machine began a study of that name."""


def begin_seat(folder: Path, spec: StudySpec, split: str, prior: Prior | None) -> Seat:
    """The seat of the first search of a study.

    Args:
        folder: The study's folder.
        spec: Its settings.
        split: Who is trained on, for those that join.
        prior: What it begins with, for those that join.

    Raises:
        BegunElsewhereError: There is such a study in the storage.
        StudyError: Somebody searches there already, or the storage cannot be used.
    """
    if spec.storage == "folder":
        return Alone(folder)
    url = required_url(spec.name)
    studies = SharedStudies(url)
    try:
        known = None if prior is None else prior.model_dump_json(indent=1)
        if not studies.add(SharedStudy(spec, split, known)):
            raise BegunElsewhereError(
                f"there is a study {spec.name!r} in the storage {studies.place} already",
                hint="join it: the same command again, with the same settings; or choose another "
                "--name",
            )
    finally:
        studies.close()
    return Together(folder, url, spec.name)


def take_seat(
    folder: Path, budget: Budget | None = None, compress: tuple[Compression, ...] = ()
) -> tuple[Seat, StudySpec]:
    """A seat at a study that there is, and its settings by now.

    Args:
        folder: The study's folder.
        budget: Replaces the study's, for good and for all searches.
        compress: Is added, for good and for all searches, to what models are compressed with.

    Raises:
        StudyError: There is no study, somebody searches there who does not share it, or the
            storage cannot be used.
    """
    # Before the seat, which would leave a file in a folder without a study.
    spec = read_spec(folder)
    if spec.storage == "postgres":
        theirs = _changed_there(spec.name, budget, compress)
        budget, compress = theirs.budget, theirs.compress
        seat: Seat = Together(folder, required_url(spec.name), spec.name)
    else:
        seat = Alone(folder)
    with kept_on_success(seat):
        before = read_spec(folder)
        spec = before.replace(
            budget=budget or before.budget,
            compress=tuple(dict.fromkeys([*before.compress, *compress])),
        )
        if spec != before:
            write_spec(folder, spec)
    return seat, spec


def _changed_there(
    name: str, budget: Budget | None, compress: tuple[Compression, ...]
) -> StudySpec:
    studies = SharedStudies(required_url(name))
    try:
        return studies.change(name, budget, compress).spec
    finally:
        studies.close()
