"""Models as ONNX files."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import onnx
import torch
from torch import nn

from automed import __version__
from automed.domain.errors import ExportError

OPSET = 20
INPUT, OUTPUT = "image", "logits"
"""Names in the graph. The input is normalized already: float32 (batch, channels, height, width)."""


def export_onnx(model: nn.Module, path: Path, shape: tuple[int, int, int]) -> None:
    """Write a model as one ONNX file with a batch of any size, through torch's current exporter.

    The same model gives the same bytes. The file names automed and its version as its producer,
    and holds nothing of the machine that it was made on.

    Args:
        model: Is left as it is; a copy of it is exported on the CPU, in eval mode.
        path: Of the file; written whole or not at all by whoever gives a draft.
        shape: Channels, height and width of the input.

    Raises:
        ExportError: The exporter cannot translate the model.
        OSError: The file cannot be written.
    """
    frozen = _frozen(model)
    example = torch.zeros(2, *shape)
    batch = torch.export.Dim("batch", min=1)
    try:
        with _quiet(), torch.no_grad():
            program = torch.onnx.export(
                frozen, (example,), dynamo=True, dynamic_shapes=({0: batch},),
                opset_version=OPSET, input_names=[INPUT], output_names=[OUTPUT], verbose=False,
            )  # fmt: skip
            assert program is not None
            proto = program.model_proto
    except Exception as error:
        raise ExportError(
            "the model cannot be exported to ONNX",
            found=_cause(error),
            hint="leave its architecture or encoder out of the space, or search with "
            "--artifact weights",
        ) from error
    _sign(proto)
    path.write_bytes(proto.SerializeToString(deterministic=True))


def _frozen(model: nn.Module) -> nn.Module:
    frozen = copy.deepcopy(model).cpu().eval().requires_grad_(False)
    frozen = frozen.to(memory_format=torch.contiguous_format)
    for module in frozen.modules():
        # Activations in place do the same, and take the exporter a third of its time to undo.
        if isinstance(getattr(module, "inplace", None), bool):
            setattr(module, "inplace", False)  # noqa: B010 - a name that modules may hold
    return frozen


def _sign(proto: onnx.ModelProto) -> None:
    """Replace the exporter's notes, which hold paths and source lines, by who made the file."""
    graph = proto.graph
    for part in (proto, graph, *graph.node, *graph.value_info, *graph.input, *graph.output,
                 *graph.initializer):  # fmt: skip
        del part.metadata_props[:]
        part.doc_string = ""
    proto.producer_name, proto.producer_version = "automed", __version__
    onnx.helper.set_model_props(proto, {"producer": "automed", "version": __version__})


def _cause(error: BaseException) -> str:
    """What went wrong first, in one line: the exporter wraps it in advice with colours."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}"


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's progress and traces on the terminal."""
    before = logging.root.manager.disable
    out, err = contextlib.redirect_stdout, contextlib.redirect_stderr
    with warnings.catch_warnings(), out(io.StringIO()), err(io.StringIO()):
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)
        try:
            yield
        finally:
            logging.disable(before)
