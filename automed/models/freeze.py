"""Keeping the first part of an encoder as it was pretrained."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from torch import nn

from automed.domain.errors import TrainingError
from automed.domain.suggestion import suggestion
from automed.models.layers import Encoder, encoder_in, own_parameters


@dataclass(frozen=True, eq=False)
class FrozenPart:
    """What of a model is not trained.

    Attributes:
        parameters: They keep their values.
        modules: They stay in eval mode: batch normalization uses, and keeps, its running
            statistics, dropout and stochastic depth do nothing.
    """

    parameters: tuple[nn.Parameter, ...] = ()
    modules: tuple[nn.Module, ...] = ()

    def train(self, model: nn.Module) -> None:
        """Put a model into training mode, but for its frozen part."""
        model.train()
        for module in self.modules:
            module.eval()


def frozen_part(model: nn.Module, freeze: str) -> FrozenPart:
    """The part of a model's encoder that a setting keeps from being trained.

    - ``none``
    - ``all``: the encoder. Decoder, segmentation head and classifier are trained, and dropout
      before the classifier goes on.
    - a share, such as ``0.5``: so many of the encoder's layers, rounded, from the first on.
    - a name, such as ``blocks.4`` or ``blocks.5.6.conv_pw``: everything up to this block or layer,
      and itself.

    Layers are the modules with parameters of their own, in the order in which timm defines them,
    which is that of the computation but for shortcuts and layer scales. A module without
    parameters, such as dropout, goes with the layer before it. Names are timm's, whether timm or
    segmentation_models_pytorch built the encoder.

    The papers count layers of Keras, which in timm are:

    =====  ====================  =========================  ======================  =========
    paper  encoder               in Keras                   freeze                  trained
    =====  ====================  =========================  ======================  =========
    3      tf_efficientnet_b4    stage 1: all               ``all``                 7,172
    3      tf_efficientnet_b4    stage 2: all but last 60   ``blocks.5.6.conv_pw``  7,158,336
    5      tf_efficientnetv2_b0  the first 200 of 271       ``blocks.5.3.bn2``      2,863,603
    =====  ====================  =========================  ======================  =========

    Trained are the parameters that remain, with the classifier for the papers' 4 and 3 classes.

    Raises:
        TrainingError: The model has no encoder, its encoder no such layer, or the share is not
            between 0 and 1.
    """
    if freeze == "none":
        return FrozenPart()
    encoder = encoder_in(model)
    chosen = list(encoder.modules.values())[: _frozen_count(encoder, freeze)]
    ids = {id(module) for module in chosen}
    return FrozenPart(
        parameters=tuple(p for module in chosen for p in own_parameters(module)),
        # One that also holds layers that are trained is itself at work in training mode.
        modules=tuple(m for m in chosen if all(id(inner) in ids for inner in m.modules())),
    )


@contextmanager
def frozen(model: nn.Module, freeze: str) -> Iterator[FrozenPart]:
    """Takes the gradients from a part of a model for a while.

    Args:
        model: As `build_model` builds it.
        freeze: As `frozen_part` reads it.

    Raises:
        TrainingError: As `frozen_part`.
    """
    part = frozen_part(model, freeze)
    held = [p for p in part.parameters if p.requires_grad]
    for parameter in held:
        parameter.requires_grad_(False)
    try:
        yield part
    finally:
        for parameter in held:
            parameter.requires_grad_(True)


def _frozen_count(encoder: Encoder, freeze: str) -> int:
    """How many of the encoder's modules are frozen."""
    names = list(encoder.modules)
    layers = encoder.layers
    share = 1.0 if freeze == "all" else _share(freeze)
    if share is None:
        last = _last_of(encoder, freeze)
    elif round(share * len(layers)) == 0:
        return 0
    else:
        last = layers[round(share * len(layers)) - 1]
    count = names.index(last) + 1
    while count < len(names) and next(encoder.modules[names[count]].parameters(), None) is None:
        count += 1
    return count


def _share(freeze: str) -> float | None:
    try:
        share = float(freeze)
    except ValueError:
        return None
    if not 0 <= share <= 1:
        raise TrainingError(
            f"training.freeze = {freeze} is no share of an encoder's layers",
            expected="a number from 0 to 1",
        )
    return share


def _last_of(encoder: Encoder, block: str) -> str:
    """The last module of a block, or the layer of that name."""
    inside = [n for n in encoder.modules if n == block or n.startswith(f"{block}.")]
    if block == "" or not inside:
        raise TrainingError(
            f"training.freeze = {block!r}: the encoder has no such layer"
            f"{suggestion(block, encoder.modules)}",
            expected=f"none, all, a share such as 0.5, or a layer of {', '.join(encoder.blocks)}",
        )
    return inside[-1]
