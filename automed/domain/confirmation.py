"""What retraining the points of a front showed, on other partitions and on the locked test part."""

from __future__ import annotations

from pydantic import Field

from automed.domain.bundle import Interval
from automed.domain.frozen import Frozen
from automed.domain.objective import Objective

LEVEL = 0.05
"""Chance, over all steps of a confirmation, to call one significant where none is."""


class Look(Frozen):
    """One use of a study's test part."""

    trials: tuple[int, ...]
    """Numbers of the trials whose retrained models were scored on it."""
    partitions: int
    when: str
    """Local time with its offset, ISO 8601."""
    version: str
    """automed's version."""


class Estimate(Frozen):
    """A mean and how far it may be off."""

    mean: float
    interval: Interval | None
    """95 %; None where too little is known to say."""


class ConfirmedPoint(Frozen):
    """A trial that was trained anew on several partitions."""

    trial: int
    costs: dict[str, float]
    """What the study minimizes, unscaled; what the points are sorted by comes first."""
    search: float
    """The guide metric on the validation part during the search, which selected by it."""
    values: tuple[float | None, ...]
    """The guide metric on each partition's validation samples; None: the training failed."""
    validation: Estimate | None
    """Over the partitions, as the corrected resampled t-test has it; None: fewer than 3 ended."""
    locked: tuple[float | None, ...]
    """The guide metric of each retrained model on the test part."""
    test: Estimate | None
    """Over the models; the interval is a bootstrap over the test part's groups and the models."""
    optimism: float | None
    """How much better the search's validation looked than the test part: above 0, too good."""
    failures: tuple[str, ...] = ()
    """Why trainings failed, one each."""


class Step(Frozen):
    """What a point of the front gains over its cheaper neighbour, on the same partitions."""

    cheaper: int
    dearer: int
    extra: dict[str, float]
    """What the dearer one costs more, unscaled; below 0 where it costs less of something."""
    gain: float
    """Of the guide metric, above 0 where the dearer one is better."""
    interval: Interval
    """95 %, for this step alone."""
    partitions: int
    """On which both could be trained."""
    p: float = Field(ge=0, le=1)
    """Two-sided, corrected resampled t-test (Nadeau and Bengio 2003)."""
    adjusted: float = Field(ge=0, le=1)
    """The same after Holm's correction for all steps."""

    @property
    def significant(self) -> bool:
        """Whether the two differ, at 5 % for all steps together."""
        return self.adjusted < LEVEL


class Confirmation(Frozen):
    """``confirmation.json``: the report on a study's points."""

    study: str
    quality: Objective
    """The guide metric and which way is better."""
    partitions: int
    points: tuple[ConfirmedPoint, ...]
    """Cheapest first."""
    steps: tuple[Step, ...]
    supported: int
    """The trial reached from the cheapest by steps that are each proven to pay."""
    best: int
    """The trial with the best mean over the partitions."""
    looks: tuple[Look, ...]
    """Every use of the test part; after the first it is no longer untouched."""
    images: int
    """In the test part."""
    groups: int | None
    """In the test part; None: images were split one by one."""
    grouped_by: str | None
    demo: bool = False
    """Whether the data are synthetic."""
    version: str
