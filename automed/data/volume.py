"""NIfTI volumes, read whole once and handed out as axial slices."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.orientations import (
    apply_orientation,
    axcodes2ornt,
    io_orientation,
    ornt_transform,
)
from numpy.typing import NDArray

from automed.data.class_values import whole_numbers
from automed.data.file_names import parts
from automed.data.intensity import PERCENTILES
from automed.data.recently_read import RecentlyRead
from automed.data.window import Window, stretched, windowed
from automed.domain.errors import DataError

ENDINGS = (".nii", ".nii.gz")

MOST_BYTES = 1 << 30
"""Of volumes that stay in memory: two cases of BRATS take 90 MB, one CT with its mask 300 MB."""

_ENOUGH = 1_000_000
"""Voxels from which the percentiles are estimated: their error is far below a grey level."""

# nibabel prints what it mends in headers; a user can do nothing about it.
logging.getLogger("nibabel.global").setLevel(logging.CRITICAL)

_images: RecentlyRead[NDArray[np.uint8]] = RecentlyRead(lambda array: array.nbytes, MOST_BYTES)
_labels: RecentlyRead[NDArray[Any]] = RecentlyRead(lambda array: array.nbytes, MOST_BYTES // 2)
_filled: RecentlyRead[tuple[int, ...]] = RecentlyRead(lambda indices: 36 * len(indices), 1 << 26)


def is_volume(path: str) -> bool:
    """Whether a file's ending is that of NIfTI."""
    return parts(path)[2] in ENDINGS


def read_volume(path: Path, window: Window | None) -> NDArray[np.uint8]:
    """All slices of a volume as uint8, shape (slices, height, width, channels).

    Slices are axial and go up from the feet; rows go from front to back and columns from the
    patient's right to the left, as radiologists look at them, whatever the file's own axes are.
    A fourth axis of the file holds channels.

    Without a window, each channel of each volume is stretched from its 0.1 to its 99.9 percentile:
    one line for all slices of a patient, for the units of MRI mean nothing across patients. Voxels
    that are exactly 0 do not count, since they are the background where the skull was stripped,
    and become 0 where no value is below 0. Files that hold uint8 stay as they are.

    Raises:
        DataError: The file cannot be read, or holds no volume.
    """
    return _images.get((*_identity(path), window), lambda: _as_uint8(path, window))


def read_label_volume(path: Path) -> NDArray[Any]:
    """The values of a volume of labels, integers of shape (slices, height, width).

    Raises:
        DataError: The file cannot be read, or holds fractions or several channels.
    """
    return _labels.get(_identity(path), lambda: _as_labels(path))


def filled_slices(path: Path) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A volume's shape (slices, height, width), and which of its slices show something.

    Those where the first channel has one value everywhere, such as the air around a head whose
    skull was stripped, show nothing.

    Raises:
        DataError: The file cannot be read, or holds no volume.
    """
    found = _filled.get(_identity(path), lambda: _look(path))
    return found[:3], found[3:]


def _identity(path: Path) -> tuple[Any, ...]:
    try:
        seen = path.stat()
    except OSError as error:
        raise DataError(f"{path} cannot be opened", found=error.strerror or str(error)) from None
    return str(path), seen.st_mtime_ns, seen.st_size


def _look(path: Path) -> tuple[int, ...]:
    raw, _, _ = _read(path, first_channel=True)
    flat = raw[..., 0].reshape(len(raw), -1)
    return *raw.shape[:3], *map(int, np.flatnonzero(flat.min(axis=1) < flat.max(axis=1)))


def _as_uint8(path: Path, window: Window | None) -> NDArray[np.uint8]:
    raw, slope, inter = _read(path)
    if window is None and raw.dtype == np.uint8 and (slope, inter) == (1, 0):
        return np.ascontiguousarray(raw)
    shown = np.empty(raw.shape, np.uint8)
    for channel in range(raw.shape[-1]):
        values = raw[..., channel]
        low, high = (0.0, 0.0) if window else _range(values, slope, inter)
        for index, one in enumerate(values):  # by slices: floats take four times the memory
            real = one.astype(np.float32) * np.float32(slope) + np.float32(inter)
            shown[index, ..., channel] = (
                windowed(real, window) if window else stretched(real, low, high)
            )
    return shown


def _range(values: NDArray[Any], slope: float, inter: float) -> tuple[float, float]:
    some = values.ravel(order="K")[:: max(1, values.size // _ENOUGH)].astype(np.float64)
    real = some * slope + inter
    real = real[np.isfinite(real) & (real != 0)]
    if real.size == 0:
        return 0.0, 0.0
    low, high = (float(p) for p in np.percentile(real, PERCENTILES))
    return low, high


def _as_labels(path: Path) -> NDArray[Any]:
    raw, slope, inter = _read(path)
    if raw.shape[-1] != 1:
        raise DataError(
            f"{path} cannot be read as a mask", found=f"{raw.shape[-1]} channels", expected="one"
        )
    values = raw[..., 0]
    try:
        labels = whole_numbers(values if (slope, inter) == (1, 0) else values * slope + inter)
    except ValueError as error:
        raise DataError(f"{path} cannot be read as a mask", found=str(error)) from None
    small = labels.min() >= 0 and labels.max() <= 255
    return labels.astype(np.uint8 if small else np.int64)


def _read(path: Path, *, first_channel: bool = False) -> tuple[NDArray[Any], float, float]:
    """Stored values (slices, height, width, channels), and the line to the real ones."""
    try:
        image: Any = nib.load(path)
        proxy = image.dataobj
        four = len(proxy.shape) > 3
        raw = proxy.get_unscaled() if not (first_channel and four) else None
        values = np.asarray(proxy[..., 0] if raw is None else raw)
        slope, inter = (1.0, 0.0) if raw is None else (float(proxy.slope), float(proxy.inter))
        return _axial(values, image.affine), slope, inter
    except Exception as error:  # decompression and damaged headers raise anything
        raise DataError(
            f"{path} cannot be read as NIfTI",
            found=str(error) or type(error).__name__,
            expected="a volume of numbers with three axes, or four with channels last",
            hint="replace the file, or move it (and its mask) out of the folder",
        ) from error


def _axial(values: NDArray[Any], affine: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.kind not in "buif":
        raise ValueError(f"values of type {values.dtype}")
    shape = values.shape
    while len(shape) > 4 and shape[-1] == 1:
        shape = shape[:-1]
    shape = (*shape, *[1] * (4 - len(shape)))
    if len(shape) > 4 or 0 in shape:
        raise ValueError(f"an array of shape {values.shape}")
    values = values.reshape(shape, order="F")
    axes = io_orientation(affine)  # type: ignore[no-untyped-call]
    if not np.isnan(axes).any():  # else the header does not say, and the usual order is assumed
        turn = ornt_transform(axes, axcodes2ornt(("L", "P", "S")))  # type: ignore[no-untyped-call]
        values = apply_orientation(values, turn)  # type: ignore[no-untyped-call]
    return values.transpose(2, 1, 0, 3)
