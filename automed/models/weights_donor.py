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
from segmentation_models_pytorch.encoders import TimmUniversalEncoder, TimmViTEncoder, get_encoder

from automed.domain.task import SegmentationTask
from automed.models.encoders import quiet_smp, smp_name
from automed.models.unread_stages import drop_unread_stages


def segmentation_encoder(
    encoder: str, task: SegmentationTask, path: Path, target: torch.nn.Module
) -> torch.nn.Module:
    """An encoder of smp with the weights of a file that `check_file` accepted.

    Args:
        encoder: timm's name.
        task: Gives the channels, and the size of the images that a transformer is made for.
        path: The file.
        target: The encoder that the weights are for, built as `build_model` builds it.
    """
    overlay = {"file": str(path)}
    donor: torch.nn.Module
    if isinstance(target, TimmViTEncoder):
        with _quiet_timm():
            donor = TimmViTEncoder(
                encoder, pretrained=True, in_channels=task.channels, num_classes=0,
                img_size=task.image_size, pretrained_cfg_overlay=overlay,
            )  # fmt: skip
        return donor
    if isinstance(target, TimmUniversalEncoder):
        with _quiet_timm():
            donor = get_encoder(
                f"tu-{encoder}", in_channels=task.channels, depth=target._depth, weights=True,
                pretrained_cfg_overlay=overlay,
            )  # fmt: skip
        drop_unread_stages(donor)
        return donor
    with quiet_smp():
        donor = get_encoder(smp_name(encoder), weights=None)
    donor.load_state_dict(load_file(path))
    donor.set_in_channels(task.channels, pretrained=True)  # type: ignore[operator]  # smp's mixin
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
