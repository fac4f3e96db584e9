"""What a config's artifact will cost, compressed or not, before any training."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import torch
from torch import nn

from automed.compression.predicted_size import int8_bytes, onnx_bytes
from automed.compression.prune_channels import remove_channels
from automed.compression.prune_importance import ranks
from automed.domain.compression import Compression, Scope, compression_of
from automed.domain.config import Config
from automed.domain.cost import Cost, Quantity
from automed.domain.errors import AutomedError, CompressionError
from automed.domain.task import AnyTask
from automed.models.build import build_model
from automed.models.cost import priced_model, priced_part, trace

_REMEMBERED = 4096


@dataclass(frozen=True)
class _Question:
    """What a cost depends on; the task is at hand, but does not tell two questions apart."""

    config: Config
    kind: str
    classes: int
    shape: tuple[int, int, int]
    ratio: float | None
    scope: Scope
    task: AnyTask = field(compare=False)


@dataclass(frozen=True)
class _Answer:
    """Of a model, pruned or whole."""

    parameters: int
    macs: int
    float_bytes: int
    int8_bytes: int


def compressed_cost(config: Config, task: AnyTask) -> Cost:
    """Parameters, multiply-accumulates and bytes of the ONNX file that a config leads to.

    The model is built, and pruned where it is to be, on the meta device: no weights are allocated
    and the random state is not touched. Models that cannot be built there are built on the CPU.
    Answers, and refusals, are remembered.

    - Pruned with the scope ``uniform``: as many channels of each layer are removed, whatever they
      are worth. Parameters and MACs are those of the pruned model exactly.
    - Pruned with the scope ``global``: which layers lose more depends on weights that do not exist
      yet. The cost is that of layers whose channels are equally spread in worth;
      ``docs/compression-matrix.md`` has how far that is off.
    - Quantized: MACs are as many, in int8. Sparse: zeros cost as much as other weights.

    Args:
        config: Its ``model.*`` and ``compression.*`` keys matter.
        task: Gives kind, channels, number of classes and image size.

    Raises:
        SpaceError: A ``compression.*`` key is not valid.
        BuildError: The config cannot be built, or its model cannot take images of this size.
        CompressionError: Its model cannot be pruned.
    """
    compression = compression_of(config) or Compression()
    pruned = "prune" in compression.steps
    shape = (task.channels, *task.image_size)
    answer = _answer(
        _Question(
            priced_part(config), task.kind, len(task.classes), shape,
            compression.ratio if pruned else None,
            compression.scope if pruned else "uniform",
            task,
        )
    )  # fmt: skip
    if isinstance(answer, AutomedError):
        raise answer.with_traceback(None)
    size = answer.int8_bytes if compression.quantized else answer.float_bytes
    return Cost(
        parameters=Quantity(value=answer.parameters),
        macs=Quantity(value=answer.macs),
        size_bytes=Quantity(value=size),
        input_shape=shape,
    )


@lru_cache(maxsize=_REMEMBERED)
def _answer(question: _Question) -> _Answer | AutomedError:
    try:
        return _measured(question)
    except AutomedError as error:
        # Without its traceback, which would keep the model in memory.
        return type(error)(
            error.problem, found=error.found, expected=error.expected, hint=error.hint
        )


def _measured(question: _Question) -> _Answer:
    priced = priced_model(question.config, question.task)
    if question.ratio is None:
        return _answer_for(priced.model, int(priced.cost.macs.value), priced.reached)
    try:
        return _pruned(priced.model, question)
    except Exception as error:
        if not _is_about_meta(error):
            raise
    with torch.random.fork_rng(devices=[]):
        return _pruned(build_model(question.config, question.task).eval(), question)


def _is_about_meta(error: BaseException | None) -> bool:
    """Whether an error, or what caused it, says that the meta device is not enough."""
    while error is not None:
        if "meta" in str(error).lower():
            return True
        error = error.__cause__
    return False


def _answer_for(model: nn.Module, macs: int, parts: list[nn.Module]) -> _Answer:
    return _Answer(
        parameters=sum(p.numel() for p in model.parameters()),
        macs=macs,
        float_bytes=onnx_bytes(parts),
        int8_bytes=int8_bytes(parts),
    )


def _pruned(model: nn.Module, question: _Question) -> _Answer:
    device = next(model.parameters()).device.type
    _prune(model, device, question)
    return _answer_for(model, *_traced(model, device, question))


def _prune(model: nn.Module, device: str, question: _Question) -> None:
    asked = Compression(method="prune", ratio=question.ratio, scope=question.scope)
    image = torch.zeros(1, *question.shape, device=device)
    remove_channels(model, image, asked, ranks)


def _traced(model: nn.Module, device: str, question: _Question) -> tuple[int, list[nn.Module]]:
    try:
        return trace(model, question.shape, device)
    except Exception as error:
        text = str(error).splitlines()[0] if str(error) else ""
        raise CompressionError(
            "the model cannot be pruned: without the removed channels it does not run",
            found=f"{type(error).__name__}: {text}",
            hint="leave its architecture or encoder out of the space, or compress it with ptq, "
            "qat or sparse",
        ) from error
