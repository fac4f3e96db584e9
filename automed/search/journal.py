"""The memory of a study: optuna's journal, which optuna and its dashboard read as well."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.storages import JournalStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from automed import __version__
from automed.domain.errors import StudyError
from automed.domain.study_spec import StudySpec
from automed.search.journal_place import JournalPlace, refuse_lost
from automed.search.record import template
from automed.search.shadow import Proposal
from automed.search.uninterrupted import uninterrupted

Answer = TypeVar("Answer")


class Journal:
    """Records of one study. Each method writes one record, whole or not at all.

    Args:
        folder: The study's folder.
        place: Where the records are. The caller makes sure that nobody else writes there.
    """

    def __init__(self, folder: Path, place: JournalPlace) -> None:
        self._folder = folder
        self._place = place
        self._opened: JournalStorage | None = None
        self._id = -1
        self.repaired: str | None = None
        """What had to be mended, in words for the user; None: nothing."""

    def begin(self, spec: StudySpec) -> None:
        """Open the journal, and write what a crash, or nobody so far, kept from being written.

        Args:
            spec: Names the study and its objectives.

        Raises:
            StudyError: The journal is damaged, or cannot be written to.
        """
        if not self._place.exists:
            refuse_lost(self._folder, self._place.name, 0, exists=False)
        self.repaired = self._place.mend()
        self.forget()
        refuse_lost(self._folder, self._place.name, self._count(spec.name))
        self._id = self._study_id(spec)

    def forget(self) -> None:
        """Read all records anew, when they are asked for."""
        self._opened = None

    @property
    def _storage(self) -> JournalStorage:
        if self._opened is None:
            with readable(self._place.name):
                self._opened = self._place.open()
        return self._opened

    def trials(self) -> list[FrozenTrial]:
        """All trials in order. Shared with the storage: not to be changed.

        Raises:
            StudyError: The file is gone or damaged.
        """
        storage = self._storage
        with readable(self._place.name):
            return storage.get_all_trials(self._id, deepcopy=False)

    def add(
        self,
        proposal: Proposal,
        state: TrialState,
        user_attrs: dict[str, Any],
        system_attrs: dict[str, Any],
        curve: dict[int, float] | None = None,
    ) -> FrozenTrial:
        """Append a trial.

        Args:
            proposal: Its config, and what the sampler noted.
            state: RUNNING, or PRUNED for a rejected one.
            user_attrs: What automed keeps with it.
            system_attrs: What optuna keeps with it.
            curve: The guide metric of epochs that it has been trained for already.
        """
        created = template(
            state,
            dict(proposal.config.items()),
            proposal.distributions,
            user_attrs=user_attrs,
            system_attrs=system_attrs,
            intermediate_values=curve,
            now=datetime.now(),
        )
        trial_id = self._write(lambda: self._storage.create_new_trial(self._id, created))
        return self._storage.get_trial(trial_id)

    def measure(self, number: int, epoch: int, value: float) -> None:
        """Add a point to the trial's curve."""
        trial_id = self._trial_id(number)
        self._write(lambda: self._storage.set_trial_intermediate_value(trial_id, epoch, value))

    def note(self, number: int, key: str, value: str) -> None:
        """Set a user attribute of a trial."""
        trial_id = self._trial_id(number)
        self._write(lambda: self._storage.set_trial_user_attr(trial_id, key, value))

    def constrain(self, number: int, key: str, value: float) -> None:
        """Set a system attribute of a trial, such as the value of a constraint."""
        trial_id = self._trial_id(number)
        self._write(lambda: self._storage.set_trial_system_attr(trial_id, key, value))

    def finish(self, number: int, state: TrialState, values: list[float] | None) -> FrozenTrial:
        """Give a trial its final state."""
        trial_id = self._trial_id(number)
        self._write(lambda: self._storage.set_trial_state_values(trial_id, state, values))
        return self._storage.get_trial(trial_id)

    def _trial_id(self, number: int) -> int:
        return self._storage.get_trial_id_from_study_id_trial_number(self._id, number)

    def _count(self, name: str) -> int:
        """How many trials the study has; none where it was not begun."""
        try:
            study = self._storage.get_study_id_from_name(name)
        except KeyError:
            return 0
        return len(self._storage.get_all_trials(study, deepcopy=False))

    def _study_id(self, spec: StudySpec) -> int:
        """The study's id. What a crash kept from being written is written now."""
        directions = [
            StudyDirection.MAXIMIZE if o.direction == "maximize" else StudyDirection.MINIMIZE
            for o in spec.task.objectives
        ]
        try:
            study_id = self._storage.get_study_id_from_name(spec.name)
        except KeyError:
            study_id = self._write(lambda: self._storage.create_new_study(directions, spec.name))
        if self._storage.get_study_directions(study_id) != directions:
            raise StudyError(
                f"{self._place.name} and the study's objectives do not belong together",
                found=[d.name.lower() for d in self._storage.get_study_directions(study_id)],
                expected=[o.direction for o in spec.task.objectives],
            )
        self._describe(spec, study_id)
        return study_id

    def _describe(self, spec: StudySpec, study_id: int) -> None:
        """What a visitor with optuna at hand wants to know."""
        metrics = [o.metric for o in spec.task.objectives]
        study = optuna.load_study(
            study_name=spec.name, storage=self._storage, sampler=optuna.samplers.RandomSampler()
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            if study.metric_names != metrics:
                self._write(lambda: study.set_metric_names(metrics))
        about = {
            "automed:version": spec.version,
            "automed:task": spec.task.name,
            "automed:dataset": spec.data.name,
            "automed:sampler": spec.sampler,
            "automed:seed": spec.seed,
            # What a resume may change: the log says from where on which of it held.
            "automed:opened": {"version": __version__, "compress": [str(c) for c in spec.compress]},
        }
        known = self._storage.get_study_user_attrs(study_id)
        for key, value in about.items():
            if known.get(key) != value:
                self._write(partial(self._storage.set_study_user_attr, study_id, key, value))

    def _write(self, write: Callable[[], Answer]) -> Answer:
        try:
            with uninterrupted():
                return write()
        except OSError as error:
            # A full disk leaves half a line, to which the next record would be glued.
            self._place.mend()
            raise StudyError(
                f"{self._place.name} cannot be written to",
                found=error.strerror or str(error),
                hint="make room on the disk; what is finished is kept, --resume goes on",
            ) from error


@contextmanager
def readable(place: str) -> Iterator[None]:
    """Say what is wrong with a journal that holds no records of optuna's.

    Raises:
        StudyError: Something is.
    """
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:
        raise StudyError(
            f"{place} cannot be read",
            found=f"{type(error).__name__}: {error}",
            hint="restore the file from a backup, or start the search anew under another --name",
        ) from error
