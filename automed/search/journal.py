"""The memory of a study: optuna's journal file, which optuna and its dashboard read as well."""

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
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from automed import __version__
from automed.domain.errors import StudyError
from automed.domain.study_spec import StudySpec
from automed.search.journal_reader import JournalReader
from automed.search.journal_repair import repair
from automed.search.record import template
from automed.search.shadow import Proposal
from automed.search.uninterrupted import uninterrupted

JOURNAL_FILE = "journal.log"
_RESULT = "result.json"
"""What a training that has ended leaves in its folder."""

Answer = TypeVar("Answer")


class Journal:
    """Records of one study. Each method writes one record, whole or not at all.

    Args:
        folder: The study's folder. The caller holds its lock.
        spec: Names the study and its objectives.

    Raises:
        StudyError: The file is damaged or cannot be written to.
    """

    def __init__(self, folder: Path, spec: StudySpec) -> None:
        # Absolute, or optuna's lock waits for ever on a link that points nowhere.
        self._path = folder.absolute() / JOURNAL_FILE
        if not self._path.exists():
            _refuse_lost(self._path, 0)
        self.repaired = repair(self._path)
        """What had to be mended, in words for the user; None: nothing."""
        with _readable(self._path):
            self._storage = JournalStorage(JournalFileBackend(str(self._path)))
        _refuse_lost(self._path, self._count(spec.name))
        self._id = self._study_id(spec)

    def trials(self) -> list[FrozenTrial]:
        """All trials in order. Shared with the storage: not to be changed.

        Raises:
            StudyError: The file is gone or damaged.
        """
        with _readable(self._path):
            return self._storage.get_all_trials(self._id, deepcopy=False)

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
                f"{self._path} and the study's objectives do not belong together",
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
            repair(self._path)
            raise StudyError(
                f"{self._path} cannot be written to",
                found=error.strerror or str(error),
                hint="make room on the disk; what is finished is kept, --resume goes on",
            ) from error


def read_trials(folder: Path, spec: StudySpec) -> list[FrozenTrial]:
    """The trials of a study that may be running: takes no lock, writes nothing.

    Raises:
        StudyError: The journal is damaged.
    """
    return TrialsReader(folder).trials(spec)


class TrialsReader:
    """The trials of a study that is looked at again and again while it grows.

    Takes no lock and writes nothing; what it has read it does not read again.

    Args:
        folder: The study's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder.absolute() / JOURNAL_FILE
        self._reader = JournalReader(self._path)

    def trials(self, spec: StudySpec) -> list[FrozenTrial]:
        """All trials in order. Finished ones are handed out again: not to be changed.

        Raises:
            StudyError: The journal is damaged.
        """
        found: list[FrozenTrial] = []
        if self._path.exists():
            with _readable(self._path):
                found = self._reader.trials(spec.name)
        _refuse_lost(self._path, len(found))
        return found


def _refuse_lost(path: Path, known: int) -> None:
    """A journal that lacks trials was cut, emptied or removed: each is there before it is trained.

    Args:
        path: Of the journal.
        known: How many trials it has.
    """
    trained = path.parent / "trials"
    names = [file.name for file in trained.iterdir()] if trained.is_dir() else []
    unknown = [name for name in names if name.isdecimal() and int(name) >= known]
    there = path.exists()
    lost = sorted(name for name in unknown if not there or (trained / name / _RESULT).exists())
    if not lost:
        return
    problem = "holds fewer trials than were trained" if there else "is missing"
    raise StudyError(
        f"{path} {problem}",
        found=f"{known} trials, and {trained} has {len(lost)} more, such as {lost[0]}",
        hint="restore the file from a backup, or start the search anew under another --name",
    )


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:
        raise StudyError(
            f"{path} cannot be read",
            found=f"{type(error).__name__}: {error}",
            hint="restore the file from a backup, or start the search anew under another --name",
        ) from error
