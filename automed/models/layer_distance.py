"""How far before a model's output each layer of its encoder lies."""

from __future__ import annotations

from typing import Any, cast

from timm.models import group_parameters
from torch import nn

from automed.models.layers import Encoder, encoder_in, reference


def layer_distances(model: nn.Module) -> dict[nn.Parameter, int]:
    """Steps from each parameter of the encoder to what follows the encoder.

    1 in its last group of layers, one more in each group before. The groups are those of timm's
    layer-wise learning-rate decay: mostly the residual blocks, and the stem; where timm knows none,
    the encoder's uppermost blocks. Decoders and classifiers are not in the dictionary.

    Raises:
        TrainingError: The model has no encoder.
    """
    encoder = encoder_in(model)
    groups = _timm_groups(encoder) or _groups_by_block(encoder)
    named = dict(encoder.named_parameters())
    # What timm's matcher leaves out, timm counts to the last group.
    last = max(groups.values())
    group_of = {name: groups.get(name, last) for name in named}
    order = sorted(set(group_of.values()), reverse=True)
    distances = {group: steps for steps, group in enumerate(order, start=1)}
    return {parameter: distances[group_of[name]] for name, parameter in named.items()}


def _timm_groups(encoder: Encoder) -> dict[str, int]:
    model = encoder.modules[""] if encoder.timm is None else reference(encoder.timm)
    if not hasattr(model, "group_matcher"):
        return {}
    matcher = cast(Any, model).group_matcher(coarse=False)
    groups: dict[str, int] = group_parameters(model, matcher, reverse=True)
    return groups


def _groups_by_block(encoder: Encoder) -> dict[str, int]:
    """The n-th uppermost block is group n; what is in none, such as a class token, comes first."""
    groups, blocks = {}, encoder.blocks
    for name, _ in encoder.named_parameters():
        above = [i for i, block in enumerate(blocks) if name.startswith(f"{block}.")]
        groups[name] = above[0] if above else -1
    return groups
