"""The study as Ray Tune's searcher, scheduler and stopper."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ray.tune import Stopper
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from automed.executors.ray_tune.losses import loss_of
from automed.executors.ray_tune.office import Office
from automed.executors.ray_tune.training import MESSAGE, TRIAL

if TYPE_CHECKING:
    from ray.tune.execution.tune_controller import TuneController
    from ray.tune.experiment import Trial

_FINISHED: dict[str, Any] = Searcher.FINISHED  # type: ignore[assignment]  # a string, in fact


class StudySearcher(Searcher):
    """Suggests what the study asks for, and tells it how that ended.

    Tune saves searchers, to restore them; this one has nothing to save: the study's memory is its
    journal.
    """

    def __init__(self, office: Office) -> None:
        super().__init__()
        self._office = office

    def suggest(self, trial_id: str) -> dict[str, Any] | None:
        """A trial by its number; None: none until another one has ended."""
        if self._office.is_closing:
            return _FINISHED
        if not self._office.has_room:
            return None
        trial = self._office.ask(trial_id)
        if trial is not None:
            return {TRIAL: trial.number}
        return None if self._office.trials else _FINISHED

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """The training has told its last, or is lost."""
        if error or result is None:
            self._office.lose(trial_id)
        else:
            self._office.hear(trial_id, pickle.loads(result[MESSAGE]))

    def save(self, checkpoint_path: str) -> None:
        """Nothing."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing."""

    def __getstate__(self) -> dict[str, Any]:
        return {}


class StudyScheduler(FIFOScheduler):
    """Passes what is measured to the study, whose answer goes back through the desk.

    To Tune every training goes on: one that the study stops or pauses ends by itself, with a result
    or a checkpoint, and lets go of its GPU's memory.
    """

    def __init__(self, office: Office) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._office = office

    def on_trial_result(
        self, tune_controller: TuneController, trial: Trial, result: dict[str, Any]
    ) -> str:
        """An epoch ended."""
        self._office.hear(trial.trial_id, pickle.loads(result[MESSAGE]))
        return TrialScheduler.CONTINUE

    def on_trial_error(self, tune_controller: TuneController, trial: Trial) -> None:
        """Only here Tune says why a training is lost."""
        file = trial.error_file
        if file is not None and Path(file).exists():
            said = Path(file).read_text(encoding="utf-8", errors="replace")
            self._office.note(trial.trial_id, loss_of(said))

    def save(self, checkpoint_path: str) -> None:
        """Nothing, as for the searcher."""

    def __getstate__(self) -> dict[str, Any]:
        return {}


class Closing(Stopper):
    """Ends all trainings when the user, or an error of the study, ends the search."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """No training is ended alone."""
        return False

    def stop_all(self) -> bool:
        """Asked after each event."""
        return self._office.is_closing

    def __getstate__(self) -> dict[str, Any]:
        return {}
