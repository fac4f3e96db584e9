"""One configuration on its way through the pipeline."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from automed.domain.config import Config
from automed.domain.cost import Cost
from automed.domain.frozen import Frozen
from automed.domain.result import Failure, Result
from automed.domain.stop import Stop


class TrialState(StrEnum):
    """Optuna's states. A trial that was ended early is PRUNED; users read "stopped"."""

    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    PRUNED = "PRUNED"
    FAIL = "FAIL"


class Trial(Frozen):
    """A snapshot of one trial."""

    number: int = Field(ge=0)
    config: Config
    seed: int
    state: TrialState = TrialState.RUNNING
    origin: str = "sampler"
    """Who proposed the config: the sampler's name, or the baseline's."""
    predicted: Cost | None = None
    """The cost that the screen computed before any training."""
    result: Result | None = None
    failure: Failure | None = None
    parent: int | None = None
    """Number of the trial whose model this one compresses; None: it trains its own."""
    continues: int | None = None
    """Number of the stopped trial whose training this one takes up again."""
    stop: Stop | None = None
    """Why its training was ended early."""
    rejected: str | None = None
    """Why the screen rejected the config; such a trial was never trained nor charged."""

    @property
    def charged(self) -> bool:
        """Whether this trial is a training that the budget's count of trials is charged for."""
        return self.rejected is None and self.parent is None and self.continues is None

    @property
    def is_marked(self) -> bool:
        """Whether it is a compressed model that lost more than the study allows."""
        return self.parent is not None and self.result is not None and bool(self.result.remarks)

    @property
    def label(self) -> str:
        """The state as users read it."""
        if self.rejected is not None:
            return "rejected"
        return {"RUNNING": "running", "COMPLETE": "done", "PRUNED": "stopped", "FAIL": "failed"}[
            self.state
        ]
