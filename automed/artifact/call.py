"""One call of a model's file in a runtime, with its input ready."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from automed.artifact.export import INPUT
from automed.artifact.session import open_session
from automed.domain.errors import ExportError

Runtime = Literal["onnxruntime", "openvino"]
Call = Callable[[], object]


def call_of(file: Path | bytes, image: NDArray[np.float32], threads: int, runtime: Runtime) -> Call:
    """What runs a model on one input, on the CPU.

    Args:
        file: An ONNX file, or its content.
        image: (batch, channels, height, width), normalized.
        threads: 1: all is computed in the thread that calls.
        runtime: What runs it.

    Raises:
        ExportError: The runtime is missing, or refuses the file or the shape.
    """
    if runtime == "openvino":
        return _openvino_call(file, image, threads)
    session = open_session(file, threads)
    try:
        session.run(None, {INPUT: image})
    except Exception as error:
        raise ExportError(
            f"{runtime_name(runtime)} cannot run {_named(file)}",
            found=f"an input of {image.shape}: {str(error).splitlines()[0]}",
            expected=", ".join(f"{i.name} {i.shape}" for i in session.get_inputs()),
        ) from error
    return lambda: session.run(None, {INPUT: image})


def runtime_name(runtime: Runtime) -> str:
    """Name and version, for example ``onnxruntime 1.31.1``.

    Raises:
        ExportError: It is unknown, or not installed.
    """
    if runtime == "onnxruntime":
        return f"onnxruntime {onnxruntime.__version__}"
    if runtime != "openvino":
        raise ExportError(f"there is no runtime {runtime!r}", expected=", ".join(get_args(Runtime)))
    return f"openvino {_openvino().__version__.partition('-')[0]}"


def _openvino() -> Any:  # noqa: ANN401 - a package that need not be installed
    if importlib.util.find_spec("openvino") is None:
        raise ExportError(
            "OpenVINO is not installed",
            hint="pip install openvino, or measure with onnxruntime",
        )
    return importlib.import_module("openvino")


def _openvino_call(file: Path | bytes, image: NDArray[np.float32], threads: int) -> Call:
    openvino = _openvino()
    core = openvino.Core()
    settings = {
        "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",  # it would take bfloat16 where the processor has it
    }  # fmt: skip
    try:
        model = core.read_model(file if isinstance(file, bytes) else str(file))
        model.reshape(list(image.shape))
        request = core.compile_model(model, "CPU", settings).create_infer_request()
    except Exception as error:
        raise ExportError(
            f"{runtime_name('openvino')} cannot open {_named(file)}",
            found=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
        ) from error
    return lambda: request.infer({0: image})


def _named(file: Path | bytes) -> str:
    return "a model" if isinstance(file, bytes) else str(file)
