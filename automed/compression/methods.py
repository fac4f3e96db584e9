"""The methods of compression by name, and a chain of them."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from automed.compression.bench import Bench
from automed.compression.method import Details, Step
from automed.compression.none import Dense
from automed.compression.prune import Prune
from automed.compression.ptq import Ptq
from automed.compression.qat import Qat
from automed.compression.sparse import Sparse

STEPS: dict[str, type[Step]] = {
    "none": Dense,
    "ptq": Ptq,
    "qat": Qat,
    "sparse": Sparse,
    "prune": Prune,
}
"""What each step of `Compression.steps` is done by."""


def compress(model: nn.Module, path: Path, bench: Bench) -> tuple[nn.Module, Details]:
    """Compress a trained model, step by step, and write the outcome as an ONNX file.

    Args:
        model: On the bench's device, in eval mode; may be changed in place.
        path: Of the file.
        bench: What is asked for, and what may be used for it.

    Returns:
        The plain PyTorch model that the file must agree with, on the CPU in eval mode, and what
        each step says that it did.

    Raises:
        CompressionError: The model cannot be compressed in this way.
        ExportError: It cannot be exported.
        TrainingError: Its fine-tuning failed.
        OSError: The file cannot be written.
    """
    steps = [STEPS[name]() for name in bench.compression.steps]
    for step in steps:
        model = step.finetune(step.prepare(model, bench), bench)
    plain = steps[-1].finalize(model, path, bench)
    details: Details = {}
    for step in steps:
        details |= step.describe()
    return plain, details
