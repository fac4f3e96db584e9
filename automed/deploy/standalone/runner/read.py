"""Reading an image file as training read it, with Pillow alone.

PNG, JPEG, BMP, GIF, WebP and PNM; TIFF of one page, uncompressed or losslessly compressed, of 8-bit
colour or of 8-bit or 16-bit grey; ``.npy``. What Pillow would read differently is refused.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from .preprocess import luma
from .refused import RefusedError

SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".npy",
    ".pgm", ".ppm", ".pbm", ".pnm",
)  # fmt: skip
"""Endings of the files that are looked for in folders; their content decides how they are read."""
MAX_PIXELS = 89_478_485
"""Height x width: Pillow's own guard against decompression bombs."""

_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "PPM")
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PNG, _NUMPY = b"\x89PNG\r\n\x1a\n", b"\x93NUMPY"
_ORIENTATION = 274
_LOSSLESS = (1, 5, 8, 32773, 32946)
"""None, LZW, deflate, PackBits and the old number of deflate."""

Array = NDArray[Any]


def read_image(path: Path, channels: int) -> NDArray[np.uint8]:
    """An image as uint8, shape (height, width, channels), upright, on black where transparent.

    Grey is repeated for 3 channels and colour becomes grey for 1; any other number must be the
    file's own. Values of more than 8 bits are stretched as in training.

    Raises:
        RefusedError: The file cannot be read, or not exactly as training would have.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RefusedError(f"{path}: {error.strerror or error}") from None
    try:
        image = _decode(data, channels)
    except RefusedError as error:
        raise RefusedError(f"{path}: {error}") from None
    except Exception as error:  # noqa: BLE001 - decoders raise anything on damaged bytes
        raise RefusedError(f"{path}: {error or type(error).__name__}") from None
    if image.shape[2] != channels:
        raise RefusedError(f"{path}: {image.shape[2]} channels, expected {channels}")
    return image


def _decode(data: bytes, channels: int) -> NDArray[np.uint8]:
    if not data:
        raise RefusedError("the file is empty")
    if data.startswith(_NUMPY):
        return _as_channels(_array(data, channels), None, channels)
    if data.startswith(_TIFF):
        return _as_channels(_tiff(data), None, channels)
    if data.startswith(_PNG) and data[24:26] != b"\x10\0" and data[24] == 16:
        raise RefusedError("a PNG with 16 bits in each colour, of which Pillow keeps 8")
    image = _open(data, _FORMATS)
    if data.startswith(_PNG) and data[24] == 16 and "transparency" in image.info:
        raise RefusedError("a 16-bit PNG with a transparent colour")
    turned = image.getexif().get(_ORIENTATION, 1)
    image.load()
    values, alpha = _pixels(image, colours=channels in (1, 3))
    upright = None if alpha is None else _upright(alpha, turned)
    return _as_channels(_upright(values, turned), upright, channels)


def _open(data: bytes, formats: tuple[str, ...]) -> Pillow.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged EXIF does not damage the picture
            warnings.simplefilter("error", Pillow.DecompressionBombWarning)
            image: Pillow.Image = Pillow.open(io.BytesIO(data), formats=formats)
            image.getexif()
    except (Pillow.DecompressionBombWarning, Pillow.DecompressionBombError):
        raise RefusedError(f"more than {MAX_PIXELS / 1e6:.0f} megapixels") from None
    except UnidentifiedImageError:
        raise RefusedError("the content is no image of a known format") from None
    return image


def _pixels(image: Pillow.Image, *, colours: bool) -> tuple[Array, Array | None]:
    """Values (H, W, C) and alpha (H, W)."""
    if image.mode in {"P", "PA"}:
        palette = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
        clear = image.mode == "PA" or "transparency" in image.info
        alpha = np.asarray(image.convert("RGBA"))[..., 3] if clear and colours else None
        indices = np.asarray(image)
        indices = indices[..., 0] if image.mode == "PA" else indices
        return palette[np.minimum(indices, len(palette) - 1)], alpha
    if image.mode in {"La", "RGBa"}:
        image = image.convert(image.mode.upper())
    if image.mode in {"LA", "RGBA"}:
        values = np.asarray(image)
        return values[..., :-1], values[..., -1]
    if image.mode in {"1", "L", "I", "F"} or image.mode.startswith("I;16"):
        return np.asarray(image)[..., None], None
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB")), None


def _tiff(data: bytes) -> Array:
    image = _open(data, ("TIFF",))
    tags = dict(image.tag_v2)  # type: ignore[attr-defined]  # loading drops the orientation
    grey, bits = tags.get(262) == 1, tuple(tags.get(258, (1,)))
    text = str(tags.get(270, ""))
    plain = (
        getattr(image, "n_frames", 1) == 1
        and (bits in {(8,), (16,)} if grey else tags.get(262) == 2 and bits == (8, 8, 8))
        and tags.get(259, 1) in _LOSSLESS
        and tags.get(284, 1) == 1
        and tags.get(_ORIENTATION, 1) == 1
        and set(tags.get(339, (1,))) == {1}
        and "<OME" not in text
        and not (text.startswith("ImageJ=") and "images=" in text)
    )
    if not plain:
        raise RefusedError(
            "a TIFF that is not of one plain page (8-bit colour, or 8-bit or 16-bit grey, upright, "
            "black is zero, without alpha, losslessly compressed); save it as PNG"
        )
    values = np.asarray(image)
    return values[..., None] if values.ndim == 2 else values


def _array(data: bytes, channels: int) -> Array:
    values: Array = np.load(io.BytesIO(data), allow_pickle=False)
    if values.dtype.kind not in "buif" or values.ndim not in (2, 3) or 0 in values.shape:
        raise RefusedError(f"an array of {values.dtype} {values.shape}, not one picture of numbers")
    picture = channels in (1, 3)
    if values.ndim == 2:
        values = values[..., None]
    elif (
        values.shape[0] <= 4 < values.shape[2]
        if picture
        else (values.shape[0] == channels != values.shape[2])
    ):
        values = np.moveaxis(values, 0, -1)
    if values.shape[0] * values.shape[1] > MAX_PIXELS:
        raise RefusedError(f"more than {MAX_PIXELS / 1e6:.0f} megapixels")
    if not picture:
        return values
    if values.shape[2] == 2:
        return np.concatenate([values, np.zeros_like(values[..., :1])], axis=-1)
    if values.shape[2] == 4 and values[..., 3].min() == values[..., 3].max():
        return values[..., :3]
    if values.shape[2] not in (1, 3):
        raise RefusedError(f"{values.shape[2]} channels; arrays with 1 to 3 can be read")
    return values


def _upright(array: Array, orientation: int) -> Array:
    """Turned and mirrored as EXIF orientation 1 to 8 asks."""
    if orientation in {5, 6, 7, 8}:
        array = array.swapaxes(0, 1)
    if orientation in {3, 4, 7, 8}:
        array = array[::-1]
    if orientation in {2, 3, 6, 7}:
        array = array[:, ::-1]
    return array


def _as_channels(values: Array, alpha: Array | None, channels: int) -> NDArray[np.uint8]:
    if channels not in (1, 3):  # each channel is a measurement, alpha too
        if alpha is not None:
            values = np.concatenate([values, alpha[..., None]], axis=-1)
        return np.stack([to_uint8(one) for one in np.moveaxis(values, -1, 0)], axis=-1)
    image = to_uint8(_on_black(values, alpha))
    if image.shape[2] == channels:
        return np.ascontiguousarray(image)
    if image.shape[2] == 3:
        return luma(image)[..., None]
    return np.repeat(image[..., :1], channels, axis=-1)


def _on_black(values: Array, alpha: Array | None) -> Array:
    if alpha is None or alpha.min() == alpha.max():  # one alpha everywhere carries nothing
        return values
    laid = values * (alpha[..., None] / 255.0)
    return np.asarray(laid.round().astype(values.dtype))


def to_uint8(values: Array) -> NDArray[np.uint8]:
    """8 bits of any type: all channels by the same straight line, as in training.

    Floats in [0, 1] times 255; wider types within [0, 255] rounded; all else stretched from its
    0.1 to its 99.9 percentile. Values that are not finite become 0.
    """
    if values.dtype == np.uint8:
        return values
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * np.uint8(255)
    floating = values.dtype.kind == "f"
    finite = values[np.isfinite(values)] if floating else values
    if finite.size == 0:
        return np.zeros(values.shape, np.uint8)
    low, high = float(finite.min()), float(finite.max())
    if floating and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    else:
        low, high = (float(p) for p in np.percentile(finite, (0.1, 99.9)))
    known = np.where(np.isfinite(values), values, low) if floating else values
    scaled = (known.astype(np.float64) - low) * (255 / (high - low) if high > low else 0)
    return np.asarray(scaled.round().clip(0, 255), np.uint8)
