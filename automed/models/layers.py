"""The encoder inside a model, and its layers in order."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import timm
import torch
from segmentation_models_pytorch.base import SegmentationModel
from segmentation_models_pytorch.encoders import TimmUniversalEncoder, TimmViTEncoder
from torch import nn

from automed.domain.errors import TrainingError
from automed.models.weights_check import classifier_prefixes


@dataclass(frozen=True, eq=False)
class Encoder:
    """What of a model can have pretrained weights: of a classifier, everything but its head.

    Attributes:
        modules: By timm's names, also where segmentation_models_pytorch wraps the encoder, in the
            order in which timm defines them: a block before what is in it. The first, ``""``,
            holds all others.
        timm: The name of timm's model where `modules` are its feature extractor's, which cannot
            tell how layers group.
    """

    modules: Mapping[str, nn.Module]
    timm: str | None = None

    @property
    def layers(self) -> list[str]:
        """Names of the modules with parameters of their own, in order.

        Convolutions, normalizations, linear layers; also a block with a layer scale, or ``""`` for
        the class token and the position embedding of a vision transformer.
        """
        return [name for name, module in self.modules.items() if own_parameters(module)]

    @property
    def blocks(self) -> list[str]:
        """Names of its uppermost parts with parameters; a row of blocks is listed one by one."""
        return [
            name for name, module in self.modules.items()
            if self._is_uppermost(name) and next(module.parameters(), None) is not None
        ]  # fmt: skip

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """All parameters, by timm's names, in order."""
        for name, module in self.modules.items():
            for own, parameter in module.named_parameters(recurse=False):
                yield f"{name}.{own}".removeprefix("."), parameter

    def _is_uppermost(self, name: str) -> bool:
        above, _, _ = name.rpartition(".")
        if "." in above or name == "" or self._is_row(name):
            return False
        return above == "" or above not in self.modules or self._is_row(above)

    def _is_row(self, name: str) -> bool:
        return "." not in name and isinstance(self.modules.get(name), nn.Sequential | nn.ModuleList)


def own_parameters(module: nn.Module) -> list[nn.Parameter]:
    """Those that a module holds itself, rather than its children."""
    return list(module.parameters(recurse=False))


def encoder_in(model: nn.Module) -> Encoder:
    """Find the encoder of a model that `build_model` built.

    Raises:
        TrainingError: It has none, as the plain U-Net.
    """
    if isinstance(model, SegmentationModel):
        return _wrapped(model.get_submodule("encoder"))
    head = classifier_prefixes(model)
    if not head:
        raise TrainingError(
            f"{type(model).__name__} has no encoder whose layers could be frozen, or have learning "
            "rates of their own",
            expected="training.freeze = none, training.frozen_share = 0, training.layer_decay = 1",
            hint="in a search space, give these parameters a condition on model.architecture",
        )
    return Encoder(_before_head(model, head))


def _wrapped(encoder: nn.Module) -> Encoder:
    """An encoder of segmentation_models_pytorch: a model of timm, or one inside."""
    if not isinstance(encoder, TimmUniversalEncoder | TimmViTEncoder):
        return Encoder(dict(encoder.named_modules()))
    inner = encoder.get_submodule("model")
    if hasattr(inner, "group_matcher"):
        return Encoder(dict(inner.named_modules()))
    if isinstance(inner, nn.ModuleDict) and list(inner) == ["model"]:  # timm's FeatureGetterNet
        return Encoder(dict(inner["model"].named_modules()))
    renamed = _flattened(encoder.name) if isinstance(inner, nn.ModuleDict) else {}
    return Encoder(
        {_original(name, renamed): module for name, module in inner.named_modules()},
        timm=encoder.name,
    )


def reference(name: str) -> nn.Module:
    """The model that timm has of a name, without weights; torch's random state is left alone."""
    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        model: nn.Module = timm.create_model(name)
    return model


@functools.cache
def _flattened(name: str) -> Mapping[str, str]:
    """What timm's feature extractors call the items of sequences: ``stages_0`` is ``stages.0``."""
    return {
        f"{above}_{below}": f"{above}.{below}"
        for above, module in reference(name).named_children()
        if isinstance(module, nn.Sequential)
        for below, _ in module.named_children()
    }


def _original(name: str, renamed: Mapping[str, str]) -> str:
    first, dot, rest = name.partition(".")
    return renamed.get(first, first) + dot + rest


def _before_head(model: nn.Module, head: tuple[str, ...]) -> dict[str, nn.Module]:
    modules = {
        name: module for name, module in model.named_modules() if not f"{name}.".startswith(head)
    }
    # Pooling and dropout on the way to the classifier are the head's, also where some of the
    # encoder's last layers lie between them, beside the classifier.
    beside = tuple(f"{prefix.partition('.')[0]}." for prefix in head)
    for name in reversed(list(modules)):
        above, _, _ = name.rpartition(".")
        if own_parameters(modules[name]):
            if not name.startswith(beside):
                break
        elif above == "" or any(prefix.startswith(f"{above}.") for prefix in head):
            del modules[name]
    return modules
