"""Segmentation architectures: one row each, with the parameters that it owns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import segmentation_models_pytorch as smp

from automed.domain.component import Model
from automed.domain.config import Value
from automed.models.architecture import Architecture
from automed.models.architecture_arguments import (
    UNET_CHANNELS,
    Arguments,
    atrous_rates,
    channels,
    cut_channels,
    decoder_attention,
    decoder_width,
    dropout,
    gated_channels,
    one_of,
    upsampled,
)
from automed.models.dense_prediction_transformer import build_dpt
from automed.models.plain_unet import MULTIPLE, PlainUnet
from automed.registry.components import WithPlugins

__all__ = ["ARCHITECTURES", "UNET_CHANNELS", "Architecture", "Arguments"]

_DILATED = (
    "encoders whose strides timm can replace by dilation, such as resnet18, "
    "tf_mobilenetv3_large_075, tf_efficientnet_b0 or regnety_008"
)
_VISION_TRANSFORMERS = (
    "vision transformers, such as vit_tiny_patch16_224 or deit_tiny_patch16_224, and images "
    "whose sides are multiples of 32"
)

_DEPTH = {"model.encoder_depth": one_of("encoder_depth", 3, 4, 5)}
_WIDTH = {"model.decoder_width": decoder_width}
_ATROUS = {
    "model.decoder_channels": channels("decoder_channels"),
    "model.output_stride": one_of("encoder_output_stride", 8, 16),
    "model.atrous_rates": atrous_rates,
    "model.decoder_dropout": dropout("decoder_aspp_dropout"),
}


def _argument(name: str, convert: Callable[[Any], Any]) -> Callable[[Value], Arguments]:
    return lambda value: {name: convert(value)}


def _of_plugin(model: Model) -> Architecture:
    return Architecture(
        title=model.title or model.name,
        build=model.build,
        keys={f"model.{name}": _argument(name, how) for name, how in model.parameters.items()},
        encoders="",
        multiple=model.multiple,
    )


_OWN = {
    "unet": Architecture(
        title="U-Net",
        build=smp.Unet,
        keys=_DEPTH | _WIDTH | {"model.decoder_attention": decoder_attention},
        settle=gated_channels,
    ),
    "unetplusplus": Architecture(
        title="U-Net++",
        build=smp.UnetPlusPlus,
        keys=_DEPTH | _WIDTH | {"model.decoder_attention": decoder_attention},
        settle=gated_channels,
    ),
    "manet": Architecture(
        title="MA-Net", build=smp.MAnet, keys=_DEPTH | _WIDTH, settle=cut_channels
    ),
    "linknet": Architecture(title="LinkNet", build=smp.Linknet, keys=_DEPTH),
    # FPN has no encoder depth: a shallower pyramid would need features that encoders which begin
    # at a quarter of the image do not have.
    "fpn": Architecture(
        title="FPN",
        build=smp.FPN,
        keys={
            "model.decoder_channels": channels("decoder_pyramid_channels"),
            "model.decoder_dropout": dropout("decoder_dropout"),
        },
    ),
    "pspnet": Architecture(
        title="PSPNet",
        build=smp.PSPNet,
        keys=_DEPTH
        | {
            "model.decoder_channels": channels("psp_out_channels"),
            "model.decoder_dropout": dropout("psp_dropout"),
        },
        depth=3,
        settle=upsampled,
    ),
    "pan": Architecture(
        title="PAN",
        build=smp.PAN,
        keys=_DEPTH
        | {
            "model.decoder_channels": channels("decoder_channels"),
            "model.output_stride": one_of("encoder_output_stride", 16, 32),
        },
        encoders=_DILATED,
        acts_from={"model.output_stride": 5},
    ),
    "deeplabv3": Architecture(
        title="DeepLabV3",
        build=smp.DeepLabV3,
        keys=_DEPTH | _ATROUS,
        encoders=_DILATED,
        acts_from={"model.output_stride": 4},
    ),
    "deeplabv3plus": Architecture(
        title="DeepLabV3+",
        build=smp.DeepLabV3Plus,
        keys=_DEPTH | _ATROUS,
        encoders=_DILATED,
        acts_from={"model.output_stride": 4},
    ),
    "upernet": Architecture(
        title="UPerNet",
        build=smp.UPerNet,
        keys=_DEPTH | {"model.decoder_channels": channels("decoder_channels")},
    ),
    "segformer": Architecture(
        title="SegFormer",
        build=smp.Segformer,
        keys=_DEPTH | {"model.decoder_channels": channels("decoder_segmentation_channels")},
    ),
    "dpt": Architecture(
        title="DPT",
        build=build_dpt,
        keys={"model.decoder_channels": channels("decoder_fusion_channels")},
        encoders=_VISION_TRANSFORMERS,
        depth=4,
        size_argument="img_size",
        multiple=32,
    ),
    "plain_unet": Architecture(
        title="plain U-Net",
        build=PlainUnet,
        keys={"model.base_width": channels("base_width")},
        encoders="",
        multiple=MULTIPLE,
    ),
}
ARCHITECTURES = WithPlugins(_OWN, Model, _of_plugin)
"""By the name that ``model.architecture`` holds; with those of plugins."""
