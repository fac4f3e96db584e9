"""Whether a file holds the weights of an encoder."""

from __future__ import annotations

from pathlib import Path

import timm
import torch
from safetensors import SafetensorError, safe_open

from automed.domain.errors import WeightsError

_AUXILIARY = ("AuxLogits.",)
"""Heads that only helped in the original training: published files hold them, models do not."""

_SHOWN = 3

Shapes = dict[str, tuple[int, ...]]


def check_file(encoder: str, path: Path) -> None:
    """Compare names and shapes in a file with the encoder's: all there, none foreign.

    The classifier may be missing. Only the file's header is read.

    Raises:
        WeightsError: They differ, or the file is no safetensors file.
    """
    found = _shapes_in(path)
    expected, classifier = _expected_shapes(encoder)
    optional = (*classifier, *_AUXILIARY)
    problems = [
        *(f"lacks {k}" for k in expected if k not in found and not k.startswith(optional)),
        *(f"has {k}" for k in found if k not in expected and not k.startswith(optional)),
        *(
            f"{k} has shape {found[k]}, expected {shape}"
            for k, shape in expected.items()
            if found.get(k, shape) != shape and not k.startswith(optional)
        ),
    ]
    if problems:
        more = f" and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise WeightsError(
            f"{path} does not hold the weights of the encoder {encoder!r}",
            found="; ".join(problems[:_SHOWN]) + more,
            expected=f"timm's own state dict of {encoder}, {len(expected)} tensors",
            hint="download model.safetensors from timm's hub page of this very encoder",
        )


def _shapes_in(path: Path) -> Shapes:
    try:
        with safe_open(path, framework="pt") as file:
            names = list(file.keys())
            return {name: tuple(file.get_slice(name).get_shape()) for name in names}
    except (OSError, SafetensorError) as error:
        raise WeightsError(
            f"{path} is no safetensors file, or damaged",
            found=str(error).splitlines()[0],
            hint="download it again",
        ) from error


def _expected_shapes(encoder: str) -> tuple[Shapes, tuple[str, ...]]:
    """Names and shapes of timm's state dict, and what the names of its classifier begin with."""
    with torch.device("meta"):
        reference = timm.create_model(encoder)
    shapes = {name: tuple(tensor.shape) for name, tensor in reference.state_dict().items()}
    return shapes, classifier_prefixes(reference)


def classifier_prefixes(model: torch.nn.Module) -> tuple[str, ...]:
    """What the names of the tensors in a timm model's classifier begin with."""
    names = getattr(model, "pretrained_cfg", {}).get("classifier") or ()
    return tuple(f"{name}." for name in ((names,) if isinstance(names, str) else names))
