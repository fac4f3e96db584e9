"""Models as ONNX files."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn

from automed.domain.errors import ExportError

OPSET = 20
INPUT, OUTPUT = "image", "logits"
"""Names in the graph. The input is normalized already: float32 (batch, channels, height, width)."""


def export_onnx(model: nn.Module, path: Path, shape: tuple[int, int, int]) -> None:
    """Write a model as one ONNX file with a batch of any size, through torch's current exporter.

    Args:
        model: Is left as it is; a copy of it is exported on the CPU, in eval mode.
        path: Of the file; written whole or not at all by whoever gives a draft.
        shape: Channels, height and width of the input.

    Raises:
        ExportError: The exporter cannot translate the model.
        OSError: The file cannot be written.
    """
    frozen = copy.deepcopy(model).to("cpu", memory_format=torch.contiguous_format).eval()  # type: ignore[call-overload]
    example = torch.zeros(2, *shape)
    batch = torch.export.Dim("batch", min=1)
    try:
        with _quiet():
            program = torch.onnx.export(
                frozen, (example,), dynamo=True, dynamic_shapes=({0: batch},),
                opset_version=OPSET, input_names=[INPUT], output_names=[OUTPUT], verbose=False,
            )  # fmt: skip
    except Exception as error:
        raise ExportError(
            "the model cannot be exported to ONNX",
            found=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
            hint="leave its architecture or encoder out of the space, or search with "
            "--artifact weights",
        ) from error
    assert program is not None
    program.save(str(path))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's progress on the terminal."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript")]
    before = [logger.level for logger in loggers]
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, before, strict=True):
                logger.setLevel(level)
