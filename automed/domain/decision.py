"""What a running trial is told after a measurement."""

from __future__ import annotations

from enum import StrEnum


class Decision(StrEnum):
    """Train on, or end now because the trial can no longer reach the front."""

    CONTINUE = "continue"
    STOP = "stop"
