"""TIFF and .npy: files whose axes have to be found out first."""

from __future__ import annotations

import io
import logging
import math
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from automed.data.decode import MAX_PIXELS, Pixels, split_channels, upright

# tifffile reports oddities of metadata through logging, which prints where nobody listens.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


def decode_npy(data: bytes) -> Pixels:
    """Decode an array of (H, W), (H, W, C) or (C, H, W), C up to 4. Pickles are refused.

    Raises:
        ValueError: Not an array of numbers, or of another shape.
    """
    values = np.load(io.BytesIO(data), allow_pickle=False)
    if values.dtype.kind not in "buif":
        raise ValueError(f"an array of {values.dtype}, not of real numbers")
    if values.ndim == 3 and values.shape[0] <= 4 < values.shape[2]:
        values = np.moveaxis(values, 0, -1)
    if values.ndim not in {2, 3} or 0 in values.shape:
        raise ValueError(f"an array of shape {values.shape}, not one picture")
    _check_size(values.shape[:2])
    return split_channels(values)


def decode_tiff(data: bytes) -> Pixels:
    """Decode the first series of a TIFF; it must be one picture, not a stack.

    Raises:
        ValueError: A stack, too many channels, or more than ``MAX_PIXELS``.
        tifffile.TiffFileError: Damaged. Other types on hostile bytes.
    """
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        series = file.series[0]
        page = series.keyframe
        _check_size([n for axis, n in zip(series.axes, series.shape, strict=True) if axis in "YX"])
        values = _channels_last(series.asarray(), series.axes)
        orientation = page.tags.get(274)
        pixels = _interpreted(values, page)
    return upright(pixels, int(orientation.value) if orientation else 1)


def _channels_last(values: NDArray[Any], axes: str) -> NDArray[Any]:
    for position in reversed(range(len(axes))):
        if axes[position] not in "YXSC":
            if values.shape[position] > 1:
                raise ValueError(
                    f"a stack of {values.shape[position]} pictures (axes {axes}), not one picture"
                )
            values = np.squeeze(values, position)
            axes = axes[:position] + axes[position + 1 :]
    order = [axes.index(axis) for axis in "YX"]
    rest = [i for i in range(len(axes)) if i not in order]
    values = values.transpose(*order, *rest)
    return values.reshape(*values.shape[:2], math.prod(values.shape[2:]))


def _interpreted(values: NDArray[Any], page: Any) -> Pixels:  # noqa: ANN401 - tifffile is untyped
    kind = tifffile.PHOTOMETRIC
    extra = tuple(int(sample) for sample in page.extrasamples)
    if page.photometric == kind.PALETTE and page.colormap is not None:
        return Pixels(values, palette=(page.colormap.T >> 8).astype(np.uint8))
    if page.photometric == kind.MINISWHITE:
        values = ~values if values.dtype.kind in "bu" else values.max() - values
    if page.photometric == kind.SEPARATED and values.shape[-1] == 4:
        return Pixels(np.asarray(Image.fromarray(values, "CMYK").convert("RGB")))
    if extra and extra[-1] != tifffile.EXTRASAMPLE.UNASSALPHA:
        # Premultiplied colours lie on black already; unspecified samples are no colour.
        values = values[..., : values.shape[-1] - len(extra)]
    return split_channels(values)


def _check_size(shape: Any) -> None:  # noqa: ANN401 - any sequence of integers
    if math.prod(shape) > MAX_PIXELS:
        raise ValueError(f"more than {MAX_PIXELS / 1e6:.0f} megapixels")
