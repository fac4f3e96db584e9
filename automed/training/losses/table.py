"""All losses: a row each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import segmentation_models_pytorch as smp
from torch import Tensor, nn

from automed.domain import component
from automed.registry.components import WithPlugins
from automed.training.losses.cross_entropy import BinaryCrossEntropy, CrossEntropy
from automed.training.losses.focal import BinaryFocalLoss, SoftmaxFocalLoss
from automed.training.losses.kind import Kind
from automed.training.losses.regions import BinaryLovasz, RegionLoss

Option = Literal["class_weights", "label_smoothing"]


@dataclass(frozen=True, eq=False)
class Options:
    """What a loss may be told: a tensor of shape (classes,), and a share of the labels."""

    class_weights: Tensor | None = None
    label_smoothing: float = 0.0


@dataclass(frozen=True)
class Row:
    """One loss.

    Attributes:
        makes: How it is made, for each kind of targets that it is defined for.
        takes: Which options have an effect on it.
    """

    makes: Mapping[Kind, Callable[[Options], nn.Module]]
    takes: frozenset[Option] = frozenset()


def _region(false_positives: float, false_negatives: float) -> Row:
    def make(_: Options) -> nn.Module:
        return RegionLoss(false_positives, false_negatives)

    return Row({"binary masks": make, "class masks": make})


def _cross_entropy(options: Options) -> nn.Module:
    return CrossEntropy(options.class_weights, options.label_smoothing)


def _softmax_focal(options: Options) -> nn.Module:
    return SoftmaxFocalLoss(weights=options.class_weights)


def _of_plugin(loss: component.Loss) -> Row:
    return Row({kind: lambda _: _module(loss.make()) for kind in loss.targets})


def _module(compute: Callable[[Tensor, Tensor], Tensor]) -> nn.Module:
    return compute if isinstance(compute, nn.Module) else _Called(compute)


class _Called(nn.Module):
    """A function as a module."""

    def __init__(self, compute: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self._compute = compute

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        return self._compute(logits, targets)


_OWN = {
    "bce": Row(
        {"binary masks": lambda o: BinaryCrossEntropy(o.class_weights, o.label_smoothing)},
        takes=frozenset({"class_weights", "label_smoothing"}),
    ),
    "dice": _region(0.5, 0.5),
    "focal": Row(
        {
            "binary masks": lambda o: BinaryFocalLoss(weights=o.class_weights),
            "class masks": _softmax_focal,
            "classes": _softmax_focal,
        },
        takes=frozenset({"class_weights"}),
    ),
    "jaccard": _region(1, 1),
    # Missed pixels cost more than wrong ones, as Salehi et al., Tversky Loss Function for Image
    # Segmentation Using 3D Fully Convolutional Deep Networks (2017), found best for small lesions.
    "tversky": _region(0.3, 0.7),
    "lovasz": Row(
        {
            "binary masks": lambda _: BinaryLovasz(),
            # Lovasz-Softmax as Berman et al. (2018): the mean over the classes that the batch
            # shows, the background among them.
            "class masks": lambda _: smp.losses.LovaszLoss("multiclass"),
        }
    ),
    "ce": Row(
        {"class masks": _cross_entropy, "classes": _cross_entropy},
        takes=frozenset({"class_weights", "label_smoothing"}),
    ),
}
LOSSES: Mapping[str, Row] = WithPlugins(_OWN, component.Loss, _of_plugin)
"""By the name that formulas hold; with those of plugins."""


def losses_for(kind: Kind) -> list[str]:
    """The names of the losses for a kind of targets."""
    return [name for name, row in LOSSES.items() if kind in row.makes]


def losses_taking(option: Option) -> list[str]:
    """The names of the losses that an option has an effect on."""
    return [name for name, row in LOSSES.items() if option in row.takes]
