"""Which samples train, which select, and which are locked away until the end."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from automed.domain.frozen import Frozen

Part = Literal["train", "val", "test"]


class SplitPolicy(Frozen):
    """The proportions of a partition and what must never be cut."""

    train: float = Field(default=0.8, gt=0, lt=1)
    val: float = Field(default=0.1, gt=0, lt=1)
    test: float = Field(default=0.1, gt=0, lt=1)
    group: str = "patient"
    """What a group is in this task: patient, sequence, plate."""
    waiver: str | None = None
    """Why samples may be split one by one where the data names no group; None: never."""

    @model_validator(mode="after")
    def _adds_up(self) -> SplitPolicy:
        total = self.train + self.val + self.test
        if abs(total - 1) > 1e-6:
            raise ValueError(f"train + val + test is {total:g}, expected 1")
        return self


class Split(Frozen):
    """A partition of a data set into train, validation and test samples."""

    train: tuple[str, ...]
    val: tuple[str, ...]
    test: tuple[str, ...]
    seed: int
    grouped_by: str | None
    """What was kept whole, or None where samples were split one by one."""
    note: str = ""
    """The waiver, in so many words, where nothing was kept whole."""

    @model_validator(mode="after")
    def _disjoint(self) -> Split:
        for part in ("train", "val", "test"):
            if not getattr(self, part):
                raise ValueError(f"the {part} part is empty")
        ids = [*self.train, *self.val, *self.test]
        if len(set(ids)) != len(ids):
            raise ValueError("a sample is in two parts of the split")
        return self

    def ids(self, part: Part) -> tuple[str, ...]:
        """The sample ids of one part."""
        found: tuple[str, ...] = getattr(self, part)
        return found
