"""The weights of the best epoch."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn


class KeptWeights:
    """Keeps a copy of a model's weights, on their device.

    Args:
        model: Whose.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._kept: dict[str, Tensor] = {}

    def keep(self) -> None:
        """Copy the weights that the model has now."""
        self._kept = {k: v.detach().clone() for k, v in self._model.state_dict().items()}

    def restore(self) -> None:
        """Give the model what was kept last; before that, leave it as it is."""
        if self._kept:
            self._model.load_state_dict(self._kept)

    def state_dict(self) -> dict[str, Tensor]:
        """What is kept."""
        return dict(self._kept)

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Keep what another one kept."""
        self._kept = dict(state)
