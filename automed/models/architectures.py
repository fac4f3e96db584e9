"""Segmentation architectures: one row each, with the parameters that it owns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import segmentation_models_pytorch as smp

from automed.domain.config import Config, Value
from automed.models.build_error import BuildError

UNET_CHANNELS = (256, 128, 64, 32, 16)
"""Channels of the U-Net decoder's five blocks at width 1, as in segmentation_models_pytorch."""

_SMALLEST = 8

Arguments = dict[str, Any]
"""Keyword arguments of an architecture's class."""


def _decoder_width(value: Value) -> Arguments:
    width = float(value)
    return {"decoder_channels": tuple(max(_SMALLEST, round(width * c)) for c in UNET_CHANNELS)}


def _atrous_rates(value: Value) -> Arguments:
    rates = tuple(int(rate) for rate in str(value).split("/"))
    if len(rates) != 3 or min(rates) < 1:
        raise ValueError("expected three positive rates such as 12/24/36")
    return {"decoder_atrous_rates": rates}


def _whole_number(argument: str) -> Callable[[Value], Arguments]:
    return lambda value: {argument: int(value)}


@dataclass(frozen=True)
class Architecture:
    """A family of segmentation models.

    Attributes:
        title: The name that papers use.
        build: Class of segmentation_models_pytorch.
        keys: The parameters it owns, and how each becomes keyword arguments. One that a config
            leaves out keeps the library's default, which is the original paper's.
    """

    title: str
    build: Callable[..., Any]
    keys: Mapping[str, Callable[[Value], Arguments]]

    def arguments(self, config: Config) -> Arguments:
        """The keyword arguments that a config spells.

        Raises:
            BuildError: A value cannot be read.
        """
        arguments: Arguments = {}
        for key, convert in self.keys.items():
            if key not in config:
                continue
            try:
                arguments |= convert(config[key])
            except ValueError as error:
                raise BuildError(
                    f"{key} = {config[key]!r} cannot be used by {self.title}", found=str(error)
                ) from None
        return arguments


ARCHITECTURES = {
    "unet": Architecture(
        title="U-Net",
        build=smp.Unet,
        keys={"model.decoder_width": _decoder_width},
    ),
    "deeplabv3plus": Architecture(
        title="DeepLabV3+",
        build=smp.DeepLabV3Plus,
        keys={
            "model.decoder_channels": _whole_number("decoder_channels"),
            "model.output_stride": _whole_number("encoder_output_stride"),
            "model.atrous_rates": _atrous_rates,
        },
    ),
}
