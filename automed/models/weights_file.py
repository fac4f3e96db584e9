"""Weights on disk, as safetensors: no pickle, and a size that is known before anything is written.

The format: eight bytes with the header's length, the header (JSON, padded with spaces to a
multiple of eight), the tensors without gaps, in the header's order.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from automed.domain.errors import WeightsError

_LENGTH_FIELD = 8
_ALIGNMENT = 8

# In safetensors' own order: the file holds the types from the last to the first.
_TYPES = {
    torch.bool: "BOOL",
    torch.uint8: "U8",
    torch.int8: "I8",
    torch.int16: "I16",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int32: "I32",
    torch.float32: "F32",
    torch.float64: "F64",
    torch.int64: "I64",
}
_RANK = {dtype: rank for rank, dtype in enumerate(_TYPES)}


def save_weights(model: torch.nn.Module, path: Path) -> None:
    """Write the parameters and buffers of a model, wherever they lie, as contiguous tensors.

    Raises:
        OSError: The file cannot be written, for instance because the disk is full.
    """
    tensors = {name: t.detach().cpu().contiguous() for name, t in model.state_dict().items()}
    try:
        save_file(tensors, path)
    except SafetensorError as error:
        raise OSError(str(error)) from error


def load_weights(model: torch.nn.Module, path: Path) -> None:
    """Fill a model with the weights of a file written by `save_weights`.

    Raises:
        WeightsError: The file is missing, damaged or belongs to another model.
    """
    try:
        model.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise WeightsError(
            f"the weights {path} cannot be loaded",
            found=str(error).splitlines()[0],
            expected="a safetensors file that save_weights wrote for this very config",
        ) from error


def file_size(model: torch.nn.Module) -> int:
    """Bytes of the file that `save_weights` would write; the model may lie on the meta device."""
    tensors = sorted(model.state_dict().items(), key=lambda item: (-_RANK[item[1].dtype], item[0]))
    header: dict[str, dict[str, object]] = {}
    end = 0
    for name, tensor in tensors:
        start, end = end, end + tensor.numel() * tensor.element_size()
        header[name] = {
            "dtype": _TYPES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    padded = -(-len(text) // _ALIGNMENT) * _ALIGNMENT
    return _LENGTH_FIELD + padded + end
