"""When a training has not become better for too long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_STATE = ("best_epoch", "_best", "_epoch", "_stage_best", "_without_better")


class EarlyStopping:
    """Remembers the best epoch.

    Args:
        patience: Epochs in a row without a better value after which the training should end.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.best_epoch = 0
        self._best = float("inf")
        self._epoch = 0
        self.restart()

    def restart(self) -> None:
        """Begin a new stage: patience looks at its epochs only, the best epoch may be any."""
        self._stage_best = float("inf")
        self._without_better = -1

    def is_better(self, value: float) -> bool:
        """Take the next epoch's value, smaller is better; of equal ones the first counts."""
        self._epoch += 1
        if value < self._stage_best or self._without_better < 0:
            self._stage_best, self._without_better = value, 0
        else:
            self._without_better += 1
        if self.best_epoch and not value < self._best:
            return False
        self._best, self.best_epoch = value, self._epoch
        return True

    @property
    def exhausted(self) -> bool:
        """Whether the patience with this stage is."""
        return self._without_better >= self.patience

    def state_dict(self) -> dict[str, Any]:
        """What it remembers."""
        return {name: getattr(self, name) for name in _STATE}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Remember what another one did."""
        for name in _STATE:
            setattr(self, name, state[name])
