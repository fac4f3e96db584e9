"""Which image sizes a model takes."""

from __future__ import annotations

from collections.abc import Callable

import torch
from segmentation_models_pytorch.base import SegmentationModel

from automed.domain.task import AnyTask
from automed.models.build_error import BuildError

_STEP = 32
_STEPS_UP = (1, 2, 4, 8, 14)
"""How far above a size that failed others are tried: up to 448 pixels."""


def check_multiple(
    model: torch.nn.Module, task: AnyTask, multiple: int, runs: Callable[[int, int], bool]
) -> None:
    """Refuse sizes that a segmentation model cannot halve often enough.

    Args:
        model: The built model; one of segmentation_models_pytorch knows its encoder's stride.
        task: Gives height and width.
        multiple: What height and width must be multiples of; 0: what the model knows.
        runs: Whether the model takes images of a height and a width.

    Raises:
        BuildError: Naming the size and the nearest ones that work.
    """
    stride = multiple or _stride_of(model)
    height, width = task.image_size
    if height % stride == 0 and width % stride == 0:
        return
    below = (height // stride * stride, width // stride * stride)
    above = (-(-height // stride) * stride, -(-width // stride) * stride)
    sizes = [f"{h}x{w}" for h, w in (below, above) if min(h, w) > 0 and runs(h, w)]
    works = sizes[-1] if sizes else larger_that_runs(above, runs)
    name = getattr(model, "name", type(model).__name__)
    raise BuildError(
        f"the model {name} cannot take images of {height}x{width}",
        found=f"height or width is no multiple of {stride}",
        expected=f"multiples of {stride}; the nearest are {' and '.join(sizes) or works}",
        hint=f"--image-size {works}" if works else None,
    )


def _stride_of(model: torch.nn.Module) -> int:
    if not isinstance(model, SegmentationModel) or not model.requires_divisible_input_shape:
        return 1
    return int(model.encoder.output_stride)


def larger_that_runs(size: tuple[int, int], runs: Callable[[int, int], bool]) -> str | None:
    """A larger size, in multiples of 32 pixels, at which a model runs; None: none was found.

    Args:
        size: Height and width that failed.
        runs: Whether the model takes images of a height and a width.
    """
    base_height, base_width = (side // _STEP * _STEP for side in size)
    for steps in _STEPS_UP:
        height, width = base_height + steps * _STEP, base_width + steps * _STEP
        if runs(height, width):
            return f"{height}x{width}"
    return None
