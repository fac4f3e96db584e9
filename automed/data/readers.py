"""Reading one image or mask, whatever the file's format and type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from automed.data.class_values import labels_in
from automed.data.decode import GREY_OR_COLOUR, Pixels, decode_picture
from automed.data.decode_array import decode_npy, decode_tiff
from automed.data.decode_dicom import MissingDecoderError, decode_dicom, is_dicom
from automed.data.intensity import (
    each_to_uint8,
    in_colour,
    in_window,
    inverted,
    on_black,
    to_uint8,
    with_channels,
)
from automed.data.mask_values import MaskRule, foreground
from automed.data.own_reader import own_pixels
from automed.data.window import AUTO, read_window
from automed.domain.errors import DataError

SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".npy"}
    | {".pgm", ".ppm", ".pbm", ".pnm"}
    | {".dcm", ".dicom", ".ima", ".nii", ".nii.gz"}
)
"""Lower-case endings of the files that are looked at; their content decides how they are read."""

VERSION = 1
"""Part of every data set's digest: raise it when the same bytes begin to give other pixels."""

Array = TypeVar("Array")

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def read_image(path: Path, channels: int, window: str = AUTO) -> NDArray[np.uint8]:
    """The image as uint8 (H, W, channels), upright, on black where it was transparent.

    How other types become 8 bits is said in :func:`automed.data.intensity.to_uint8`; DICOM goes
    through the window, of the file itself where it is ``auto``, or else from its smallest to its
    largest value. Windows do nothing to other formats, whose units are not known. Grey is repeated
    for 3 channels and colour becomes grey for 1; any other number must be the file's own, and each
    channel becomes 8 bits by itself.

    Raises:
        DataError: The file cannot be read, has another number of channels, or there is no such
            window.
    """
    chosen = read_window(window)

    def image_in(pixels: Pixels) -> NDArray[np.uint8]:
        if pixels.measured:
            shown = in_window(pixels.values, chosen or pixels.window)
            return with_channels(255 - shown if pixels.white_is_zero else shown, channels)
        if channels not in GREY_OR_COLOUR:
            return each_to_uint8(_measurements(pixels))
        return with_channels(to_uint8(_visible(pixels)), channels)

    image = _read(path, image_in, channels)
    check_channels(image, channels, str(path))
    return image


def check_channels(image: NDArray[np.uint8], channels: int, name: str) -> None:
    """Refuse an image (H, W, C) whose channels are not those of the task.

    Raises:
        DataError: It has more or fewer.
    """
    if image.shape[-1] != channels:
        raise DataError(
            f"{name} has {image.shape[-1]} channels",
            found=f"{image.shape[-1]} channels",
            expected=f"{channels} channels, as the task says",
            hint=f"use a task with channels = {image.shape[-1]}, or export the images with "
            f"{channels} channels",
        )


def _visible(pixels: Pixels) -> NDArray[Any]:
    values = pixels.values
    if pixels.palette is not None:
        values = in_colour(values, pixels.palette)
    if pixels.white_is_zero:
        values = inverted(values)
    return on_black(values, pixels.alpha)


def _measurements(pixels: Pixels) -> NDArray[Any]:
    """Every channel, alpha too: it is the fourth of a PNG that was written with four channels."""
    if pixels.palette is not None:
        return in_colour(pixels.values, pixels.palette)
    alpha = pixels.values[..., :0] if pixels.alpha is None else pixels.alpha[..., None]
    return np.concatenate([pixels.values, alpha], axis=-1)


def read_mask(path: Path, rule: MaskRule) -> NDArray[np.bool_]:
    """The mask's foreground as bool (H, W); see :func:`automed.data.mask_values.foreground`.

    Raises:
        DataError: The file cannot be read.
    """
    return _read(path, lambda pixels: foreground(pixels, rule))


def read_labels(path: Path, *, colours: bool) -> NDArray[np.int64]:
    """The values of a mask of several classes, (H, W), as the file stores them.

    Args:
        path: The file.
        colours: Whether a grey palette gives the values, rather than the palette's indices.

    Raises:
        DataError: The file cannot be read, or holds colours or fractions.
    """
    return _read(path, lambda pixels: labels_in(pixels, colours=colours))


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


def _read(path: Path, meaning: Callable[[Pixels], Array], channels: int = 3) -> Array:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be opened", found=error.strerror or str(error)) from None
    if not data:
        raise DataError(f"{path} is empty", found="0 bytes", expected="an image", hint=_REMOVE)
    try:
        own = None if path.suffix.lower() in SUFFIXES else own_pixels(path)
        return meaning(own or _decode(data, channels))
    except Exception as error:  # decoders raise anything on damaged bytes
        raise DataError(
            f"{path} cannot be read as an image",
            found=f"{str(error) or type(error).__name__}",
            expected="PNG, JPEG, BMP, GIF, WebP, TIFF, DICOM or .npy",
            hint=error.hint if isinstance(error, MissingDecoderError) else _REMOVE,
        ) from error


_REMOVE = "replace the file, or move it (and its mask) out of the folder"


def _decode(data: bytes, channels: int) -> Pixels:
    if data.startswith(b"\x93NUMPY"):
        return decode_npy(data, channels)
    if data.startswith(_TIFF):
        return decode_tiff(data, channels)
    if is_dicom(data):
        return decode_dicom(data)
    return decode_picture(data)
