"""Quantization-aware training, then the same int8 file as post-training quantization writes."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from automed.compression.bench import Bench
from automed.compression.calibration import CalibrationImages
from automed.compression.fake_quantize import (
    activation_roundings,
    insert_fake_quantization,
    observe,
    quantize,
    strip_fake_quantization,
)
from automed.compression.method import Details
from automed.compression.ptq import Ptq
from automed.domain.errors import CompressionError
from automed.training.batches import steps_per_epoch

_FIXED_AT = 0.6
"""Share of the steps after which ranges no longer move, and from which the best epoch may be."""


class Qat:
    """Fine-tunes with weights and activations rounded as the int8 file will round them.

    After paper 1's quantization during training. Ranges are calibrated first, then rounding
    begins, batch norm keeps its statistics, and towards the end the ranges are fixed. Jacob et
    al. 2018 (arXiv 1712.05877) describe such training.
    """

    def __init__(self) -> None:
        self._ptq = Ptq()
        self._details: Details = {}

    def prepare(self, model: nn.Module, bench: Bench) -> nn.Module:
        """Insert fake quantization.

        Raises:
            CompressionError: There is no convolution and no linear layer.
        """
        layers = insert_fake_quantization(model)
        if layers == 0:
            raise CompressionError(
                "the model has nothing to quantize",
                found="no convolution and no linear layer",
                expected="at least one",
            )
        self._details["fake_quantized_layers"] = layers
        return model.eval()

    def finetune(self, model: nn.Module, bench: Bench) -> nn.Module:
        """Calibrate the ranges, then train with rounding, in fp32.

        Raises:
            TrainingError: As `automed.training.fit.fit` does.
        """
        model.to(bench.device)
        _calibrate(model, bench)
        # In bf16 the rounding of activations to 8 bits of mantissa would hide that to u8; and with
        # parametrizations layers are not those whose rates a recipe would lower one by one.
        recipe = bench.finetuning.replace(precision="fp32", layer_decay=1.0)
        steps = recipe.epochs * steps_per_epoch(len(bench.train), recipe.batch_size)
        countdown = _Countdown(model, round(_FIXED_AT * steps))
        fitted = bench.fit(
            model, recipe, after_step=countdown.step,
            select_from=1 + int(_FIXED_AT * recipe.epochs),
        )  # fmt: skip
        self._details |= {"epochs": fitted.epochs, "best_epoch": fitted.best_epoch}
        return model.eval()

    def finalize(self, model: nn.Module, path: Path, bench: Bench) -> nn.Module:
        """Strip the fake quantization and write the int8 file, as `Ptq.finalize`."""
        strip_fake_quantization(model)
        return self._ptq.finalize(model, path, bench)

    def describe(self) -> Details:
        """How long it was trained, and what `Ptq.describe` says."""
        return {**self._details, **self._ptq.describe()}


class _Countdown:
    """Fixes the ranges of activations after so many steps."""

    def __init__(self, model: nn.Module, steps: int) -> None:
        self._model, self._left = model, steps

    def step(self) -> None:
        self._left -= 1
        if self._left == 0:
            observe(self._model, False)


def _calibrate(model: nn.Module, bench: Bench) -> None:
    model.eval()
    quantize(model, False)
    observe(model, True)
    for rounding in activation_roundings(model):
        rounding.train()
    with torch.inference_mode():
        for batch in CalibrationImages(bench).batches():
            model(torch.from_numpy(batch).to(bench.device))
    quantize(model, True)
