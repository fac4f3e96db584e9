"""How a search ended."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """Why an executor returned."""

    FINISHED = "finished"
    """The budget is spent; a training in whose middle that happened is paused."""
    INTERRUPTED = "interrupted"
    """The user asked for it; what was running goes on from its checkpoint on resume."""
    EXHAUSTED = "exhausted"
    """Nothing was left to try before the budget was spent; the study's notes say why."""
