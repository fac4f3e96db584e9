"""Reading one image or mask, whatever the file's format and type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from automed.data.decode import Pixels, decode_picture
from automed.data.decode_array import decode_npy, decode_tiff
from automed.data.intensity import in_colour, inverted, on_black, to_uint8, with_channels
from automed.data.mask_values import MaskRule, foreground
from automed.domain.errors import DataError

SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".npy"}
    | {".pgm", ".ppm", ".pbm", ".pnm"}
)
"""Lower-case endings of the files that are looked at; their content decides how they are read."""

VERSION = 1
"""Part of every data set's digest: raise it when the same bytes begin to give other pixels."""

Array = TypeVar("Array")

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def read_image(path: Path, channels: int) -> NDArray[np.uint8]:
    """The image as uint8 (H, W, channels), upright, on black where it was transparent.

    How other types become 8 bits is said in :func:`automed.data.intensity.to_uint8`.

    Raises:
        DataError: The file cannot be read.
    """

    def image_in(pixels: Pixels) -> NDArray[np.uint8]:
        values = pixels.values
        if pixels.palette is not None:
            values = in_colour(values, pixels.palette)
        if pixels.white_is_zero:
            values = inverted(values)
        return with_channels(to_uint8(on_black(values, pixels.alpha)), channels)

    return _read(path, image_in)


def read_mask(path: Path, rule: MaskRule) -> NDArray[np.bool_]:
    """The mask's foreground as bool (H, W); see :func:`automed.data.mask_values.foreground`.

    Raises:
        DataError: The file cannot be read.
    """
    return _read(path, lambda pixels: foreground(pixels, rule))


def read_masks(paths: Sequence[Path], rule: MaskRule) -> NDArray[np.bool_]:
    """The union of one or more masks of one image, bool (H, W).

    Raises:
        DataError: A file cannot be read, or the masks differ in size.
    """
    union = read_mask(paths[0], rule)
    for path in paths[1:]:
        mask = read_mask(path, rule)
        if mask.shape != union.shape:
            raise DataError(
                f"{path} differs in size from {paths[0].name}, a mask of the same image",
                found=size_text(mask.shape),
                expected=size_text(union.shape),
            )
        union = union | mask
    return union


def size_text(shape: Sequence[int]) -> str:
    """Height and width as people read them: ``288x384 (height x width)``."""
    return f"{shape[0]}x{shape[1]} (height x width)"


def _read(path: Path, meaning: Callable[[Pixels], Array]) -> Array:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be opened", found=error.strerror or str(error)) from None
    if not data:
        raise DataError(f"{path} is empty", found="0 bytes", expected="an image", hint=_REMOVE)
    try:
        return meaning(_decode(data))
    except Exception as error:  # decoders raise anything on damaged bytes
        raise DataError(
            f"{path} cannot be read as an image",
            found=f"{str(error) or type(error).__name__}",
            expected="PNG, JPEG, BMP, GIF, WebP, TIFF or .npy",
            hint=_REMOVE,
        ) from error


_REMOVE = "replace the file, or move it (and its mask) out of the folder"


def _decode(data: bytes) -> Pixels:
    if data.startswith(b"\x93NUMPY"):
        return decode_npy(data)
    if data.startswith(_TIFF):
        return decode_tiff(data)
    return decode_picture(data)
