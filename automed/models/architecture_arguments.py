"""How the values of a config become keyword arguments of segmentation_models_pytorch's classes.

Each raises ValueError with what it expects.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from automed.domain.config import Value

UNET_CHANNELS = (256, 128, 64, 32, 16)
"""Channels of the U-Net decoder's five blocks at width 1, as in segmentation_models_pytorch."""

_SMALLEST = 8
_SMALLEST_GATED = 16
"""scSE squeezes the channels to a sixteenth: fewer would leave its gate none."""

Arguments = dict[str, Any]
"""Keyword arguments of an architecture's class."""

Convert = Callable[[Value], Arguments]


def decoder_width(value: Value) -> Arguments:
    """Multiplies the channels of a U-Net's decoder, down to eight each."""
    width = _number(value)
    if width <= 0:
        raise ValueError("more than 0")
    return {"decoder_channels": tuple(max(_SMALLEST, round(width * c)) for c in UNET_CHANNELS)}


def decoder_attention(value: Value) -> Arguments:
    """Gates in a U-Net's decoder: ``none``, or ``scse`` (Roy, Navab and Wachinger 2018)."""
    if value not in ("none", "scse"):
        raise ValueError("none or scse")
    return {"decoder_attention_type": None if value == "none" else "scse"}


def atrous_rates(value: Value) -> Arguments:
    """Dilations of the three atrous convolutions, written ``12/24/36``."""
    texts = str(value).split("/")
    rates = tuple(int(rate) for rate in texts if rate.isdecimal())
    if len(rates) != len(texts) or len(rates) != 3 or min(rates) < 1:
        raise ValueError("three positive rates such as 12/24/36")
    return {"decoder_atrous_rates": rates}


def one_of(argument: str, *allowed: int) -> Convert:
    """Passes a whole number on if it is one of those allowed."""

    def convert(value: Value) -> Arguments:
        number = _whole(value)
        if number not in allowed:
            raise ValueError(f"{', '.join(map(str, allowed[:-1]))} or {allowed[-1]}")
        return {argument: number}

    return convert


def channels(argument: str) -> Convert:
    """Passes a number of channels on."""

    def convert(value: Value) -> Arguments:
        number = _whole(value)
        if number < 1:
            raise ValueError("a number of channels, at least 1")
        return {argument: number}

    return convert


def dropout(argument: str) -> Convert:
    """Passes a chance on."""

    def convert(value: Value) -> Arguments:
        chance = _number(value)
        if not 0 <= chance < 1:
            raise ValueError("a chance from 0 up to, but not, 1")
        return {argument: chance}

    return convert


def cut_channels(arguments: Arguments) -> Arguments:
    """Drops the deepest blocks of a U-Net's decoder with the encoder's deepest stages.

    A level keeps the width that it has in a deeper model: at depth 3, those at 1/4, 1/2 and 1.
    """
    if "encoder_depth" not in arguments:
        return arguments
    widths = arguments.get("decoder_channels", UNET_CHANNELS)
    return {**arguments, "decoder_channels": widths[-arguments["encoder_depth"] :]}


def gated_channels(arguments: Arguments) -> Arguments:
    """Cuts channels to the encoder's depth, and raises what is too narrow for scSE's gate."""
    arguments = cut_channels(arguments)
    if arguments.get("decoder_attention_type") is None or "decoder_channels" not in arguments:
        return arguments
    widths = tuple(max(_SMALLEST_GATED, c) for c in arguments["decoder_channels"])
    return {**arguments, "decoder_channels": widths}


def upsampled(arguments: Arguments) -> Arguments:
    """Lets the head enlarge the encoder's deepest features to the size of the image."""
    if "encoder_depth" not in arguments:
        return arguments
    return {**arguments, "upsampling": 2 ** arguments["encoder_depth"]}


def _whole(value: Value) -> int:
    number = _number(value)
    if number != int(number):
        raise ValueError("a whole number")
    return int(number)


def _number(value: Value) -> float:
    if isinstance(value, bool | str):
        raise ValueError("a number")  # noqa: TRY004 - of a config, not of a program
    return float(value)
