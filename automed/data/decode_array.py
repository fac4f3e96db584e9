"""TIFF and .npy: files whose axes have to be found out first."""

from __future__ import annotations

import io
import logging
import math
from dataclasses import replace
from operator import add
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from automed.data.decode import (
    GREY_OR_COLOUR,
    MAX_PIXELS,
    Pixels,
    counted,
    upright,
    with_alpha,
    without_alpha,
)

# tifffile reports oddities of metadata through logging, which prints where nobody listens.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


def decode_npy(data: bytes, channels: int = 3) -> Pixels:
    """Decode an array of (H, W), (H, W, C) or (C, H, W). Pickles are refused.

    Where 1 or 3 channels are wanted, C is up to 3; else every channel stays.

    Raises:
        ValueError: Not an array of numbers, or of another shape.
    """
    values = np.load(io.BytesIO(data), allow_pickle=False)
    if values.dtype.kind not in "buif":
        raise ValueError(f"an array of {values.dtype}, not of real numbers")
    if values.ndim == 3 and _channels_first(values.shape, channels):
        values = np.moveaxis(values, 0, -1)
    if values.ndim not in {2, 3} or 0 in values.shape:
        raise ValueError(f"an array of shape {values.shape}, not one picture")
    _check_size(values.shape[:2])
    return counted(values, channels)


def _channels_first(shape: tuple[int, ...], channels: int) -> bool:
    if channels in GREY_OR_COLOUR:
        return shape[0] <= 4 < shape[2]
    return shape[0] == channels != shape[2]


def decode_tiff(data: bytes, channels: int = 3) -> Pixels:
    """Decode the first series of a TIFF; it must be one picture, not a stack.

    Where neither 1 nor 3 channels are wanted, the pages of a stack are its channels, and every
    channel stays.

    Raises:
        ValueError: A stack, too many channels, truncated, or more than ``MAX_PIXELS``.
        tifffile.TiffFileError: Damaged. Other types on hostile bytes.
    """
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        series = file.series[0]
        page = series.keyframe
        _check_size([n for axis, n in zip(series.axes, series.shape, strict=True) if axis in "YX"])
        ends = map(add, page.dataoffsets, page.databytecounts)
        if max(ends, default=0) > len(data):  # JPEG inside TIFF would be filled up with grey
            raise ValueError("the file is truncated")
        orientation = page.tags.get(274)
        if channels in GREY_OR_COLOUR:
            pixels = _interpreted(_channels_last(series.asarray(), series.axes), page)
        else:
            pixels = Pixels(_all_channels(file))
        jpeg = page.compression == tifffile.COMPRESSION.JPEG
    return upright(pixels, int(orientation.value) if orientation else 1, jpeg=jpeg)


def _all_channels(file: tifffile.TiffFile) -> NDArray[Any]:
    """Every channel and page as (H, W, C); of pages that differ in size, those like the first."""
    first = file.series[0]
    alike = [s for s in file.series if (s.shape, s.dtype) == (first.shape, first.dtype)]
    return np.concatenate([_channels_last(s.asarray(), s.axes, stack=True) for s in alike], axis=-1)


def _channels_last(values: NDArray[Any], axes: str, *, stack: bool = False) -> NDArray[Any]:
    for position in reversed(range(len(axes))):
        size = values.shape[position]
        # Q is an axis that the file does not name; a short one holds channels, as in .npy.
        if axes[position] in "YXSC" or (axes[position] == "Q" and 1 < size <= 4):
            continue
        if stack and size > 1:
            continue
        if size > 1:
            raise ValueError(f"a stack of {size} pictures (axes {axes}), not one picture")
        values = np.squeeze(values, position)
        axes = axes[:position] + axes[position + 1 :]
    rows, columns = axes.index("Y"), axes.index("X")
    rest = [i for i in range(len(axes)) if i not in {rows, columns}]
    values = values.transpose(rows, columns, *rest)
    return values.reshape(*values.shape[:2], math.prod(values.shape[2:]))


def _interpreted(values: NDArray[Any], page: Any) -> Pixels:  # noqa: ANN401 - tifffile is untyped
    kind = tifffile.PHOTOMETRIC
    extra = tuple(int(sample) for sample in page.extrasamples)
    if page.photometric == kind.PALETTE and page.colormap is not None:
        return Pixels(values, palette=(page.colormap.T >> 8).astype(np.uint8))
    if page.photometric == kind.MINISWHITE:
        return replace(without_alpha(values), white_is_zero=True)
    if page.photometric == kind.SEPARATED and values.shape[-1] == 4:
        return Pixels(np.asarray(Image.fromarray(values, "CMYK").convert("RGB")))
    if extra and extra[-1] == tifffile.EXTRASAMPLE.UNASSALPHA:
        return with_alpha(values)
    if extra and extra[-1] == tifffile.EXTRASAMPLE.ASSOCALPHA:
        values = values[..., :-1]  # such colours lie on black already
    return without_alpha(values)


def _check_size(shape: Any) -> None:  # noqa: ANN401 - any sequence of integers
    if math.prod(shape) > MAX_PIXELS:
        raise ValueError(f"more than {MAX_PIXELS / 1e6:.0f} megapixels")
