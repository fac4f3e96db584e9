"""Removing channels from a model, and remembering which."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
import torch_pruning as tp
from torch import Tensor, nn
from torch_pruning import ops

from automed.compression.prune_blocks import block_of
from automed.compression.prune_graph import OTHERWISE, Channels, cannot_follow, channels_of, trace
from automed.compression.prune_selection import MULTIPLE, kept_counts, least
from automed.domain.compression import Compression
from automed.domain.errors import CompressionError

Worth = Callable[[Any], Tensor]
"""From a group of torch_pruning to what its channels are worth, float, shape (channels,), of a mean
of 1."""

Place = tuple[str, Literal["in", "out", "values"]]
"""A layer's name and which side of it loses channels; or a parameter's name, and its values."""


@dataclass(frozen=True, eq=False)
class Kept:
    """What stayed at one place.

    Attributes:
        indices: Among the channels that were there, sorted, int64.
        channels: How many there were.
        dim: Of a parameter: the dimension that holds channels.
    """

    indices: Tensor
    channels: int
    dim: int = 0


@dataclass(eq=False)
class Removal:
    """Which channels of a model stayed, of all places that lost some."""

    kept: dict[Place, Kept] = field(default_factory=dict)

    @property
    def layers(self) -> int:
        """How many layers lost outputs."""
        return len(self._outputs)

    @property
    def kept_share(self) -> float:
        """How much of the outputs of these layers stayed."""
        return sum(len(k.indices) for k in self._outputs) / sum(k.channels for k in self._outputs)

    @property
    def _outputs(self) -> list[Kept]:
        return [kept for (_, side), kept in self.kept.items() if side == "out"]

    def note(self, place: Place, channels: int, removed: set[int], dim: int = 0) -> None:
        """Remember which of some channels are removed."""
        stays = [index for index in range(channels) if index not in removed]
        self.kept[place] = Kept(torch.tensor(stays), channels, dim)


@dataclass(frozen=True, eq=False)
class _Set:
    """Channels among which some are chosen, with their worth."""

    channels: Channels
    segment: Tensor
    worth: Tensor
    """Of one part, where they lie in several: shape (segment / ways,)."""

    @property
    def multiple(self) -> int:
        """What the number that stays in a part is a multiple of."""
        return MULTIPLE // math.gcd(MULTIPLE, self.channels.ways)

    def removed(self, kept: int) -> list[int]:
        """Indices at the layer where the channels are counted."""
        least_worth = least(self.worth, len(self.worth) - kept)
        parts = [self.segment[least_worth + way * len(self.worth)]
                 for way in range(self.channels.ways)]  # fmt: skip
        return [int(index) for index in torch.cat(parts)]


def remove_channels(
    model: nn.Module, example: Tensor, compression: Compression, worth: Worth
) -> Removal:
    """Remove a share of the channels of a model, in place, and all that hangs on them.

    Args:
        model: In eval mode. Afterwards all its parameters take gradients.
        example: An image, shape (1, channels, height, width), on the model's device, which may be
            the meta device.
        compression: Its ratio and its scope count.
        worth: What channels are worth.

    Raises:
        CompressionError: The channels cannot be followed through the model, or there is nothing
            to remove.
    """
    model.requires_grad_(True)
    graph = trace(model, example)
    try:
        sets = list(_sets(graph, worth))
        counts = kept_counts(
            [s.worth for s in sets], compression.ratio, compression.scope,
            [s.multiple for s in sets],
        )  # fmt: skip
        planned = _planned(graph, _chosen(sets, counts))
        removal = _noted(graph, planned)
        with torch.no_grad():
            for removed in planned:
                _remove(graph, removed)
    except Exception as error:
        raise cannot_follow(error) from error
    if not removal.layers:
        raise CompressionError(
            "the model cannot be pruned: there is nothing to remove",
            found=f"all layers have {MULTIPLE} channels or fewer, or make the output",
            hint=OTHERWISE,
        )
    return removal


def _sets(graph: tp.DependencyGraph, worth: Worth) -> Iterator[_Set]:
    for channels in list(channels_of(graph)):
        scores = worth(channels.group).detach().cpu()
        for segment in channels.segments:
            parts = scores[segment].view(channels.ways, -1)
            yield _Set(channels, segment, parts.mean(dim=0))


def _chosen(sets: list[_Set], counts: list[int]) -> Iterator[tuple[Channels, list[int]]]:
    """What is removed from each group."""
    removed: dict[Channels, list[int]] = {}
    for found, count in zip(sets, counts, strict=True):
        removed.setdefault(found.channels, []).extend(found.removed(count))
    return ((channels, sorted(indices)) for channels, indices in removed.items() if indices)


@dataclass(frozen=True, eq=False)
class _Removed:
    """What one side of a layer, or a parameter, loses.

    Attributes:
        dep: torch_pruning's dependency, which knows how.
        indices: Of channels as they are before any removal.
    """

    dep: Any
    indices: set[int] = field(default_factory=set)


def _planned(
    graph: tp.DependencyGraph, chosen: Iterable[tuple[Channels, list[int]]]
) -> list[_Removed]:
    """What is to be removed, each place once: a layer may follow several that lose channels."""
    planned: dict[tuple[int, Any], _Removed] = {}
    for channels, indices in chosen:
        root = channels.group[0].dep
        group = graph.get_pruning_group(root.target.module, root.handler, indices)
        if not graph.check_pruning_group(group):
            continue  # a layer would lose all its channels
        for dep, lost in group:
            key = (id(dep.target), dep.handler)
            planned.setdefault(key, _Removed(dep)).indices.update(lost)
    return list(planned.values())


def _noted(graph: tp.DependencyGraph, planned: list[_Removed]) -> Removal:
    removal = Removal()
    for removed in planned:
        for place, count, dim in _places(graph, removed.dep):
            removal.note(place, count, removed.indices, dim)
    return removal


def _remove(graph: tp.DependencyGraph, removed: _Removed) -> None:
    target = removed.dep.target
    pruned = removed.dep(sorted(removed.indices))
    if target.type == ops.OPTYPE.PARAMETER:
        owner, _, name = graph._param_to_name[target.module].rpartition(".")
        setattr(graph.model.get_submodule(owner), name, pruned)


def _places(graph: tp.DependencyGraph, dep: Any) -> Iterator[tuple[Place, int, int]]:  # noqa: ANN401
    """What a dependency removes: the place, how many channels are there, and the dimension."""
    module, kind = dep.target.module, dep.target.type
    if kind == ops.OPTYPE.PARAMETER:
        dim = dep.target.pruning_dim
        yield (graph._param_to_name[module], "values"), module.shape[dim], dim
        return
    if module not in graph._module2name:
        return  # an operation without parameters
    name, block = graph._module2name[module], block_of(module)
    outputs = graph.is_out_channel_pruning_fn(dep.handler)
    if block is not None:
        yield from _inner_places(name, module, "out" if outputs else "in")
    elif outputs:
        yield (name, "out"), graph.get_out_channels(module), 0
    else:
        yield (name, "in"), graph.get_in_channels(module), 0


def _inner_places(
    name: str, module: nn.Module, side: Literal["in", "out"]
) -> Iterator[tuple[Place, int, int]]:
    block = block_of(module)
    assert block is not None
    for inner, inner_side in block.inner[side]:
        layer: Any = module.get_submodule(inner)
        count = layer.in_channels if inner_side == "in" else layer.out_channels
        yield (f"{name}.{inner}", inner_side), count, 0
