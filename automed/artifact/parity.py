"""Whether an exported file gives the logits of the model that it was made from."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from automed.artifact.quantized import check_quantized
from automed.domain.errors import ExportError

__all__ = ["Comparison", "check_export", "check_quantized", "compare"]

Logits = Callable[[Tensor], Tensor]

BOUND = 2e-4
"""Of the largest difference, as a share of the logits' root mean square. What runtimes round apart
was at most 2e-5 of it over all architectures; weights in half precision are 5e-4, one misplaced row
of padding is 0.1 and more."""

_MOST_DB = 140.0
"""A noise as small as float32's own rounding: no file is told to be better than that."""


@dataclass(frozen=True)
class Comparison:
    """Two models' logits for the same images."""

    max_difference: float
    """Largest absolute difference of a logit."""
    snr_db: float
    """Power of the model's logits over that of the difference, in decibels, at most 140."""
    scale: float
    """Root mean square of the model's logits."""

    @property
    def relative(self) -> float:
        """The largest difference as a share of the scale."""
        if self.max_difference == 0:
            return 0.0
        return self.max_difference / self.scale if self.scale > 0 else math.inf


def compare(model_logits: Logits, file_logits: Logits, images: Tensor) -> Comparison:
    """Give the same images to a model and to its file.

    The first image goes alone and the others together, so that a file made for one batch size is
    found out.

    Args:
        model_logits: In float32; of a model on the CPU, where nothing else rounds.
        file_logits: Of the file, for instance an `OnnxForward`.
        images: (batch, channels, height, width) as both take them.

    Raises:
        ExportError: The logits differ in shape, or some are not finite.
        ValueError: There is no image.
    """
    if not len(images):
        raise ValueError("parity needs at least one image")
    expected, found = [], []
    for part in (images[:1], images[1:]):
        if len(part):
            with torch.no_grad():
                pair = _finite(model_logits(part), "model"), _finite(file_logits(part), "file")
            _check_shapes(*pair)
            expected.append(pair[0])
            found.append(pair[1])
    wanted, difference = torch.cat(expected), torch.cat(found) - torch.cat(expected)
    power, noise = (float(x.square().mean()) for x in (wanted, difference))
    return Comparison(
        max_difference=float(difference.abs().max()),
        snr_db=_decibels(power, noise),
        scale=math.sqrt(power),
    )


def check_export(comparison: Comparison, *, bound: float = BOUND) -> None:
    """Refuse a file without quantization that does not compute what its model does.

    Args:
        comparison: Of the model and the file.
        bound: Largest difference that is let pass, as a share of the logits' root mean square.

    Raises:
        ExportError: With the difference and the bound.
    """
    if comparison.relative <= bound:
        return
    raise ExportError(
        "the exported file does not compute what the model does",
        found=f"logits up to {comparison.max_difference:.3g} apart, {comparison.relative:.2g} of "
        f"their root mean square {comparison.scale:.3g} ({comparison.snr_db:.1f} dB)",
        expected=f"at most {bound:g} of it",
        hint="some encoders pad otherwise once they are exported: leave this one out of the "
        "space, or search with --artifact weights",
    )


def _finite(logits: Tensor, whose: str) -> Tensor:
    wide = logits.detach().cpu().double()
    if not bool(torch.isfinite(wide).all()):
        raise ExportError(
            f"the {whose}'s logits are not finite",
            found=f"{int((~torch.isfinite(wide)).sum())} of {wide.numel()} are NaN or infinite",
        )
    return wide


def _check_shapes(wanted: Tensor, found: Tensor) -> None:
    if wanted.shape != found.shape:
        raise ExportError(
            "the exported file's logits have another shape than the model's",
            found=tuple(found.shape), expected=tuple(wanted.shape),
        )  # fmt: skip


def _decibels(power: float, noise: float) -> float:
    if noise <= power * 10 ** (-_MOST_DB / 10):
        return _MOST_DB
    return 10 * math.log10(power / noise) if power > 0 else -_MOST_DB
