"""Training that drives weak channels towards zero, before they are removed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from automed.compression.bench import Bench
from automed.domain.digest import derive_seed
from automed.domain.errors import CompressionError

STRENGTH = 1e-3
"""Weight of the penalty. The paper has 1e-4 over 160 epochs; here there are fewer."""

_WEAK = 0.1
"""A channel is weak below this share of its layer's mean scale."""


def learn_sparsity(model: nn.Module, bench: Bench) -> float:
    """Train with an L1 penalty on the scales of batch norms, as network slimming does.

    Liu et al., Learning Efficient Convolutional Networks through Network Slimming, ICCV 2017: the
    subgradient is added to the scale's gradient, as torch_pruning's ``BNScalePruner.regularize``
    does it. It takes as many epochs as the fine-tuning, at the rate that the parent was trained
    with, and keeps the last one's weights.

    Args:
        model: Is trained in place and left in eval mode.
        bench: Its surroundings.

    Returns:
        Share of the channels with batch norm whose scale is weak: below a tenth of the mean of its
        layer.

    Raises:
        CompressionError: The model has no batch norms.
        TrainingError: As `automed.training.fit.fit` does.
    """
    recipe = bench.finetuning.replace(learning_rate=bench.recipe.learning_rate)
    with _penalty(_scales(model)):
        seed = derive_seed(bench.seed, "sparsity")
        bench.fit(model, recipe, seed=seed, select_from=recipe.epochs)
    model.eval()
    weak = torch.cat([s.detach().abs() < _WEAK * s.detach().abs().mean() for s in _scales(model)])
    return float(weak.float().mean())


def _scales(model: nn.Module) -> list[nn.Parameter]:
    norms = (m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm))
    found = [norm.weight for norm in norms if norm.affine]
    if not found:
        raise CompressionError(
            "sparsity_learning has nothing to work on",
            found="a model without batch norms",
            hint="leave sparsity_learning out",
        )
    return found


@contextlib.contextmanager
def _penalty(scales: list[nn.Parameter]) -> Iterator[None]:
    """A context in which gradients of the scales are those of the loss and of the penalty."""
    hooks = [scale.register_hook(_penalized(scale)) for scale in scales]  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _penalized(scale: nn.Parameter) -> Callable[[Tensor], Tensor]:
    return lambda gradient: gradient + STRENGTH * torch.sign(scale.detach())
