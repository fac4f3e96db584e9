"""Why and when a training was ended before its last epoch."""

from __future__ import annotations

from pydantic import Field

from automed.domain.frozen import Frozen


class Stop(Frozen):
    """The decision of a stopper."""

    epoch: int = Field(ge=1)
    """After which it ended."""
    why: str
    """In words for the user."""
