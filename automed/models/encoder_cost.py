"""What an encoder costs by itself, without decoder and classifier."""

from __future__ import annotations

from functools import lru_cache

import torch
from segmentation_models_pytorch.encoders import TimmViTEncoder, get_encoder

from automed.domain.cost import Cost, Quantity
from automed.models.build_error import BuildError
from automed.models.cost import count_macs
from automed.models.encoders import quiet_smp, smp_name
from automed.models.weights_file import file_size


@lru_cache(maxsize=1024)
def encoder_cost(encoder: str, channels: int, image_size: tuple[int, int]) -> Cost:
    """Parameters, multiply-accumulates and file size of a feature extractor of five stages.

    It is what a U-Net of this encoder holds as its encoder; a vision transformer is what a DPT
    holds. Counted as `predict_cost` counts, on the meta device, or on the CPU where that fails.

    Args:
        encoder: timm's name.
        channels: Of the images.
        image_size: Height and width.

    Raises:
        BuildError: There is no such encoder, or it cannot take images of this size.
    """
    name = smp_name(encoder)
    try:
        return _cost_on("meta", name, channels, image_size)
    except Exception:  # noqa: BLE001 - some build a table of numbers, which meta tensors lack
        with torch.random.fork_rng(devices=[]):
            return _cost_on_cpu(name, channels, image_size)


def _cost_on_cpu(name: str, channels: int, image_size: tuple[int, int]) -> Cost:
    try:
        return _cost_on("cpu", name, channels, image_size)
    except Exception as error:
        height, width = image_size
        raise BuildError(
            f"the encoder {name.removeprefix('tu-')!r} cannot take images of {height}x{width}",
            found=f"{type(error).__name__}: {error}".splitlines()[0],
            hint="another --image-size, or another encoder",
        ) from error


def _cost_on(device: str, name: str, channels: int, image_size: tuple[int, int]) -> Cost:
    with torch.device(device), quiet_smp():
        model = _extractor(name, channels, image_size).eval()
    return Cost(
        parameters=Quantity(value=sum(p.numel() for p in model.parameters())),
        macs=Quantity(value=count_macs(model, (channels, *image_size), device)),
        size_bytes=Quantity(value=file_size(model)),
        input_shape=(channels, *image_size),
    )


def _extractor(name: str, channels: int, image_size: tuple[int, int]) -> torch.nn.Module:
    model: torch.nn.Module
    try:
        model = get_encoder(name, in_channels=channels, weights=None)
    except Exception:  # noqa: BLE001 - a transformer of one scale has no stages
        model = TimmViTEncoder(
            name.removeprefix("tu-"), pretrained=False, in_channels=channels, num_classes=0,
            img_size=image_size,
        )  # fmt: skip
    return model
