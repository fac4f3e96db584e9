"""The Space page of a study as a file."""

from __future__ import annotations

from pathlib import Path

from automed.analysis.chart_page import Part, write_chart_page
from automed.analysis.space_page import space_title, write_space_page
from automed.api.opened_study import StudyOpener
from automed.api.study_space import original_space, weigh, weighed_trials
from automed.domain.study_spec import StudySpec

PAGE = "space.html"


class SpacePage:
    """Writes ``space.html`` into a study's folder, as often as need be, while a search may run.

    It is drawn from the journal: trackers are told of rejected configs by number only.

    Args:
        spec: Of the study.
        folder: The study's.
    """

    def __init__(self, spec: StudySpec, folder: Path) -> None:
        self._spec = spec
        self._path = folder / PAGE
        self._opener = StudyOpener(folder)

    def write(self) -> Path:
        """Write the page, or one that says why there is none: the front's files go on without it.

        Raises:
            OSError: Nothing can be written to the folder.
        """
        try:
            study = self._opener.open()
            return write_space_page(
                self._path, study.spec, study.trials, study.folder,
                weighed=len(weighed_trials(study)), found=weigh(study, None),
                original=original_space(study),
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001 - a plugin's trials may hold anything
            failed = Part("Not drawn", words=[f"{type(error).__name__}: {error}"])
            hint = f"Later: automed sync {self._spec.name}"
            return write_chart_page(self._path, space_title(self._spec), hint, [failed])
