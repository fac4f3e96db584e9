"""Recompute a study's decisions with the code that is installed now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

from automed import __version__
from automed.api.progress import Steps, silent
from automed.api.screened_cost import screened_cost
from automed.domain.study_spec import StudySpec
from automed.domain.workspace import Workspace
from automed.search.differences import Difference
from automed.search.replay import Replay, replay
from automed.search.screen import CostOf

__all__ = ["Difference", "Replayed", "replay_study"]

_DECIDING = ("optuna", "numpy", "scipy", "torch")
"""Packages whose versions samplers, stoppers and predicted costs depend on."""


@dataclass(frozen=True)
class Replayed:
    """A study that was recomputed.

    Attributes:
        replay: What came of it.
        then: The version of automed that made the study.
        now: Versions by package, as installed.
    """

    replay: Replay
    then: str
    now: Mapping[str, str]


def replay_study(name: str, workspace: Workspace, steps: Steps = silent) -> Replayed:
    """Recompute all suggestions, screens and stop decisions of a study, which may be running.

    Nothing is trained, no data is read, and nothing is written.

    Raises:
        StudyError: There is no such study, or it cannot be read.
    """
    done = replay(workspace.studies / name, _cost_of, steps(f"Recomputing {name} from its log"))
    now = {"automed": __version__, **{package: version(package) for package in _DECIDING}}
    return Replayed(done, done.spec.version, now)


def _cost_of(spec: StudySpec) -> CostOf:
    return partial(screened_cost, task=spec.task, artifact=spec.artifact)
