"""No compression: the trained model as a file."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from automed.artifact.export import export_onnx
from automed.compression.bench import Bench
from automed.compression.method import Details


class Dense:
    """Exports the model as it was trained; a `Step`."""

    def prepare(self, model: nn.Module, bench: Bench) -> nn.Module:
        """The model as it is."""
        return model

    def finetune(self, model: nn.Module, bench: Bench) -> nn.Module:
        """The model as it is."""
        return model

    def finalize(self, model: nn.Module, path: Path, bench: Bench) -> nn.Module:
        """Write the model as an ONNX file.

        Returns:
            The model, moved to the CPU.

        Raises:
            ExportError: The model cannot be exported.
            OSError: The file cannot be written.
        """
        export_onnx(model, path, bench.shape)
        plain: nn.Module = model.to("cpu", memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        return plain.eval()

    def describe(self) -> Details:
        """Nothing: nothing was done."""
        return {}
