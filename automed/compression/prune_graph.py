"""Which channels of a model hang together: the dependency graph of torch_pruning.

G. Fang et al., DepGraph: Towards Any Structural Pruning, CVPR 2023.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch_pruning as tp
from torch import Tensor, nn
from torch_pruning import ops

from automed.compression.prune_blocks import BLOCKS, block_of, own_pruners, simplified
from automed.domain.errors import CompressionError

_PRODUCTS = ("Bmm", "ScaledDotProduct")
"""Operations, by the beginning of autograd's names, that multiply activations with each other."""

OTHERWISE = (
    "leave its architecture or encoder out of the space, or compress it with ptq, qat or sparse"
)


@dataclass(frozen=True, eq=False)
class Channels:
    """Channels that only go together, because a later layer adds or concatenates them.

    Attributes:
        group: torch_pruning's, of all of them; first comes the layer they are counted at.
        ways: In how many equal parts they lie: a grouped convolution or norm must lose the same
            ones of each.
        segments: Those of them that the same layers hold, as indices, shape (channels,) each.
            Different layers, such as two that are concatenated, each lose their share.
    """

    group: Any
    ways: int
    segments: tuple[Tensor, ...]


def trace(model: nn.Module, example: Tensor) -> tp.DependencyGraph:
    """The dependency graph of a model.

    Args:
        model: In eval mode; all parameters take gradients, which the trace follows.
        example: A batch of images, on the model's device, which may be the meta device.

    Raises:
        CompressionError: The model has attention, through which channels cannot be followed.
    """
    try:
        with torch.enable_grad(), simplified(model):
            graph = tp.DependencyGraph().build_dependency(
                model, example, forward_fn=_with_loose_ends, verbose=False,
                customized_pruners=own_pruners(model),
            )  # fmt: skip
    except Exception as error:
        raise cannot_follow(error) from error
    _refuse_attention(graph)
    _hold_indices(graph)
    return graph


def channels_of(graph: tp.DependencyGraph) -> Iterator[Channels]:
    """All sets of channels that may lose some: those of the model's outputs may not."""
    blocks = (kind for kind in graph.CUSTOMIZED_PRUNERS if kind.__name__ in BLOCKS)
    roots = (nn.modules.conv._ConvNd, nn.Linear, *blocks)
    for group in graph.get_all_groups(root_module_types=roots):
        if not any(_is_fixed(graph, dep, len(indices)) for dep, indices in group):
            ways = _ways(graph, group)
            if ways == len(group[0].idxs):
                continue  # such as where a depthwise convolution has more outputs than inputs
            yield Channels(group, ways, _segments(group) if ways == 1 else (_all(group),))


_RENUMBERED = (
    ops.OPTYPE.CONCAT, ops.OPTYPE.SPLIT, ops.OPTYPE.RESHAPE,
    ops.OPTYPE.UNBIND, ops.OPTYPE.EXPAND, ops.OPTYPE.SLICE,
)  # fmt: skip


def _hold_indices(graph: tp.DependencyGraph) -> None:
    """Let channels keep the numbers that they have now.

    torch_pruning looks for new ones, by the types of operations, whenever it is asked what hangs
    on a channel: of DenseNet121 that is half a minute. All removals are planned before the first
    one is made, so that there are none.
    """
    for node in graph.module2node.values():
        if node.type in _RENUMBERED:
            node.type = ops.OPTYPE.ELEMENTWISE


def _is_fixed(graph: tp.DependencyGraph, dep: Any, channels: int) -> bool:  # noqa: ANN401
    """Whether so many channels of a layer may not become fewer."""
    module, outputs = dep.target.module, graph.is_out_channel_pruning_fn(dep.handler)
    if dep.target.type == ops.OPTYPE.OUTPUT:
        return True
    block = block_of(module)
    if block is not None:
        return not block.inner["out" if outputs else "in"]
    # PAN multiplies all channels by a single one, which is none of them.
    there = graph.get_out_channels(module) if outputs else graph.get_in_channels(module)
    return there is not None and there < channels


def cannot_follow(error: Exception) -> CompressionError:
    """What to say of a model that torch_pruning fails on."""
    text = str(error).splitlines()[0] if str(error) else ""
    return CompressionError(
        "the model cannot be pruned: torch_pruning cannot follow its channels",
        found=f"{type(error).__name__}: {text}",
        hint=OTHERWISE,
    )


def _with_loose_ends(model: nn.Module, example: Tensor) -> list[Tensor]:
    """The output, and what layers compute that it does not depend on: their inputs change too."""
    found: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: object, output: object) -> None:
        if isinstance(output, Tensor) and output.requires_grad:
            found.append(output)

    layers = [module for module in model.modules() if not list(module.children())]
    hooks = [module.register_forward_hook(keep) for module in layers]
    try:
        output = model(example)
    finally:
        for hook in hooks:
            hook.remove()
    # Times one: else torch_pruning takes the last layer, rather than its result, for the output.
    return [output * 1.0, *reversed(found)]


def _refuse_attention(graph: tp.DependencyGraph) -> None:
    names = {str(getattr(module, "_grad_fn", "")) for module in graph.module2node}
    products = sorted(name for name in names if name.startswith(_PRODUCTS))
    heads = any(isinstance(module, nn.MultiheadAttention) for module in graph.module2node)
    if products or heads:
        raise CompressionError(
            "the model cannot be pruned: it has attention, which multiplies activations with each "
            "other, and torch_pruning cannot follow channels through that",
            found=", ".join(name.removesuffix("0") for name in products) or "MultiheadAttention",
            hint=OTHERWISE,
        )


def _ways(graph: tp.DependencyGraph, group: Any) -> int:  # noqa: ANN401 - the library has no types
    found = _copies(graph, group)
    for dep, _ in group:
        module = dep.target.module
        if isinstance(module, nn.modules.conv._ConvNd) and module.groups < module.out_channels:
            found = math.lcm(found, module.groups)
        elif isinstance(module, nn.GroupNorm):
            found = math.lcm(found, module.num_groups)
    return found


def _copies(graph: tp.DependencyGraph, group: Any) -> int:  # noqa: ANN401
    """How many channels of one layer go with the first one.

    A ghost module concatenates its channels and others that are made from them one by one: where
    that is added to a layer's output, each channel takes another of the same layer with it.
    """
    root = group[0].dep
    first = graph.get_pruning_group(root.target.module, root.handler, [0])
    alike = {
        index
        for dep, indices in first
        if dep.target is root.target and dep.handler == root.handler
        for index in indices
    }
    return len(alike) if len(group[0].idxs) % len(alike) == 0 else 1


def _segments(group: Any) -> tuple[Tensor, ...]:  # noqa: ANN401
    holders: list[list[int]] = [[] for _ in group[0].idxs]
    for number in range(len(group)):
        for index in set(group[number].root_idxs):
            holders[index].append(number)
    alike: dict[tuple[int, ...], list[int]] = {}
    for index, numbers in enumerate(holders):
        alike.setdefault(tuple(numbers), []).append(index)
    return tuple(torch.tensor(indices) for indices in alike.values())


def _all(group: Any) -> Tensor:  # noqa: ANN401
    return torch.arange(len(group[0].idxs))
