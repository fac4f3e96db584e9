"""What a channel is worth."""

from __future__ import annotations

from typing import Any

import torch
import torch_pruning as tp
from torch import Tensor, nn

from automed.compression.bench import Bench
from automed.compression.prune_channels import Worth
from automed.domain.digest import derive_seed
from automed.training.batches import shuffled
from automed.training.evaluate import BATCH
from automed.training.forward import Forward
from automed.training.losses import build_loss

_BATCHES = 8
"""From which the gradients of ``taylor`` are taken."""


def worth_of(model: nn.Module, bench: Bench) -> Worth:
    """The importance that a compression asks for.

    - ``l1``, ``l2``: norms of the weights of all layers that hold the channel, in and out.
    - ``bn_scale``: absolute scales of its batch norms (Liu et al., Learning Efficient Convolutional
      Networks through Network Slimming, ICCV 2017); ``l1`` where it has none.
    - ``taylor``: what the loss would change by, to first order, without its weights (Molchanov et
      al., Importance Estimation for Neural Network Pruning, CVPR 2019), on training images.
    - ``random``: a function of the bench's seed.

    Each gives the channels of a group a mean of 1, so that groups can be compared.

    Args:
        model: On the bench's device, in eval mode; ``taylor`` leaves gradients in it.
        bench: Its surroundings.
    """
    importance = bench.compression.importance
    if importance == "random":
        return _Random(derive_seed(bench.seed, "importance"))
    if importance == "taylor":
        _collect_gradients(model, bench)
        return _Normed(_Taylor(normalizer=None))
    if importance == "bn_scale":
        return _Normed(_BatchNormScale(normalizer=None), _Magnitude(p=1, normalizer=None))
    return _Normed(_Magnitude(p=1 if importance == "l1" else 2, normalizer=None))


def ranks(group: Any) -> Tensor:  # noqa: ANN401 - torch_pruning has no types
    """Evenly spread worth, of a mean of 1: what is removed with it, other worths remove as well.

    With the scope ``uniform`` they remove as many channels of each layer, with ``global`` about
    so many, as far as layers are equally spread.
    """
    channels = len(group[0].idxs)
    return (torch.arange(channels, dtype=torch.float64) + 0.5) * (2 / channels)


class _PerChannel:
    """The mean over the layers that hold a channel, for torch_pruning's importances.

    Its own reduction fails where the first layer holds only some of the group's channels, as in
    the concatenation of DeepLabV3+, and divides channels of one layer by the number of all.
    """

    _channels: int

    def __call__(self, group: Any) -> Tensor | None:  # noqa: ANN401
        """Float worth of shape (channels,), NaN where no layer tells; None: of none of them."""
        self._channels = len(group[0].idxs)
        found: Tensor | None = super().__call__(group)  # type: ignore[misc]
        return found

    def _reduce(self, scores: list[Tensor], indices: list[list[int]]) -> Tensor:
        total = scores[0].new_zeros(self._channels, dtype=torch.float64)
        count = torch.zeros_like(total)
        for score, index in zip(scores, indices, strict=True):
            at = torch.tensor(index, device=total.device)
            total.index_add_(0, at, score.double())
            count.index_add_(0, at, torch.ones_like(score, dtype=torch.float64))
        return total / count


class _Magnitude(_PerChannel, tp.importance.GroupMagnitudeImportance):  # type: ignore[misc]
    pass


class _Taylor(_PerChannel, tp.importance.GroupTaylorImportance):  # type: ignore[misc]
    pass


class _BatchNormScale(_PerChannel, tp.importance.BNScaleImportance):  # type: ignore[misc]
    pass


class _Normed:
    """The first importance that knows of the channels, of a mean of 1."""

    def __init__(self, *importances: _PerChannel) -> None:
        self._importances = importances

    def __call__(self, group: Any) -> Tensor:  # noqa: ANN401
        worth = torch.full((len(group[0].idxs),), torch.nan, dtype=torch.float64)
        for importance in self._importances:
            found = importance(group)
            if found is not None:
                worth = torch.where(worth.isnan(), _mean_one(found.cpu()), worth)
        return worth.nan_to_num(nan=1.0)


class _Random:
    """Uniform between 0 and 2."""

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)

    def __call__(self, group: Any) -> Tensor:  # noqa: ANN401
        return 2 * torch.rand(len(group[0].idxs), generator=self._generator, dtype=torch.float64)


def _mean_one(worth: Tensor) -> Tensor:
    mean = worth.nanmean()
    return worth / mean if mean > 0 else torch.ones_like(worth)


def _collect_gradients(model: nn.Module, bench: Bench) -> None:
    """Gradients of the training loss, summed over some batches; the weights stay."""
    model.requires_grad_(True)
    forward = Forward(model, bench.normalization, bench.device, "fp32")
    loss = build_loss(bench.recipe.loss, label_smoothing=bench.recipe.label_smoothing)
    loss = loss.to(bench.device)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    generator = torch.Generator().manual_seed(derive_seed(bench.seed, "importance"))
    batches = shuffled(len(bench.train), BATCH, generator)
    with torch.enable_grad():
        for _, picked in zip(range(_BATCHES), batches, strict=False):
            images, targets = bench.train.batch(picked, bench.device)
            loss(forward(images), targets).backward()
