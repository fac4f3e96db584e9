"""The nodules that the readers of LIDC-IDRI outlined.

Source: Armato et al., "The Lung Image Database Consortium (LIDC) and Image Database Resource
Initiative (IDRI)", Medical Physics 38 (2011) 915; its XML files, one for each CT series.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np
from numpy.typing import NDArray

from automed.data.decode_dicom import read_header
from automed.data.recently_read import RecentlyRead
from automed.domain.errors import DataError

_CT = "LidcReadMessage"
"""The root of an XML file about a CT; those about radiographs begin with IdriReadMessage."""


@dataclass(frozen=True)
class Outline:
    """One reader's outline of a nodule, or of a hole in it, in one slice.

    Attributes:
        reader: Index of the reader.
        inside: Whether what lies inside belongs to the nodule; False for a hole.
        points: Pixels of the outline, int32 (n, 2), each (column, row). They lie just outside.
    """

    reader: int
    inside: bool
    points: NDArray[np.int32]


@dataclass(frozen=True)
class Outlines:
    """What an XML file says.

    Attributes:
        series: UID of the CT series.
        readers: How many radiologists read it.
        by_slice: Outlines by the SOP instance UID of the slice.
        touched: UIDs of slices with a mark that outlines nothing: a nodule below 3 mm.
    """

    series: str
    readers: int
    by_slice: Mapping[str, tuple[Outline, ...]]
    touched: frozenset[str]


_files: RecentlyRead[Outlines | None] = RecentlyRead(lambda _: 1 << 20, 1 << 26)


def is_outlines(path: str) -> bool:
    """Whether a mask's file holds outlines."""
    return path.lower().endswith(".xml")


def read_outlines(path: Path) -> Outlines | None:
    """Read an XML file of LIDC-IDRI; None where it is about something else than a CT.

    Raises:
        DataError: It is no XML, or an outline in it is damaged.
    """
    seen = path.stat() if path.is_file() else None
    key = (str(path), seen and (seen.st_mtime_ns, seen.st_size))
    return _files.get(key, lambda: _parse(path))


def consensus(path: Path, image: Path) -> NDArray[np.uint8]:
    """The pixels of a slice that at least half of its readers hold for a nodule.

    A reader holds those inside her outlines for a nodule, the outlines themselves excluded, for
    they were drawn around it. A nodule that fewer than half of the readers saw leaves no pixel.

    Args:
        path: The XML file.
        image: The DICOM file of the slice.

    Returns:
        0 and 1, shape (height, width) of the slice.

    Raises:
        DataError: A file cannot be read.
    """
    outlines = read_outlines(path)
    if outlines is None:
        raise DataError(f"{path} holds no outlines of a CT", expected=f"XML with {_CT} at its root")
    header = read_header(image, "SOPInstanceUID", "Rows", "Columns")
    shape = (int(header.Rows), int(header.Columns))
    votes = np.zeros(shape, np.uint8)
    here = outlines.by_slice.get(str(header.SOPInstanceUID), ())
    for reader in {outline.reader for outline in here}:
        votes += _marked([one for one in here if one.reader == reader], shape)
    return ((votes > 0) & (2 * votes >= outlines.readers)).astype(np.uint8)


def _marked(outlines: list[Outline], shape: tuple[int, int]) -> NDArray[np.uint8]:
    marked = np.zeros(shape, np.uint8)
    for outline in sorted(outlines, key=lambda one: not one.inside):  # holes last
        filled = np.zeros(shape, np.uint8)
        cv2.fillPoly(filled, [outline.points], 1)
        cv2.polylines(filled, [outline.points], isClosed=True, color=0)
        marked[filled == 1] = outline.inside
    return marked


def _parse(path: Path) -> Outlines | None:
    try:
        root = ElementTree.parse(path).getroot()
        if root.tag.rpartition("}")[2] != _CT:
            return None
        return _content(root)
    except (OSError, ValueError, ElementTree.ParseError) as error:
        raise DataError(
            f"{path} cannot be read as annotations of LIDC-IDRI",
            found=str(error),
            expected=f"XML with {_CT} at its root",
        ) from error


def _content(root: ElementTree.Element) -> Outlines:
    sessions = root.findall("{*}readingSession")
    by_slice: dict[str, list[Outline]] = defaultdict(list)
    touched: set[str] = set()
    for reader, session in enumerate(sessions):
        for roi in session.iterfind("{*}unblindedReadNodule/{*}roi"):
            uid = roi.findtext("{*}imageSOP_UID", "").strip()
            points = [[_number(e, "xCoord"), _number(e, "yCoord")] for e in _edges(roi)]
            if len(points) < 3:
                touched.add(uid)
                continue
            inside = roi.findtext("{*}inclusion", "TRUE").strip().upper() == "TRUE"
            by_slice[uid].append(Outline(reader, inside, np.array(points, np.int32)))
    series = root.findtext("{*}ResponseHeader/{*}SeriesInstanceUid", "").strip()
    frozen = {uid: tuple(some) for uid, some in by_slice.items()}
    return Outlines(series, len(sessions), frozen, frozenset(touched))


def _edges(roi: ElementTree.Element) -> Any:  # noqa: ANN401 - an iterator of elements
    return roi.iterfind("{*}edgeMap")


def _number(edge: ElementTree.Element, name: str) -> int:
    return int(edge.findtext(f"{{*}}{name}", ""))
