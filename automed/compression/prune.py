"""Structured pruning: whole channels are removed, and what is left is fine-tuned."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn

from automed.compression.bench import Bench
from automed.compression.method import Details
from automed.compression.none import Dense
from automed.compression.prune_channels import remove_channels
from automed.compression.prune_check import check_pruned
from automed.compression.prune_importance import worth_of
from automed.compression.prune_sparsity import learn_sparsity


class Prune:
    """Removes the channels that are worth least, as torch_pruning finds them; a `Step`.

    The share of channels is `Compression.ratio`, of each layer or of the whole model; numbers of
    channels stay multiples of 8. Channels that later layers add or concatenate go together. The
    output's channels stay.

    Before fine-tuning the pruned model is compared with the whole one whose channels are masked:
    a model that torch_pruning gets wrong is refused.
    """

    def __init__(self) -> None:
        self._details: Details = {}

    def prepare(self, model: nn.Module, bench: Bench) -> nn.Module:
        """Remove channels; with `Compression.sparsity_learning`, train for that first.

        Torch's global random state is left as it was found.

        Raises:
            CompressionError: The model has attention, torch_pruning cannot follow its channels, or
                does so wrongly.
            TrainingError: Sparsity learning failed, as `automed.training.fit.fit` does.
        """
        details: Details = {}
        if bench.compression.sparsity_learning:
            with _own_random_state(bench.device):
                details["weak_channels"] = learn_sparsity(model, bench)
        whole = copy.deepcopy(model)
        example = torch.zeros(1, *bench.shape, device=bench.device)
        removal = remove_channels(model, example, bench.compression, worth_of(model, bench))
        model.zero_grad(set_to_none=True)
        model.eval()
        details["masked_difference"] = check_pruned(whole, model, removal, bench.shape)
        self._details = details | {
            "pruned_layers": float(removal.layers),
            "kept_channels": removal.kept_share,
            "kept_parameters": _parameters(model) / _parameters(whole),
        }
        return model

    def finetune(self, model: nn.Module, bench: Bench) -> nn.Module:
        """Train what is left; the best epoch is kept.

        Torch's global random state is left as it was found.

        Raises:
            TrainingError: As `automed.training.fit.fit` does.
        """
        with _own_random_state(bench.device):
            bench.fit(model, bench.retraining)
        return model.eval()

    def finalize(self, model: nn.Module, path: Path, bench: Bench) -> nn.Module:
        """Write the model as an ONNX file.

        Returns:
            The model, moved to the CPU.

        Raises:
            ExportError: The model cannot be exported.
            OSError: The file cannot be written.
        """
        return Dense().finalize(model, path, bench)

    def describe(self) -> Details:
        """What was removed.

        ``pruned_layers`` lost outputs and kept the share ``kept_channels`` of them; of all
        parameters ``kept_parameters`` are left. ``masked_difference`` is that of `check_pruned`,
        ``weak_channels`` that of `learn_sparsity`.
        """
        return dict(self._details)


@contextlib.contextmanager
def _own_random_state(device: torch.device) -> Iterator[None]:
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        yield


def _parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())
