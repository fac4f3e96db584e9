"""What a running trial is told after a measurement."""

from __future__ import annotations

from enum import StrEnum


class Decision(StrEnum):
    """Train on; end now because the trial can no longer reach the front; or wait for a budget."""

    CONTINUE = "continue"
    STOP = "stop"
    PAUSE = "pause"
    """The budget is spent: the training is put aside, and goes on from here with a larger one. Or
    another search has taken it over."""
