"""What a search and its workers say to each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from automed.domain.errors import StudyError
from automed.domain.measurement import Measurement
from automed.domain.result import Failure, Result
from automed.domain.trial import Trial


@dataclass(frozen=True)
class Order:
    """To a worker: train this.

    Attributes:
        trial: What to train.
        folder: Where its files lie.
    """

    trial: Trial
    folder: Path


@dataclass(frozen=True)
class Measured:
    """From a worker, which waits for the decision: an epoch ended."""

    measurement: Measurement


@dataclass(frozen=True)
class Ended:
    """From a worker, which waits for the next order: the trial is over."""

    outcome: Result | Failure


@dataclass(frozen=True)
class PutAside:
    """From a worker, which waits for the next order: the trial pauses, as it was told to."""


@dataclass(frozen=True)
class Broken:
    """From a worker: no trial can be trained, this one or another."""

    error: StudyError


@dataclass(frozen=True)
class Died:
    """Of a worker, by whoever found it so.

    Attributes:
        why: In words.
        killed: Whether by SIGKILL: so Linux ends a process where main memory runs out.
    """

    why: str
    killed: bool = False


Message = Measured | Ended | PutAside | Broken | Died
"""What is heard of a worker."""
