"""DPT on vision transformers, at the size of the task's images."""

from __future__ import annotations

from typing import Any

import segmentation_models_pytorch as smp
import timm
import torch


def build_dpt(encoder: str, **arguments: Any) -> torch.nn.Module:  # noqa: ANN401 - smp's own
    """segmentation_models_pytorch's DPT (Ranftl, Bochkovskiy and Koltun 2021).

    The class token is concatenated to the patches, as in the paper, where the encoder has one; the
    encoder's classifier, which DPT never calls, is left out.

    Args:
        encoder: ``tu-`` and timm's name.
        arguments: Of ``smp.DPT``; ``img_size`` goes on to timm, which fits the position embedding.
    """
    with torch.device("meta"):
        tokens = getattr(timm.create_model(encoder.removeprefix("tu-")), "num_prefix_tokens", 0)
    model: torch.nn.Module = smp.DPT(
        encoder, decoder_readout="cat" if tokens else "ignore", num_classes=0, **arguments
    )
    return model
