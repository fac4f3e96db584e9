"""Reading MetaImage (.mha): a header of ``key = value`` lines, then the pixels."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_TYPES = {
    "MET_UCHAR": "u1", "MET_CHAR": "i1", "MET_USHORT": "u2", "MET_SHORT": "i2", "MET_FLOAT": "f4",
}  # fmt: skip


def read_metaimage(path: Path) -> NDArray[np.generic]:
    """The pixels of a 2D image, shape (height, width) or (height, width, channels).

    Raises:
        ValueError: The file is no 2D MetaImage with its pixels inside.
    """
    data = path.read_bytes()
    header, rest = {}, data
    while header.get("ElementDataFile") is None:
        line, newline, rest = rest.partition(b"\n")
        key, equals, value = line.decode("ascii", "replace").partition("=")
        if not equals or not newline:
            raise ValueError("the header of a MetaImage ends with ElementDataFile = LOCAL")
        header[key.strip()] = value.strip()
    if header["ElementDataFile"] != "LOCAL" or header.get("NDims") != "2":
        raise ValueError("a 2D image with its pixels in the same file is expected")
    if header.get("CompressedData") == "True":
        rest = zlib.decompress(rest)
    width, height = map(int, header["DimSize"].split())
    channels = int(header.get("ElementNumberOfChannels", 1))
    order = ">" if header.get("BinaryDataByteOrderMSB") == "True" else "<"
    pixels = np.frombuffer(rest, order + _TYPES[header["ElementType"]], height * width * channels)
    return pixels.reshape(height, width, channels)
