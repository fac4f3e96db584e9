"""What computes: Python, torch, each GPU, and the runtime that scores exported models."""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import sys
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

import automed
from automed.api.doctor_finding import Check, Finding, Status, broken, ok, warning
from automed.training.nvidia import driver_view

_PIP = f"{sys.executable} -m pip install"
_REINSTALL = f"{_PIP} --force-reinstall torch torchvision"
_BUSY = 0.2
"""Share of a GPU's memory below which somebody else seems to use it."""


def python_checks() -> list[Check]:
    """Of what does not need a device."""
    return [
        Check("python", _python),
        Check("automed", _automed),
        Check("torch", _torch, 120, _REINSTALL),
        Check("onnxruntime", _onnxruntime, 30, f"{_PIP} --force-reinstall onnxruntime"),
    ]


def device_checks(findings: Sequence[Finding]) -> list[Check]:
    """Of each GPU, or of the processor where there is none.

    Args:
        findings: Of `python_checks`. Without torch there is nothing to compute with.
    """
    if any(f.name == "torch" and f.status is Status.BROKEN for f in findings):
        return []
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if count == 0:
        return [Check("GPU", _no_gpu), Check("CPU", _processor)]
    return [Check(f"GPU {i}", partial(_gpu, i), fix="nvidia-smi") for i in range(count)]


def _python() -> Finding:
    return ok("python", f"{platform.python_version()}, {sys.executable}")


def _automed() -> Finding:
    return ok("automed", f"{automed.__version__}, {Path(automed.__file__).parent}")


def _torch() -> Finding:
    try:
        torch = importlib.import_module("torch")
        _load_torchvision()
    except Exception as error:  # noqa: BLE001 - a broken build raises whatever it likes
        found = f"cannot be imported: {type(error).__name__}: {error}".splitlines()[0]
        return broken("torch", found, _REINSTALL, stops_searches=True)
    cuda = torch.version.cuda
    built = f"built for CUDA {cuda}" if cuda else "built without CUDA"
    driver = driver_view()
    seen = f", NVIDIA driver {driver.version}" if driver else ""
    return ok("torch", f"{torch.__version__}, {built}{seen}")


def _load_torchvision() -> None:
    """Load what of torchvision is compiled, which fails beside a torch that it was not made for.

    All of torchvision takes as long to import as torch.
    """
    import torch

    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        raise ImportError("torchvision is not installed")
    for library in Path(spec.origin).parent.glob("_C*.so"):
        torch.ops.load_library(str(library))  # type: ignore[no-untyped-call]


def _onnxruntime() -> Finding:
    again = f"{_PIP} --force-reinstall onnxruntime"
    try:
        runtime = importlib.import_module("onnxruntime")
    except Exception as error:  # noqa: BLE001 - as for torch
        found = f"cannot be imported: {type(error).__name__}: {error}".splitlines()[0]
        return broken("onnxruntime", found, again, stops_searches=True)
    names = [p.removesuffix("ExecutionProvider") for p in runtime.get_available_providers()]
    found = f"{version('onnxruntime')}, runs on {', '.join(names)}"
    return ok("onnxruntime", found) if "CPU" in names else broken("onnxruntime", found, again)


def _no_gpu() -> Finding:
    """Why there is none: there is no hardware, it is hidden, or torch cannot use it."""
    import torch

    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    driver = driver_view()
    if driver is None and hidden is None:
        smaller = "automed search cell --image-size 128 --max-gflops 1 --budget 10"
        return warning("GPU", "none: models train on the processor, so begin small", smaller)
    there = f"{', '.join(driver.names)} is here, but " if driver else ""
    if hidden is not None:
        found = f"{there}CUDA_VISIBLE_DEVICES={hidden!r} leaves torch none"
        return warning("GPU", found, "unset CUDA_VISIBLE_DEVICES")
    if torch.version.cuda is None and torch.version.hip is None:
        return warning("GPU", f"{there}this torch was built without CUDA", _REINSTALL)
    return broken("GPU", f"{there}torch cannot use it: {_cuda_problem()}", _REINSTALL)


def _cuda_problem() -> str:
    """What CUDA says when it is begun; it fails, because torch found no device."""
    import torch

    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]
    except Exception as error:  # noqa: BLE001 - the driver's own words are what is wanted
        return str(error).splitlines()[0]
    return "no device answers"


def _processor() -> Finding:
    import torch

    from automed.artifact.cpu_name import cpu_name
    from automed.training.device_probe import probe

    seen = probe(torch.device("cpu"))
    fast = ", bfloat16" if seen.bf16 else ""
    return ok("CPU", f"{cpu_name()}, a test convolution comes out right{fast}")


def _gpu(index: int) -> Finding:
    import torch

    from automed.training.device_probe import probe

    name = f"GPU {index}"
    seen = probe(torch.device("cuda", index))
    found = (
        f"{seen.name}, {_gib(seen.free)} of {_gib(seen.total)} free, "
        "a test convolution comes out right" + (", bfloat16" if seen.bf16 else "")
    )
    if seen.free < _BUSY * seen.total:
        return warning(name, f"{found}; somebody else uses it", "nvidia-smi")
    return ok(name, found)


def _gib(size: float) -> str:
    return f"{size / 2**30:.1f} GiB"
