"""From images in [0, 1] to logits."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from automed.domain.normalization import Normalization
from automed.training.device import Precision, autocast
from automed.training.memory import ImagesAtOnce


class Forward:
    """A model with the normalization of its task, in the precision of its training.

    Args:
        model: Already on the device; takes normalized images.
        normalization: Of the images, channel by channel.
        device: Where the model lies.
        precision: As in `TrainingSettings`.
    """

    def __init__(
        self,
        model: nn.Module,
        normalization: Normalization,
        device: torch.device,
        precision: Precision,
    ) -> None:
        self.model = model
        self.device = device
        self._precision = precision
        self._memory = ImagesAtOnce("validation")
        self.normalization = normalization
        self._mean, self._std = (
            torch.tensor(values, device=device).view(1, -1, 1, 1)
            for values in (normalization.mean, normalization.std)
        )

    def eval(self) -> None:
        """Put the model into eval mode."""
        self.model.eval()

    def __call__(self, images: Tensor) -> Tensor:
        """Float32 logits of float images (batch, channels, height, width) in [0, 1].

        A model in eval mode answers image by image, so that a batch which memory does not hold is
        answered in parts. One that trains does not: see `automed.training.trainer.Trainer`.
        """
        if self.model.training:
            return self._logits(images)
        return self._memory.run(partial(self._answers, images), len(images))

    def _answers(self, images: Tensor, parts: int) -> Tensor:
        if parts == 1:
            return self._logits(images)
        return torch.cat([self._logits(some) for some in images.tensor_split(parts)])

    def _logits(self, images: Tensor) -> Tensor:
        normalized = ((images - self._mean) / self._std).contiguous(
            memory_format=torch.channels_last
        )
        with autocast(self.device, self._precision):
            logits: Tensor = self.model(normalized)
        return logits.float()
