"""Nested values with tensors in them, taken apart into JSON and tensors, and put together again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


def pack(value: object, tensors: dict[str, Tensor]) -> Any:  # noqa: ANN401 - whatever JSON holds
    """A value as JSON can hold it.

    Args:
        value: Dicts with names as keys, lists, tuples, tensors, numbers, strings and None.
        tensors: Gets a contiguous copy of each tensor, on the CPU, under a name of its own.

    Raises:
        TypeError: There is something else in it.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [pack(item, tensors) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [pack(item, tensors) for item in value]}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {"dict": {key: pack(item, tensors) for key, item in value.items()}}
    if isinstance(value, Tensor):
        return _pack_tensor(value.detach(), tensors)
    raise TypeError(f"a {type(value).__name__} cannot be packed")


def unpack(
    packed: Any,  # noqa: ANN401 - whatever JSON holds
    tensors: Mapping[str, Tensor],
    device: torch.device,
) -> Any:  # noqa: ANN401 - what was packed
    """The value that was packed, its tensors with the values and the strides that they had.

    Strides are kept because some kernels add up in the order of the memory.

    Args:
        packed: As `pack` returned it.
        tensors: Those that `pack` filled in.
        device: Gets the tensors that did not lie on the CPU.
    """
    if isinstance(packed, list):
        return [unpack(item, tensors, device) for item in packed]
    if not isinstance(packed, dict):
        return packed
    if "tuple" in packed:
        return tuple(unpack(item, tensors, device) for item in packed["tuple"])
    if "dict" in packed:
        return {key: unpack(item, tensors, device) for key, item in packed["dict"].items()}
    stored = tensors[packed["tensor"]]
    place = torch.device("cpu") if packed["on_cpu"] else device
    result = torch.empty_strided(stored.shape, packed["strides"], dtype=stored.dtype, device=place)
    return result.copy_(stored)


def _pack_tensor(tensor: Tensor, tensors: dict[str, Tensor]) -> dict[str, object]:
    name = f"{len(tensors):05d}"
    # A copy always: two names of one tensor are one too many for safetensors.
    tensors[name] = tensor.to("cpu", copy=True, memory_format=torch.contiguous_format)
    # Those of a clone: a tensor that overlaps itself, such as an expanded one, could not be filled.
    strides = torch.empty_like(tensor, device="meta").stride()
    return {"tensor": name, "strides": list(strides), "on_cpu": tensor.device.type == "cpu"}
