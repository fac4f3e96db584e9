"""The contract of the methods of compression."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from torch import nn

from automed.compression.bench import Bench

Details = dict[str, float | str]


class Step(Protocol):
    """One step of a compression, made anew for each child.

    The steps of a chain such as ``prune+ptq`` are prepared and fine-tuned one after the other; the
    last one writes the file.
    """

    def prepare(self, model: nn.Module, bench: Bench) -> nn.Module:
        """Change the structure of a trained model.

        Args:
            model: On the bench's device, in eval mode; may be changed in place.
            bench: Its surroundings.

        Returns:
            The model to go on with, in eval mode.

        Raises:
            CompressionError: It cannot be compressed in this way, with the reason.
        """

    def finetune(self, model: nn.Module, bench: Bench) -> nn.Module:
        """Train what is left, where the method needs it.

        Returns:
            The model to go on with, in eval mode.

        Raises:
            TrainingError: As `automed.training.fit.fit` does.
        """

    def finalize(self, model: nn.Module, path: Path, bench: Bench) -> nn.Module:
        """Write the artifact, an ONNX file.

        Args:
            model: As `finetune` left it.
            path: Of the file.
            bench: Its surroundings.

        Returns:
            The plain PyTorch model, in eval mode on the CPU, without hooks, masks or
            parametrizations, that the file must agree with; of a quantized file, the float model
            that it stands for.

        Raises:
            ExportError: The model cannot be exported.
            CompressionError: It cannot be quantized.
        """

    def describe(self) -> Details:
        """What was done, for the trial's result: keys in snake case, such as ``kept_channels``."""
