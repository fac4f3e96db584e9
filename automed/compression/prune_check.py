"""Does a pruned model do what the whole one does with the same channels masked?"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from automed.compression.prune_channels import Kept, Removal
from automed.compression.prune_graph import OTHERWISE
from automed.domain.errors import CompressionError

_IMAGES = 2
"""More than one, so that a model which has grown used to one is found."""

_TOLERANCE = 1e-6
"""Of double precision, as a share of the largest output: rounding gives about 1e-12."""


def check_pruned(
    whole: nn.Module, pruned: nn.Module, removal: Removal, shape: tuple[int, int, int]
) -> float:
    """Refuse a pruned model that is not the whole one without the removed channels.

    Both are run on random images in double precision. In the whole one, removed channels are set
    to zero where they leave a layer and where they enter one, and norms over channels leave them
    out. Channels that were removed in one place and not in another make the two differ.

    Args:
        whole: The model before; in eval mode, like the pruned one, and on the same device.
        pruned: The model after.
        removal: What was removed.
        shape: Channels, height, width of the images.

    Returns:
        The largest difference, as a share of the largest output.

    Raises:
        CompressionError: They differ.
    """
    device = next(whole.parameters()).device
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(_IMAGES, *shape, generator=generator, dtype=torch.float64).to(device)
    with torch.no_grad():
        expected = masked(whole, removal).double()(images)
        try:
            found = copy.deepcopy(pruned).double()(images)
        except Exception as error:
            raise _wrong(f"it does not run: {_first_line(error)}") from error
    if found.shape != expected.shape:
        raise _wrong(f"outputs of shape {tuple(found.shape)} instead of {tuple(expected.shape)}")
    scale = float(expected.abs().max())
    difference = float((found - expected).abs().max()) / max(scale, 1e-30)
    if not difference <= _TOLERANCE:
        raise _wrong(f"outputs differ by {difference:.2g} of the largest one")
    return difference


def masked(whole: nn.Module, removal: Removal) -> nn.Module:
    """A copy of a model in which removed channels do nothing."""
    model = copy.deepcopy(whole)
    for (name, side), kept in removal.kept.items():
        if side == "values":
            _mask_values(model.get_parameter(name), kept)
            continue
        layer = model.get_submodule(name)
        if isinstance(layer, (nn.LayerNorm, nn.GroupNorm)):
            layer.register_forward_hook(_norm_of_kept(layer, kept))
        elif side == "in":
            layer.register_forward_pre_hook(_mask_input(kept, _channel_dim(layer)))
        else:
            layer.register_forward_hook(_mask_output(kept, _channel_dim(layer)))
    return model


def _mask_values(parameter: nn.Parameter, kept: Kept) -> None:
    with torch.no_grad():
        parameter.mul_(_mask(kept, parameter, kept.dim))


def _mask_input(kept: Kept, dim: int) -> Callable[[nn.Module, Any], tuple[Tensor]]:
    return lambda _, inputs: (inputs[0] * _mask(kept, inputs[0], dim),)


def _mask_output(kept: Kept, dim: int) -> Callable[[nn.Module, Any, Tensor], Tensor]:
    return lambda _layer, _inputs, output: output * _mask(kept, output, dim)


def _norm_of_kept(layer: nn.Module, kept: Kept) -> Callable[[nn.Module, Any, Tensor], Tensor]:
    """The norm over the channels that stay, with zeros in the place of others."""
    dim = _channel_dim(layer)

    def normed(whole: Any, inputs: Any, output: Tensor) -> Tensor:  # noqa: ANN401
        at = kept.indices.to(output.device)
        some = inputs[0].index_select(dim, at).movedim(dim, 1 if _grouped(whole) else -1)
        weight, bias = (None if p is None else p[at] for p in (whole.weight, whole.bias))
        if _grouped(whole):
            found = nn.functional.group_norm(some, whole.num_groups, weight, bias, whole.eps)
        else:
            found = nn.functional.layer_norm(some, (len(at),), weight, bias, whole.eps)
        found = found.movedim(1 if _grouped(whole) else -1, dim)
        return torch.zeros_like(output).index_copy_(dim, at, found)

    return normed


def _grouped(layer: nn.Module) -> bool:
    return isinstance(layer, nn.GroupNorm)


def _mask(kept: Kept, like: Tensor, dim: int) -> Tensor:
    mask = torch.zeros(kept.channels, dtype=like.dtype, device=like.device)
    mask[kept.indices.to(like.device)] = 1
    shape = [1] * like.ndim
    shape[dim] = kept.channels
    return mask.view(shape)


def _channel_dim(layer: nn.Module) -> int:
    """Where a layer has its channels. timm names its norms of (batch, channels, ...) ``...2d``."""
    if isinstance(layer, nn.Linear):
        return -1
    if isinstance(layer, nn.LayerNorm) and "2d" not in type(layer).__name__:
        return -1
    return 1


def _wrong(found: str) -> CompressionError:
    return CompressionError(
        "the model cannot be pruned: without the channels it does not do what it does with these "
        "channels masked",
        found=found,
        hint=OTHERWISE,
    )


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
