"""What a config's model will cost, without its weights: computed on the meta device."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache, partial

import torch
from torch.utils.flop_counter import FlopCounterMode

from automed.domain.config import Config
from automed.domain.cost import Cost, Quantity
from automed.domain.task import AnyTask
from automed.models.architecture import Architecture
from automed.models.build import BuildError, architecture_of, build_model
from automed.models.encoders import encoder_of
from automed.models.image_size import check_multiple, larger_that_runs
from automed.models.reached_modules import reached_by
from automed.models.uninitialized import Uninitialized
from automed.models.weights_file import file_size

__all__ = ["BuildError", "predict_cost"]


_COSTLESS = ("model.dropout", "model.decoder_dropout")
"""Parameters of a model that change its training alone."""

_REMEMBERED = 4096
_LEAVE_OUT = "leave the encoder out with --set model.encoder=..."


@dataclass(frozen=True)
class _Question:
    """What a cost depends on; the task is at hand, but does not tell two questions apart."""

    config: Config
    kind: str
    classes: int
    channels: int
    image_size: tuple[int, int]
    task: AnyTask = field(compare=False)


def predict_cost(config: Config, task: AnyTask) -> Cost:
    """Parameters, multiply-accumulates and file size of a config's model.

    Parameters are all ``p.numel()``. MACs are those of torch's ``FlopCounterMode``, flops / 2, for
    one image in eval mode: matrix products and convolutions, without biases, norms and
    activations. The size is exactly that of the file that ``weights_file.save_weights`` writes.

    No weights are allocated and the random state is not touched; models that cannot be built on
    the meta device are built on the CPU. Answers are remembered.

    Args:
        config: Only its ``model.*`` keys matter.
        task: Gives kind, channels, number of classes and image size.

    Raises:
        BuildError: The config cannot be built, or its model cannot take images of this size.
    """
    answer = _answer(_question(config, task))
    if isinstance(answer, BuildError):
        raise answer.with_traceback(None)
    return answer


@dataclass(frozen=True)
class Priced:
    """A model with its cost.

    Attributes:
        cost: What it costs.
        model: In eval mode, on the meta device or, where it cannot be built there, on the CPU with
            random weights.
        reached: The modules that its answer depends on; see `reached_modules`.
    """

    cost: Cost
    model: torch.nn.Module
    reached: list[torch.nn.Module]


def priced_model(config: Config, task: AnyTask) -> Priced:
    """As `predict_cost`, with the model that was priced; nothing is remembered.

    Raises:
        BuildError: As `predict_cost`.
    """
    return _priced(_question(config, task))


def _question(config: Config, task: AnyTask) -> _Question:
    part = priced_part(config)
    return _Question(part, task.kind, len(task.classes), task.channels, task.image_size, task)


def priced_part(config: Config) -> Config:
    """What of a config the cost of its model depends on."""
    return Config({k: v for k, v in config.part("model.").items() if k not in _COSTLESS})


@lru_cache(maxsize=_REMEMBERED)
def _answer(question: _Question) -> Cost | BuildError:
    try:
        return _priced(question).cost
    except BuildError as error:
        return _bare(error)


def _priced(question: _Question) -> Priced:
    try:
        return _priced_on("meta", question)
    except BuildError as error:
        if "meta" not in str(error.__cause__).lower():  # it would fail with weights too
            raise
    with torch.random.fork_rng(devices=[]):
        return _priced_on("cpu", question)


def _bare(error: BuildError) -> BuildError:
    """The error without its traceback, which would keep the model in memory."""
    return BuildError(error.problem, found=error.found, expected=error.expected, hint=error.hint)


def _priced_on(device: str, question: _Question) -> Priced:
    task = question.task
    with torch.device(device), Uninitialized():
        # smp makes a first layer for other than three channels on the CPU, whatever the default.
        model = build_model(question.config, task).eval().to(device)
    row = _architecture(question)
    runs = partial(_runs, device, question, model)
    check_multiple(model, task, row.multiple if row else 0, runs)
    height, width = task.image_size
    try:
        macs, reached = trace(model, (task.channels, height, width), device)
    except Exception as error:
        raise _cannot_take(question, larger_that_runs(task.image_size, runs), error) from error
    cost = Cost(
        parameters=Quantity(value=sum(p.numel() for p in model.parameters())),
        macs=Quantity(value=macs),
        size_bytes=Quantity(value=file_size(model)),
        input_shape=(task.channels, height, width),
    )
    return Priced(cost, model, reached)


def count_macs(model: torch.nn.Module, shape: tuple[int, int, int], device: str) -> int:
    """Multiply-accumulates of one forward pass of one image, as `predict_cost` counts them.

    Args:
        model: In eval mode, on the device.
        shape: Channels, height, width of the image.
        device: Where the model lies; ``meta`` computes shapes only.

    Raises:
        ValueError: The model gives masks of another size than the image's.
    """
    with torch.no_grad():
        return _forward(model, shape, device)[0]


def trace(
    model: torch.nn.Module, shape: tuple[int, int, int], device: str
) -> tuple[int, list[torch.nn.Module]]:
    """As `count_macs`, with the modules that the answer depends on, from the same forward pass.

    Raises:
        ValueError: The model gives masks of another size than the image's.
    """
    with torch.enable_grad():
        macs, answer = _forward(model, shape, device)
    return macs, reached_by(answer, model)


def _forward(
    model: torch.nn.Module, shape: tuple[int, int, int], device: str
) -> tuple[int, torch.Tensor]:
    image = torch.zeros(1, *shape, device=device)
    with FlopCounterMode(display=False) as counter:
        output: torch.Tensor = model(image)
    masks = isinstance(output, torch.Tensor) and output.ndim == 4
    if masks and output.shape[-2:] != image.shape[-2:]:
        raise ValueError(f"its masks have another size: {output.shape[-2]}x{output.shape[-1]}")
    return int(counter.get_total_flops()) // 2, output


def _cannot_take(question: _Question, larger: str | None, error: Exception) -> BuildError:
    encoder, row = encoder_of(question.config), _architecture(question)
    height, width = question.task.image_size
    what = f"the encoder {encoder!r}" + (f" in {row.title}" if row else "")
    if larger is None and row is not None:
        return BuildError(
            f"{what} does not work, at {height}x{width} or larger",
            found=_first_line(error), expected=row.encoders, hint=_LEAVE_OUT,
        )  # fmt: skip
    return BuildError(
        f"{what} cannot take images of {height}x{width}",
        found=_first_line(error),
        expected=f"a size that works is {larger}" if larger else None,
        hint=f"--image-size {larger}, or {_LEAVE_OUT}" if larger else _LEAVE_OUT,
    )


def _runs(
    device: str, question: _Question, model: torch.nn.Module, height: int, width: int
) -> bool:
    row = _architecture(question)
    try:
        if row is not None and row.size_argument is not None:  # it was made for another size
            task = question.task.replace(image_size=(height, width))
            with torch.device(device), Uninitialized():
                model = build_model(question.config, task).eval()
        count_macs(model, (question.channels, height, width), device)
    except Exception:  # noqa: BLE001 - whatever a model raises means that it does not run
        return False
    return True


def _architecture(question: _Question) -> Architecture | None:
    return architecture_of(question.config) if question.kind == "segmentation" else None


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
