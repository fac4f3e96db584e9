"""The file that a user would deploy: checked, scored and timed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from automed.artifact.latency import measure_latency
from automed.artifact.parity import check_export, compare
from automed.artifact.session import OnnxForward
from automed.artifact.zipped import zipped_bytes
from automed.domain.cost import Cost, Quantity
from automed.domain.normalization import Normalization
from automed.domain.parity import Parity
from automed.domain.task import AnyTask
from automed.models.cost import count_macs
from automed.training.batches import in_order
from automed.training.evaluate import BATCH, Evaluation, evaluate
from automed.training.forward import Forward
from automed.training.losses import Loss
from automed.training.metrics.threshold import best_threshold
from automed.training.part import Part

COMPARED = BATCH
"""Validation images that the file and the model are compared on."""


@dataclass(frozen=True, eq=False)
class Package:
    """An artifact with all that was measured of it.

    Attributes:
        forward: Runs the file.
        seen: What the file does on the validation part.
        parity: How it compares with the PyTorch model.
        cost: Parameters, MACs, bytes and latency, measured.
    """

    forward: OnnxForward
    seen: Evaluation
    parity: Parity
    cost: Cost


def package(
    path: Path,
    model: nn.Module,
    loss: Loss,
    task: AnyTask,
    val: Part,
    normalization: Normalization,
    *,
    metrics: Mapping[str, float] | None,
    quantized: bool,
    reference: Path,
) -> Package:
    """Check, score and time a file that was just written.

    Args:
        path: Of the ONNX file.
        model: The PyTorch model that it must agree with, on the CPU.
        loss: As trained with, on the CPU.
        task: Names kind, classes and input.
        val: The validation part.
        normalization: Of the images.
        metrics: What the PyTorch model does on that part; None: found out here.
        quantized: Whether the file computes in int8: it then answers with some noise.
        reference: What remembers the reference model's milliseconds; see `measure_latency`.

    Raises:
        ExportError: The runtime refuses the file, or it does not do what the model does.
        DivergedError: An answer of the file is not finite.
    """
    forward = OnnxForward(path, normalization)
    plain = Forward(model, normalization, torch.device("cpu"), "fp32")
    images, _ = val.batch(next(iter(in_order(len(val), COMPARED))), plain.device)
    plain.eval()
    with torch.inference_mode():
        compared = compare(plain, forward, images)
    if not quantized:
        check_export(compared)
    if metrics is None:
        metrics = evaluate(plain, loss, task, val, epoch=0).metrics
    seen = evaluate(forward, loss, task, val, epoch=0)
    parity = Parity(
        max_difference=compared.max_difference, snr_db=compared.snr_db, metrics=dict(metrics)
    )
    return Package(forward, seen, parity, measured_cost(path, model, task, reference))


def threshold_of(seen: Evaluation) -> float | None:
    """Where a binary mask is best cut, on the validation part; None for other tasks."""
    return None if seen.scores is None else best_threshold(seen.scores)


def measured_cost(path: Path, model: nn.Module, task: AnyTask, reference: Path) -> Cost:
    """What a file costs; parameters and MACs are those of the model that it stands for."""
    shape = (task.channels, *task.image_size)
    return Cost(
        parameters=_measured(sum(p.numel() for p in model.parameters())),
        macs=_measured(count_macs(model, shape, "cpu")),
        size_bytes=_measured(path.stat().st_size),
        zipped_bytes=_measured(zipped_bytes(path)),
        input_shape=shape,
        latency=measure_latency(path, shape, reference=reference),
    )


def _measured(value: float) -> Quantity:
    return Quantity(value=value, source="measured")
