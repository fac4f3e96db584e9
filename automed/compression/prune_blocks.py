"""Blocks that torch_pruning cannot see through, and a layer that it prunes wrongly.

A block is traced as one layer, and its inner layers are pruned here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch_pruning as tp
from torch import Tensor, nn

Side = Literal["in", "out"]
"""Of a layer's channels."""


@dataclass(frozen=True)
class Block:
    """A kind of block.

    Attributes:
        traced: What stands for its forward pass while the model is traced.
        inner: The layers inside, and their sides, that lose the channels its input loses, or those
            its output loses. Empty: that side may lose none. The same on both sides: input and
            output are the same channels.
        counted: The layer and the side that tell how many inputs or outputs there are.
    """

    traced: Callable[[nn.Module, Tensor], Tensor]
    inner: Mapping[Side, tuple[tuple[str, Side], ...]]
    counted: Mapping[Side, tuple[str, Side]]

    @property
    def through(self) -> bool:
        """Whether what the input loses, the output loses."""
        return self.inner["in"] == self.inner["out"]


_SCSE: tuple[tuple[str, Side], ...] = (("cSE.1", "in"), ("cSE.3", "out"), ("sSE.0", "in"))

BLOCKS: Mapping[str, Block] = {
    # MA-Net's attention over positions: its products of activations are reshaped in a way that
    # mixes positions and channels, so that no channel can be told from the others.
    "PABBlock": Block(
        traced=lambda block, x: block.out_conv(x),  # type: ignore[operator]
        inner={"in": (), "out": (("out_conv", "out"),)},
        counted={"in": ("out_conv", "in"), "out": ("out_conv", "out")},
    ),
    # One half of it gives a single channel for all, which is no channel of the others.
    "SCSEModule": Block(
        traced=lambda _, x: x * 1.0,
        inner={"in": _SCSE, "out": _SCSE},
        counted={"in": _SCSE[0], "out": _SCSE[0]},
    ),
}
"""By the name of their class: attention of segmentation_models_pytorch's decoders."""


def block_of(module: nn.Module) -> Block | None:
    """The block that a module is."""
    return BLOCKS.get(type(module).__name__)


def own_pruners(model: nn.Module) -> dict[type[nn.Module], tp.BasePruningFunc]:
    """What torch_pruning is to use instead of its own, by class of layer, for those in a model."""
    found: dict[type[nn.Module], tp.BasePruningFunc] = {}
    for module in model.modules():
        block = block_of(module)
        if block is not None:
            found[type(module)] = (_ThroughPruner if block.through else _BlockPruner)(block)
        elif isinstance(module, nn.LayerNorm):
            found[type(module)] = _LayerNormPruner()
    return found


@contextlib.contextmanager
def simplified(model: nn.Module) -> Iterator[None]:
    """A context in which blocks compute what stands for them in a trace."""
    changed = [(m, block) for m in model.modules() if (block := block_of(m)) is not None]
    for module, block in changed:
        module.forward = _bound(block, module)
    try:
        yield
    finally:
        for module, _ in changed:
            del module.forward


def _bound(block: Block, module: nn.Module) -> Callable[[Tensor], Tensor]:
    return lambda x: block.traced(module, x)


class _BlockPruner(tp.BasePruningFunc):  # type: ignore[misc]  # the library has no types
    """Removes channels from the layers inside a block."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        self._block = block

    def prune_in_channels(self, layer: nn.Module, idxs: list[int]) -> nn.Module:
        """Remove inputs."""
        self._prune(layer, "in", idxs)
        return layer

    def prune_out_channels(self, layer: nn.Module, idxs: list[int]) -> nn.Module:
        """Remove outputs."""
        self._prune(layer, "out", idxs)
        return layer

    def get_in_channels(self, layer: nn.Module) -> int:
        """How many inputs a block has."""
        return self._channels(layer, "in")

    def get_out_channels(self, layer: nn.Module) -> int:
        """How many outputs a block has."""
        return self._channels(layer, "out")

    def _prune(self, layer: nn.Module, side: Side, idxs: list[int]) -> None:
        for name, inner_side in self._block.inner[side]:
            prune = tp.prune_conv_in_channels if inner_side == "in" else tp.prune_conv_out_channels
            prune(layer.get_submodule(name), idxs)

    def _channels(self, layer: nn.Module, side: Side) -> int:
        name, inner_side = self._block.counted[side]
        inner: Any = layer.get_submodule(name)
        return int(inner.in_channels if inner_side == "in" else inner.out_channels)


class _ThroughPruner(_BlockPruner):
    """Of a block whose outputs are its inputs, weighed: torch_pruning tells by the same method."""

    prune_out_channels = _BlockPruner.prune_in_channels
    prune_in_channels = prune_out_channels


class _LayerNormPruner(tp.BasePruningFunc):  # type: ignore[misc]
    """Keeps the order of the channels; torch_pruning 1.6 takes them in that of a Python set."""

    def prune_out_channels(self, layer: nn.LayerNorm, idxs: list[int]) -> nn.LayerNorm:
        """Remove channels, which are the last dimension of the weights."""
        *before, channels = layer.normalized_shape
        kept = sorted(set(range(channels)) - set(idxs))
        for name in ("weight", "bias"):
            values = getattr(layer, name)
            if values is not None:
                setattr(layer, name, self._prune_parameter_and_grad(values, kept, -1))
        layer.normalized_shape = (*before, len(kept))
        return layer

    prune_in_channels = prune_out_channels

    def get_out_channels(self, layer: nn.LayerNorm) -> int:
        """How many channels a norm has."""
        return layer.normalized_shape[-1]

    get_in_channels = get_out_channels
