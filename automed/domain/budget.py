"""How much a study may spend."""

from __future__ import annotations

from pydantic import Field

from automed.domain.frozen import Frozen


class Budget(Frozen):
    """Trainings a study may start. Configs rejected by the screen are not charged."""

    trials: int = Field(ge=1)
    workers: int = Field(default=1, ge=1)
