"""Pretrained encoders as the libraries load them, to take the weights from.

timm and smp know how to adapt a first convolution to other channels and to rename what their
feature extractors renamed; both do so while they build a model.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import timm
import torch
from safetensors.torch import load_file
from segmentation_models_pytorch.encoders import encoders as smp_encoders
from segmentation_models_pytorch.encoders import get_encoder

from automed.models.encoders import quiet_smp, smp_name


def segmentation_encoder(encoder: str, channels: int, path: Path) -> torch.nn.Module:
    """An encoder of smp with the weights of a file that `check_file` accepted."""
    name = smp_name(encoder)
    donor: torch.nn.Module
    if name not in smp_encoders:
        with _quiet_timm():
            donor = get_encoder(
                name, in_channels=channels, weights=True, pretrained_cfg_overlay={"file": str(path)}
            )
        return donor
    with quiet_smp():
        donor = get_encoder(name, weights=None)
    donor.load_state_dict(load_file(path))
    donor.set_in_channels(channels, pretrained=True)  # type: ignore[operator]  # smp's mixin
    return donor


def classifier(encoder: str, channels: int, path: Path) -> torch.nn.Module:
    """A model of timm without classifier, with the weights of a file that `check_file` accepted."""
    with _quiet_timm():
        donor: torch.nn.Module = timm.create_model(
            encoder, pretrained=True, num_classes=0, in_chans=channels,
            pretrained_cfg_overlay={"file": str(path)},
        )  # fmt: skip
    return donor


@contextmanager
def _quiet_timm() -> Iterator[None]:
    """Keeps timm from logging, in every trial, that the unused head was left out."""
    log = logging.getLogger("timm")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)
