"""From the bytes of a file to its pixels, before anybody decides what the values mean."""

from __future__ import annotations

import io
import threading
import warnings
from dataclasses import dataclass
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

MAX_PIXELS = 89_478_485
"""Height x width that a picture may have: Pillow's own guard against decompression bombs."""

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_ORIENTATION = 274  # the tag's number in EXIF and in TIFF
# warnings.catch_warnings is not thread-safe, and audits decode in threads.
_HEADER_LOCK = threading.Lock()


@dataclass(frozen=True)
class Pixels:
    """What a file holds.

    Attributes:
        values: (H, W, C), C of 1 to 3, as stored: any integer, float or bool type. Palette
            indices, with C = 1, where there is a palette.
        alpha: (H, W), in the type and range of ``values`` (uint8 beside a palette), or None.
        palette: (entries, 3) uint8 colours, or None.
        jpeg: Whether the values went through JPEG, so that flat areas carry noise.
    """

    values: NDArray[Any]
    alpha: NDArray[Any] | None = None
    palette: NDArray[np.uint8] | None = None
    jpeg: bool = False


def decode_picture(data: bytes) -> Pixels:
    """Decode PNG, JPEG, BMP, GIF, WebP or PNM, upright as its EXIF orientation says.

    Raises:
        OSError: Not a picture, truncated or damaged. Other types on hostile bytes.
        ValueError: More than ``MAX_PIXELS``.
    """
    image, orientation = _open(data)
    if data.startswith(_PNG) and data[24] == 16:  # Pillow keeps 8 of the 16 bits of colour PNGs
        pixels = split_channels(imagecodecs.png_decode(data))
    else:
        pixels = _from_pillow(image)
    return upright(pixels, orientation, jpeg=data.startswith(_JPEG))


def _open(data: bytes) -> tuple[Image.Image, int]:
    try:
        with _HEADER_LOCK, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged EXIF does not damage the picture
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image: Image.Image = Image.open(io.BytesIO(data))
            orientation = image.getexif().get(_ORIENTATION, 1)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise ValueError(f"more than {MAX_PIXELS / 1e6:.0f} megapixels") from None
    image.load()
    return image, orientation


def _from_pillow(image: Image.Image) -> Pixels:
    if image.mode in {"P", "PA"}:
        colours = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
        clear = image.mode == "PA" or "transparency" in image.info
        alpha = np.asarray(image.convert("RGBA"))[..., 3] if clear else None
        return Pixels(np.asarray(image)[..., :1] if image.mode == "PA" else _hwc(image), alpha, colours)
    if image.mode in {"La", "RGBa"}:
        image = image.convert(image.mode.upper())
    if image.mode in {"1", "L", "LA", "I", "F", "RGB", "RGBA"} or image.mode.startswith("I;16"):
        return split_channels(np.asarray(image))
    return Pixels(_hwc(image.convert("RGB")))


def _hwc(image: Image.Image) -> NDArray[Any]:
    values = np.asarray(image)
    return values[..., None] if values.ndim == 2 else values


def split_channels(values: NDArray[Any]) -> Pixels:
    """Read (H, W), (H, W, 1..4) as grey, grey + alpha, RGB or RGB + alpha.

    Raises:
        ValueError: Another number of channels.
    """
    if values.ndim == 2:
        values = values[..., None]
    channels = values.shape[-1]
    if channels in {1, 3}:
        return Pixels(values)
    if channels in {2, 4}:
        return Pixels(values[..., :-1], values[..., -1])
    raise ValueError(f"{channels} channels; 1 to 4 can be read")


def upright(pixels: Pixels, orientation: int, *, jpeg: bool = False) -> Pixels:
    """Turn and mirror pixels as EXIF orientation 1 to 8 asks (JEITA CP-3451, tag 274)."""
    values, alpha = (
        None if part is None else _turned(part, orientation)
        for part in (pixels.values, pixels.alpha)
    )
    assert values is not None  # noqa: S101
    return Pixels(values, alpha, pixels.palette, jpeg)


def _turned(array: NDArray[Any], orientation: int) -> NDArray[Any]:
    if orientation in {5, 6, 7, 8}:
        array = array.swapaxes(0, 1)
    if orientation in {3, 4, 7, 8}:
        array = array[::-1]
    if orientation in {2, 3, 6, 7}:
        array = array[:, ::-1]
    return array
