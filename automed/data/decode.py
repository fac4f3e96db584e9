"""From the bytes of a file to its pixels, before anybody decides what the values mean."""

from __future__ import annotations

import io
import threading
import warnings
from dataclasses import dataclass, replace
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from automed.data.window import Window

MAX_PIXELS = 89_478_485
"""Height x width that a picture may have: Pillow's own guard against decompression bombs."""

GREY_OR_COLOUR = (1, 3)
"""Numbers of channels between which pictures are converted."""

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
# Listed, because Pillow would also start Ghostscript for what looks like PostScript.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "PPM")
_ORIENTATION = 274  # the tag's number in EXIF and in TIFF
# warnings.catch_warnings is not thread-safe, and audits decode in threads.
_HEADER_LOCK = threading.Lock()


@dataclass(frozen=True)
class Pixels:
    """What a file holds.

    Attributes:
        values: (H, W, C), as stored: any integer, float or bool type. C is 1 to 3, or more where
            more were asked for. Palette indices, with C = 1, where there is a palette.
        alpha: (H, W), in the type and range of ``values`` (uint8 beside a palette), or None.
        palette: (entries, 3) uint8 colours, or None.
        jpeg: Whether the values went through JPEG, so that flat areas carry noise.
        white_is_zero: Whether the file asks to be shown inverted.
        measured: Whether the values are in the units of a scanner (Hounsfield units for CT), for
            which windows are made.
        window: The window that the file itself asks for, or None.
    """

    values: NDArray[Any]
    alpha: NDArray[Any] | None = None
    palette: NDArray[np.uint8] | None = None
    jpeg: bool = False
    white_is_zero: bool = False
    measured: bool = False
    window: Window | None = None


def decode_picture(data: bytes) -> Pixels:
    """Decode PNG, JPEG, BMP, GIF, WebP or PNM, upright as its EXIF orientation says.

    Raises:
        OSError: Truncated or damaged. Other types on hostile bytes.
        ValueError: Not a picture, or more than ``MAX_PIXELS``.
    """
    image, orientation = _open(data)
    if data.startswith(_PNG) and data[24] == 16:  # Pillow keeps 8 of the 16 bits of colour PNGs
        pixels = with_alpha(imagecodecs.png_decode(data))
    else:
        pixels = _from_pillow(image)
    return upright(pixels, orientation, jpeg=data.startswith(_JPEG))


def _open(data: bytes) -> tuple[Image.Image, int]:
    try:
        with _HEADER_LOCK, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged EXIF does not damage the picture
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image: Image.Image = Image.open(io.BytesIO(data), formats=_FORMATS)
            orientation = image.getexif().get(_ORIENTATION, 1)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise ValueError(f"more than {MAX_PIXELS / 1e6:.0f} megapixels") from None
    except UnidentifiedImageError:  # its own text shows the address of a buffer
        raise ValueError("the content is no image of a known format") from None
    image.load()
    return image, orientation


def _from_pillow(image: Image.Image) -> Pixels:
    if image.mode in {"P", "PA"}:
        colours = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
        clear = image.mode == "PA" or "transparency" in image.info
        alpha = np.asarray(image.convert("RGBA"))[..., 3] if clear else None
        return Pixels(
            np.asarray(image)[..., :1] if image.mode == "PA" else _hwc(image), alpha, colours
        )
    if image.mode in {"La", "RGBa"}:
        image = image.convert(image.mode.upper())
    if image.mode in {"1", "L", "LA", "I", "F", "RGB", "RGBA"} or image.mode.startswith("I;16"):
        return with_alpha(np.asarray(image))
    return Pixels(_hwc(image.convert("RGB")))


def _hwc(image: Image.Image) -> NDArray[Any]:
    return _hwc_of(np.asarray(image))


def _hwc_of(values: NDArray[Any]) -> NDArray[Any]:
    return values[..., None] if values.ndim == 2 else values


def with_alpha(values: NDArray[Any]) -> Pixels:
    """Read (H, W) and (H, W, 1..4) as grey, grey + alpha, RGB or RGB + alpha."""
    if values.ndim == 2:
        return Pixels(values[..., None])
    if values.shape[-1] in {2, 4}:
        return Pixels(values[..., :-1], values[..., -1])
    return Pixels(values)


def counted(values: NDArray[Any], channels: int) -> Pixels:
    """Read (H, W, C) by how many channels are wanted: beyond colours, each is a measurement.

    For 1 and 3, as ``without_alpha`` does; for other numbers every channel stays.

    Raises:
        ValueError: As ``without_alpha``.
    """
    return without_alpha(values) if channels in GREY_OR_COLOUR else Pixels(_hwc_of(values))


def without_alpha(values: NDArray[Any]) -> Pixels:
    """Read (H, W) and (H, W, C) whose channels are measurements, such as stains.

    Two channels get a third of zeros. A fourth that is the same everywhere is an alpha after all.

    Raises:
        ValueError: More channels than three.
    """
    if values.ndim == 2:
        return Pixels(values[..., None])
    channels = values.shape[-1]
    if channels == 2:
        return Pixels(np.concatenate([values, np.zeros_like(values[..., :1])], axis=-1))
    if channels == 4 and values[..., 3].min() == values[..., 3].max():
        return Pixels(values[..., :3])
    if channels not in {1, 3}:
        raise ValueError(f"{channels} channels; files with 1 to 3 can be read")
    return Pixels(values)


def upright(pixels: Pixels, orientation: int, *, jpeg: bool) -> Pixels:
    """Turn and mirror pixels as EXIF orientation 1 to 8 asks (JEITA CP-3451, tag 274)."""
    alpha = None if pixels.alpha is None else _turned(pixels.alpha, orientation)
    return replace(pixels, values=_turned(pixels.values, orientation), alpha=alpha, jpeg=jpeg)


def _turned(array: NDArray[Any], orientation: int) -> NDArray[Any]:
    if orientation in {5, 6, 7, 8}:
        array = array.swapaxes(0, 1)
    if orientation in {3, 4, 7, 8}:
        array = array[::-1]
    if orientation in {2, 3, 6, 7}:
        array = array[:, ::-1]
    return array
