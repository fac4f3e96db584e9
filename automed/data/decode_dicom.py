"""DICOM: one image of any modality, in the units of its header."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.multival import MultiValue
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import HTJ2K, HTJ2KLossless, HTJ2KLosslessRPCL

from automed.data.decode import MAX_PIXELS, Pixels
from automed.data.window import Window
from automed.domain.errors import DataError

# Odd values elsewhere in the header do not concern the pixels; pydicom warns of each of them.
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE

ENDINGS = (".dcm", ".dicom", ".ima")
"""Lower-case endings of DICOM files."""

MAGIC = b"DICM"
"""What a DICOM file holds after its preamble of 128 bytes."""


class MissingDecoderError(ValueError):
    """Pixels are compressed in a way that no installed package can read."""

    def __init__(self, transfer_syntax: str, packages: str) -> None:
        super().__init__(f"compressed as {transfer_syntax}, which needs {packages}")
        self.hint = f"pip install {packages}; or export the file uncompressed"


def is_dicom_name(path: str) -> bool:
    """Whether a file's ending is one of DICOM."""
    return path.lower().endswith(ENDINGS)


def is_dicom(data: bytes) -> bool:
    """Whether the bytes of a file are DICOM."""
    return data[128:132] == MAGIC


def decode_dicom(data: bytes) -> Pixels:
    """Decode a DICOM file with one frame.

    Grey values go through the modality transform (rescale slope and intercept, or its table): CT
    numbers are in Hounsfield units. The window that the file asks for is handed on, the first
    where there are several; a VOI table without a window is applied. Colours (YBR, palettes)
    become RGB. Overlays are ignored.

    Raises:
        ValueError: No pixels, several frames, more than ``MAX_PIXELS``, or a transfer syntax that
            no installed package decodes. Other types on damaged files.
    """
    header = pydicom.dcmread(io.BytesIO(data))
    _check(header)
    values = np.asarray(pixel_array(header))
    kind = str(header.PhotometricInterpretation)
    if kind == "PALETTE COLOR":
        colours = apply_color_lut(values, header)
        return Pixels((colours >> 8).astype(np.uint8) if colours.dtype.itemsize > 1 else colours)
    if values.ndim == 3:
        return Pixels(values)
    window = _window(header)
    values = apply_modality_lut(values, header)
    if window is None and "VOILUTSequence" in header:
        values = apply_voi_lut(values, header)
    return Pixels(
        values[..., None],
        white_is_zero=kind == "MONOCHROME1",
        measured=True,
        window=window,
    )


def read_header(path: Path, *names: str) -> pydicom.Dataset:
    """Some elements of a file's header, by keyword; absent ones are missing there.

    Raises:
        DataError: The file cannot be opened, or is no DICOM.
    """
    try:
        return pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(names))
    except Exception as error:  # damaged headers raise anything
        raise DataError(
            f"{path} cannot be read as DICOM", found=str(error) or type(error).__name__
        ) from error


def instance_uid(path: Path) -> str:
    """The SOP instance UID, from the file's meta information alone, which is several times as fast.

    Raises:
        DataError: The file cannot be opened, or is no DICOM.
    """
    try:
        meta = pydicom.filereader.read_file_meta_info(path)
        uid = meta.get("MediaStorageSOPInstanceUID")
    except Exception:  # noqa: BLE001 - old files have no meta information; the header decides
        uid = None
    return str(uid or read_header(path, "SOPInstanceUID").get("SOPInstanceUID", ""))


def _check(header: pydicom.Dataset) -> None:
    frames = int(header.get("NumberOfFrames") or 1)
    if frames > 1:
        raise ValueError(f"a stack of {frames} frames, not one picture")
    if "PixelData" not in header:
        raise ValueError("a DICOM file without pixels")
    if math.prod((int(header.Rows), int(header.Columns))) > MAX_PIXELS:
        raise ValueError(f"more than {MAX_PIXELS / 1e6:.0f} megapixels")
    syntax = header.file_meta.TransferSyntaxUID
    if syntax.is_compressed and syntax.is_encapsulated and not _decodable(syntax):
        newer = syntax in {HTJ2K, HTJ2KLossless, HTJ2KLosslessRPCL}
        packages = "pylibjpeg pylibjpeg-openjpeg" if newer else "python-gdcm"
        raise MissingDecoderError(syntax.name, packages)


def _decodable(syntax: pydicom.uid.UID) -> bool:
    try:
        return get_decoder(syntax).is_available
    except NotImplementedError:  # no decoder exists for it, such as for MPEG-4
        raise ValueError(f"compressed as {syntax.name}, which pydicom does not read") from None


def _window(header: pydicom.Dataset) -> Window | None:
    centre, width = _first(header.get("WindowCenter")), _first(header.get("WindowWidth"))
    return None if centre is None or width is None or width < 1 else Window(centre, width)


def _first(value: Any) -> float | None:  # noqa: ANN401 - absent, one number or several
    if isinstance(value, MultiValue):
        value = value[0] if value else None
    return None if value in (None, "") else float(value)
