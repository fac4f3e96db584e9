"""A training's state on disk: one safetensors file, without pickle.

The tensors lie in it as such; all else is JSON in its metadata, with a checksum of the whole,
for safetensors does not notice when the bytes of a tensor change.
"""

from __future__ import annotations

import json
import logging
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from automed.training.tensor_tree import pack, unpack

_log = logging.getLogger(__name__)


def write_state(path: Path, state: Mapping[str, object], belongs_to: str) -> None:
    """Write a state whole or not at all; a file that is there stays until then.

    Args:
        path: Of the file.
        state: As `automed.training.tensor_tree.pack` takes it.
        belongs_to: Names the training.

    Raises:
        OSError: It cannot be written, for instance because the disk is full.
    """
    tensors: dict[str, Tensor] = {}
    text = json.dumps(pack(dict(state), tensors))
    metadata = {"belongs_to": belongs_to, "state": text, "checksum": _checksum(text, tensors)}
    draft = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        save_file(tensors, draft, metadata)
        draft.replace(path)
    except SafetensorError as error:
        raise OSError(str(error)) from error
    finally:
        draft.unlink(missing_ok=True)


def read_state(path: Path, belongs_to: str, device: torch.device) -> dict[str, Any] | None:
    """The state that was written.

    None where there is no file; or, with a logged warning, where it is damaged, cannot be read, or
    is another training's.

    Args:
        path: Of the file.
        belongs_to: As it was written with.
        device: Gets the tensors that did not lie on the CPU.
    """
    try:
        metadata, tensors = _opened(path)
        text = metadata["state"]
        whole = metadata["checksum"] == _checksum(text, tensors)
    except FileNotFoundError:
        return None
    except (OSError, SafetensorError, KeyError) as error:
        _log.warning("%s cannot be read, the training starts anew: %s", path, error)
        return None
    if not whole:
        _log.warning("%s is damaged, the training starts anew", path)
        return None
    if metadata["belongs_to"] != belongs_to:
        _log.warning("%s is of another training; this one starts anew", path)
        return None
    state: dict[str, Any] = unpack(json.loads(text), tensors, device)
    return state


def _opened(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    with safe_open(path, framework="pt") as file:
        return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict


def _checksum(text: str, tensors: Mapping[str, Tensor]) -> str:
    value = zlib.crc32(text.encode())
    for name in sorted(tensors):
        value = zlib.crc32(tensors[name].reshape(-1).view(torch.uint8).numpy().data, value)
    return f"{value:08x}"
