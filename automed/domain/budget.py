"""How much a study may spend, and what it has spent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from pydantic import Field, model_validator

from automed.domain.frozen import Frozen


class Limits(Frozen):
    """What a study may spend; None: no limit of that kind."""

    trials: int | None = Field(default=None, ge=1)
    """Trainings that may start. Rejected configs and compressed children are not charged."""
    seconds: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Wall time of the search, compressed children included; the time between two runs is not."""
    device_seconds: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Time of all trainings together, whatever ran at once; compressed children are apart."""
    epochs: int | None = Field(default=None, ge=1)
    """Epochs of all trainings together; those of compressed children are not charged."""

    @property
    def given(self) -> dict[str, float]:
        """The limits there are, by name: those that may end a training in its middle come first."""
        values = {name: getattr(self, name) for name in _ORDER}
        return {name: value for name, value in values.items() if value is not None}

    def describe(self) -> str:
        """For example ``2:00 h, 50 trials``."""
        return ", ".join(_amount(name, limit) for name, limit in self.given.items())


class Budget(Limits):
    """The limits of a study, of which the one that is reached first ends it."""

    workers: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _limited(self) -> Self:
        if not self.given:
            raise ValueError("a budget needs a limit: trials, seconds, device_seconds or epochs")
        return self

    def with_limits(self, limits: Limits) -> Budget:
        """This budget, where other limits replace those of their kind."""
        changed: Budget = self.replace(**limits.given)
        return changed

    def reached(self, spent: Spent) -> Limits:
        """The limits that are used up."""
        used: dict[str, Any] = {
            name: limit for name, limit in self.given.items() if getattr(spent, name) >= limit
        }
        return Limits(**used)

    def describe_spent(self, spent: Spent) -> str:
        """For example ``12 of 50 trials, 0:41 of 2:00 h, 310 epochs``."""
        words = [_share(name, self.given.get(name), getattr(spent, name)) for name in _SHOWN]
        if spent.child_seconds:
            words.append(f"{_amount('seconds', spent.child_seconds)} for compressed models")
        return ", ".join(word for word in words if word)


@dataclass(frozen=True)
class Spent:
    """What a study has spent.

    Attributes:
        trials: Trainings begun.
        seconds: Wall time of the search.
        device_seconds: Time of all trainings together.
        epochs: Epochs of all trainings together.
        child_seconds: Time of compressed children, which no limit but the wall time counts.
    """

    trials: int = 0
    seconds: float = 0.0
    device_seconds: float = 0.0
    epochs: int = 0
    child_seconds: float = 0.0


_ORDER = ("seconds", "device_seconds", "epochs", "trials")
_SHOWN = ("trials", "seconds", "device_seconds", "epochs")
_PLURALS = {"trials": "trials", "epochs": "epochs"}


def _amount(name: str, value: float) -> str:
    if name in _PLURALS:
        return f"{value:.0f} {_PLURALS[name] if value != 1 else _PLURALS[name].rstrip('s')}"
    return f"{_clock(value, value)} {_unit(name, value)}"


def _share(name: str, limit: float | None, value: float) -> str:
    if limit is None:
        # Times are of interest where they are limited; epochs and trials always are.
        return _amount(name, value) if name in _PLURALS else ""
    if name in _PLURALS:
        return f"{value:.0f} of {_amount(name, limit)}"
    return f"{_clock(value, limit)} of {_clock(limit, limit)} {_unit(name, limit)}"


def _unit(name: str, scale: float) -> str:
    unit = "h" if scale >= 3600 else "min"
    return f"{unit} of training" if name == "device_seconds" else unit


def _clock(seconds: float, scale: float) -> str:
    """Hours and minutes where the scale is an hour or more, else minutes and seconds."""
    large, small = divmod(int(seconds) // 60 if scale >= 3600 else int(seconds), 60)
    return f"{large}:{small:02d}"
