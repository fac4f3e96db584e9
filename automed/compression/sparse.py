"""Weights of small magnitude set to zero while the model is fine-tuned, as paper 1 prunes."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils import prune

from automed.compression.bench import Bench
from automed.compression.method import Details
from automed.compression.none import Dense
from automed.compression.sparsity_schedule import SparsitySchedule
from automed.domain.errors import CompressionError
from automed.training.batches import steps_per_epoch

_CONVOLUTIONS = (
    nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d,
)  # fmt: skip

_STANDARDIZING = ("StdConv", "ScaledStdConv")
"""Beginnings of the names of timm's layers that subtract the mean of their weights (Qiao et al.,
Weight standardization, 2019)."""

SMALL = 1000
"""Weights below which a layer is not pruned. There is nothing to gain, and much to lose: of a
U-Net's eight weights before the output one would be left, and what it had learned would be gone."""


class Sparse:
    """Magnitude pruning of single weights, as TensorFlow's ``prune_low_magnitude``; a `Step`.

    Layer by layer, the weights of smallest magnitude become zero, first one half of them, at last
    `Compression.sparsity`. The masks are taken anew from the weights at each update. Between the
    updates masked weights are set back to zero after each step, while their gradients go on to
    count: one whose last step carried it beyond the others at an update comes back.

    Convolutions and linear layers are pruned; depthwise convolutions, biases and norms are not, as
    in TensorFlow. Other than there, layers with fewer than 1000 weights are left alone, too. The
    file is as large as before until it is compressed, and no faster.
    """

    def __init__(self) -> None:
        self._details: Details = {}

    def prepare(self, model: nn.Module, bench: Bench) -> nn.Module:
        """The model as it is; its weights become sparse while it is fine-tuned.

        Raises:
            CompressionError: It has no weights that could, or standardizes its weights.
        """
        for name, module in model.named_modules():
            if type(module).__name__.startswith(_STANDARDIZING):
                raise CompressionError(
                    "zero weights would not stay zero: the encoder standardizes its weights",
                    found=f"{type(module).__name__} at {name}",
                    expected="layers that compute with their weights as they are",
                    hint="leave the encoder out of the space, or sparse out of --compress",
                )
        if not prunable_weights(model):
            raise CompressionError(
                "the model has no weights to prune",
                expected="convolutions or linear layers",
                hint="leave sparse out of --compress",
            )
        return model

    def finetune(self, model: nn.Module, bench: Bench) -> nn.Module:
        """Train while the sparsity rises, and at the final sparsity; one of those epochs is kept.

        Raises:
            TrainingError: As `automed.training.fit.fit` does.
        """
        recipe = bench.finetuning
        each = steps_per_epoch(len(bench.train), recipe.batch_size)
        schedule = SparsitySchedule.over(each * recipe.epochs, bench.compression.sparsity)
        first = schedule.first_epoch(each)
        after_step = _Pruner(model, schedule).after_step
        bench.fit(model, recipe, after_step=after_step, select_from=first)
        self._details = {
            "target_sparsity": schedule.final,
            "update_interval": float(schedule.interval),
            "mask_updates": float(schedule.updates),
            "final_sparsity_from_epoch": float(first),
        }
        return model.eval()

    def finalize(self, model: nn.Module, path: Path, bench: Bench) -> nn.Module:
        """Write the model as an ONNX file; zeros are zeros there.

        Raises:
            ExportError: The model cannot be exported.
            OSError: The file cannot be written.
        """
        weights = prunable_weights(model)
        zeros = sum(int((weight == 0).sum()) for weight in weights)
        self._details["reached_sparsity"] = zeros / sum(weight.numel() for weight in weights)
        self._details["zero_share_of_parameters"] = zeros / sum(
            parameter.numel() for parameter in model.parameters()
        )
        return Dense().finalize(model, path, bench)

    def describe(self) -> Details:
        """Target and reached share of zeros among the prunable weights, and of all parameters.

        With it the steps between two updates of the masks, how many updates there were, and the
        first epoch that ended at the final sparsity.
        """
        return dict(self._details)


def prunable_weights(model: nn.Module) -> list[Tensor]:
    """The weights that TensorFlow's ``PruneRegistry`` prunes, each once, but for small layers."""
    found = {id(m.weight): m.weight for m in model.modules() if _is_prunable(m)}
    return list(found.values())  # type: ignore[arg-type]  # of layers, they are parameters


def _is_prunable(module: nn.Module) -> bool:
    if not isinstance(module, (nn.Linear, *_CONVOLUTIONS)) or module.weight.numel() < SMALL:
        return False
    return isinstance(module, nn.Linear) or not module.groups == module.in_channels > 1


class _Pruner:
    """Keeps the pruned weights of a model at zero, and prunes more of them on schedule."""

    def __init__(self, model: nn.Module, schedule: SparsitySchedule) -> None:
        self._weights = prunable_weights(model)
        self._schedule = schedule
        self._step = 0
        self._masks = self._drawn()
        self._apply()

    def after_step(self) -> None:
        self._step += 1
        if self._schedule.is_due(self._step):
            self._masks = self._drawn()
        self._apply()

    def _drawn(self) -> list[Tensor]:
        sparsity = self._schedule.sparsity(self._step)
        return [smallest_masked(weight.detach(), sparsity) for weight in self._weights]

    @torch.no_grad()
    def _apply(self) -> None:
        for weight, mask in zip(self._weights, self._masks, strict=True):
            weight.mul_(mask)


def smallest_masked(weight: Tensor, sparsity: float) -> Tensor:
    """The mask that takes the weights of smallest magnitude away, but leaves at least one.

    Args:
        weight: Of one layer, of any shape.
        sparsity: Share of the weights that become zero.

    Returns:
        Ones and zeros, of the shape, type and device of the weight.
    """
    # Views inside the library need contiguous memory; convolutions are trained channels last.
    plain = weight.contiguous()
    kept = max(round(plain.numel() * (1 - sparsity)), 1)
    method = prune.L1Unstructured(amount=plain.numel() - kept)
    mask: Tensor = method.compute_mask(plain, default_mask=torch.ones_like(plain))  # type: ignore[no-untyped-call]
    return mask
