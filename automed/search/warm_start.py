"""What a study was given of another one's trials: kept in a file of its own."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError

from automed.domain.config import Config
from automed.domain.cost import Cost
from automed.domain.errors import StudyError
from automed.domain.frozen import Frozen
from automed.domain.study_spec import StudySpec
from automed.search.whole_file import write_whole

PRIOR_FILE = "warm_start.json"


class PriorTrial(Frozen):
    """A config that another study trained.

    What it costs here is computed anew; how good it was there is told by `metrics`.
    """

    config: Config
    cost: Cost
    violations: dict[str, float] = Field(default_factory=dict)
    """Of this study's bounds on costs, none of them broken."""
    metrics: dict[str, float]
    """Those of this study's objectives that only training decides."""


class Prior(Frozen):
    """Another study's trials, the ones worth most first."""

    study: str
    """Its name. Nothing is read there again."""
    same_training: bool = False
    """Whether data and training are those of this study, so that its values can be compared."""
    trials: tuple[PriorTrial, ...]
    finished: int
    """Trials that it had finished, out of which these were taken."""
    left_out: dict[str, int] = Field(default_factory=dict)
    """Why the others were not, and how many for each reason."""

    def describe(self) -> str:
        """For a note to the user."""
        text = (
            f"warm start: {len(self.trials)} of {self.finished} finished trials of study "
            f"{self.study!r} guide the sampler until this one has as many"
        )
        return f"{text}; left out: {in_words(self.left_out)}" if self.left_out else text


def in_words(left_out: dict[str, int]) -> str:
    """For example ``3 outside the search space, 1 breaks a constraint``."""
    return ", ".join(f"{number} {why}" for why, number in left_out.items())


def write_prior(folder: Path, prior: Prior) -> None:
    """Keep the trials in a study's folder.

    Raises:
        StudyError: The folder cannot be written to.
    """
    write_whole(folder / PRIOR_FILE, prior.model_dump_json(indent=1) + "\n")


def read_prior(folder: Path, spec: StudySpec) -> Prior | None:
    """The trials that a study began with; None: it had no warm start.

    Raises:
        StudyError: The file is gone, or not the one that the study began with.
    """
    if spec.warm_start is None:
        return None
    file = folder / PRIOR_FILE
    hint = "restore the file from a backup, or start the search anew under another --name"
    try:
        prior = Prior.model_validate_json(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise StudyError(
            f"{file} cannot be read, and the study began with it",
            found=error.strerror or str(error),
            hint=hint,
        ) from error
    except (ValidationError, UnicodeDecodeError) as error:
        raise StudyError(
            f"{file} holds no trials of another study", found=str(error).splitlines()[0], hint=hint
        ) from error
    if prior.digest != spec.warm_start.content:
        raise StudyError(
            f"{file} is not the one that the study began with",
            found=prior.digest[:12], expected=spec.warm_start.content[:12], hint=hint,
        )  # fmt: skip
    return prior
