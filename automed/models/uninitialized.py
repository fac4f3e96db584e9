"""Building models whose weights nobody will look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_FILLS = frozenset(
    ("add_", "clamp_", "div_", "erfinv_", "fill_", "mul_", "normal_", "sub_", "uniform_", "zero_")
)
"""What initializers do to a tensor; none of it changes a shape."""


class Uninitialized(TorchFunctionMode):
    """Inside, weights on the meta device are not initialized.

    They hold no values anyway, yet torch computes the shapes of each step of an initializer in
    Python: two thirds of the time that it takes to build a model there. Other devices and other
    operations are left alone. Like ``torch.nn.utils.skip_init``, for models that build themselves.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - what torch's functions return
        """Return the tensor untouched where it would be filled; see torch.overrides."""
        given = kwargs or {}
        tensor = args[0] if args else given.get("tensor")
        if isinstance(tensor, torch.Tensor) and tensor.is_meta and _fills(func):
            return tensor
        return func(*args, **given)


def _fills(func: Callable[..., Any]) -> bool:
    name = getattr(func, "__name__", "")
    initializer = getattr(func, "__module__", None) == "torch.nn.init" and name.endswith("_")
    return initializer or name in _FILLS
