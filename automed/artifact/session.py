"""An exported model in the runtime that serves it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor

from automed.artifact.export import INPUT
from automed.domain.errors import ExportError
from automed.domain.normalization import Normalization


def open_session(
    file: Path | bytes, threads: int = 0, *, optimized: bool = True
) -> onnxruntime.InferenceSession:
    """A session of onnxruntime on the CPU. Equal inputs give equal outputs, to the last bit.

    Args:
        file: An ONNX file, or its content.
        threads: Within an operator; 0: as many as PyTorch computes with, so that several trainings
            at a time do not fight here either. 1: all is computed in the thread that calls.
        optimized: Whether the runtime may fuse and reorder operators.

    Raises:
        ExportError: The file is missing, or the runtime refuses it.
    """
    name = "a model" if isinstance(file, bytes) else str(file)
    if not isinstance(file, bytes) and not file.is_file():
        raise ExportError(f"{name} is missing", expected="an ONNX file")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or torch.get_num_threads()
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    if not optimized:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    content = file if isinstance(file, bytes) else str(file)
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ExportError(
            f"onnxruntime {onnxruntime.__version__} cannot open {name}",
            found=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
        ) from error


class OnnxForward:
    """From images in [0, 1] to logits, as `Forward` does it, but with an exported file.

    Args:
        path: Of the ONNX file.
        normalization: Of the images, channel by channel.
        threads: As for `open_session`.

    Raises:
        ExportError: The runtime refuses the file.
    """

    def __init__(self, path: Path, normalization: Normalization, threads: int = 0) -> None:
        self.device = torch.device("cpu")
        self.normalization = normalization
        self._path = path
        self._session = open_session(path, threads)
        self._inputs = self._session.get_inputs()
        self._mean, self._std = (
            torch.tensor(values).view(1, -1, 1, 1)
            for values in (normalization.mean, normalization.std)
        )

    def __call__(self, images: Tensor) -> Tensor:
        """Float32 logits of float images (batch, channels, height, width) in [0, 1]."""
        normalized = ((images.cpu() - self._mean) / self._std).contiguous().numpy()
        return torch.from_numpy(self.run(normalized))

    def run(self, normalized: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits of normalized images (batch, channels, height, width).

        Raises:
            ExportError: The file has another input, or takes images of another shape.
        """
        try:
            logits: NDArray[np.float32] = self._session.run(None, {INPUT: normalized})[0]
        except Exception as error:
            raise ExportError(
                f"onnxruntime {onnxruntime.__version__} cannot run {self._path}",
                found=f"images {tuple(normalized.shape)} {normalized.dtype}: "
                f"{str(error).splitlines()[0] if str(error) else type(error).__name__}",
                expected=", ".join(f"{i.name} {i.shape} {i.type}" for i in self._inputs),
            ) from error
        return logits

    def eval(self) -> None:
        """Nothing: a file has no other mode."""
