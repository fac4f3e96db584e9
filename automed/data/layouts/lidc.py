"""LIDC-IDRI: CT series in DICOM, with the outlines of up to four readers in XML.

Source: Armato et al., Medical Physics 38 (2011) 915; The Cancer Imaging Archive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from automed.data.decode_dicom import instance_uid, is_dicom_name, read_header
from automed.data.finding import number
from automed.data.layouts.folder import Folder
from automed.data.layouts.found import Found, Kind, Layout, ids_of
from automed.data.lidc_outlines import Outlines, is_outlines, read_outlines
from automed.data.parallel import in_threads
from automed.domain.errors import DataError
from automed.domain.sample import Sample

EMPTY_SLICES = 4
"""Slices without any mark that are taken from each series, spread evenly over its files."""

_PATIENT = re.compile(r"LIDC-IDRI-\d+", re.IGNORECASE)


def match(folder: Folder, _kind: Kind, _explicit: bool) -> list[Found]:
    """Take the slices in which some reader outlined a nodule, and a few of each series without.

    Patients' folders lie in this folder or one below; the XML files anywhere in it, and are matched
    by the UID of their series.

    Raises:
        DataError: There are no XML files, or one cannot be read, or none is about these series.
    """
    patients = _patients(folder)
    if not patients:
        return []
    outlines = _outlines(folder)
    samples: list[Sample] = []
    bare = 0
    for patient in patients:
        for series in _series(patient):
            uid = str(read_header(_first(series), "SeriesInstanceUID").get("SeriesInstanceUID", ""))
            if uid in outlines:
                xml, said = outlines[uid]
                samples += _samples(series, patient, xml, said)
            else:
                bare += 1
    if not samples:
        _refuse(folder, len(outlines))
    notes = [
        f"slices in which a reader outlined a nodule, and {EMPTY_SLICES} of each series without; "
        "a pixel is of a nodule where at least half of the readers say so"
    ]
    if bare:
        notes.append(f"{number(bare, 'series', 'series')} without an XML file are left out")
    cut = len(folder.path) + 1 if folder.path else 0
    identities = ids_of([sample.image[cut:] for sample in samples])
    return [
        Found(
            layout=LAYOUT.name,
            folder=folder.path,
            part="",
            samples=tuple(s.replace(id=i) for s, i in zip(samples, identities, strict=True)),
            notes=tuple(notes),
            grouped_by="patient (folder LIDC-IDRI-...)",
            chosen=True,
        )
    ]


def _patients(folder: Folder) -> list[Folder]:
    near = [*folder.with_images, *(c for child in folder.with_images for c in child.with_images)]
    return [child for child in near if _PATIENT.fullmatch(child.name)]


def _series(folder: Folder) -> Iterator[Folder]:
    if any(map(is_dicom_name, folder.files)):
        yield folder
    for child in folder.folders:
        yield from _series(child)


def _first(series: Folder) -> Path:
    return series.absolute / next(filter(is_dicom_name, series.files))


def _outlines(folder: Folder) -> dict[str, tuple[str, Outlines]]:
    """The XML files about CT series, with what they say, by the UID of the series."""
    paths = list(_xml_files(folder))
    read = in_threads(lambda path: read_outlines(folder.root / path), paths)
    return {said.series: (p, said) for p, said in zip(paths, read, strict=True) if said is not None}


def _xml_files(folder: Folder) -> Iterator[str]:
    yield from (folder.join(name) for name in folder.files if is_outlines(name))
    for child in folder.folders:
        yield from _xml_files(child)


def _samples(series: Folder, patient: Folder, xml: str, said: Outlines) -> list[Sample]:
    files = [series.join(name) for name in series.files if is_dicom_name(name)]
    uids = list(in_threads(lambda file: instance_uid(series.root / file), files))
    with_nodule = [f for f, uid in zip(files, uids, strict=True) if uid in said.by_slice]
    marked = said.by_slice.keys() | said.touched
    empty = _spread([f for f, uid in zip(files, uids, strict=True) if uid not in marked])
    group = patient.name
    return [
        Sample(id=file, image=file, masks=(xml,), group=group)
        for file in sorted([*with_nodule, *empty])
    ]


def _spread(files: Sequence[str]) -> list[str]:
    """Some of the files at equal distances, the middles of equal stretches."""
    count = min(EMPTY_SLICES, len(files))
    return [files[(2 * index + 1) * len(files) // (2 * count)] for index in range(count)]


def _refuse(folder: Folder, known: int) -> None:
    raise DataError(
        f"{folder.absolute} holds patients of LIDC-IDRI, but no annotations of their series",
        found=f"{known} XML files about other CT series" if known else "no XML file about a CT",
        expected="the XML file of each series, in its folder or elsewhere below this one",
        hint="download LIDC-XML-only.zip from The Cancer Imaging Archive and unpack it here",
    )


LAYOUT = Layout(
    name="lidc",
    kinds=("segmentation",),
    description="LIDC-IDRI-0001/<study>/<series>/*.dcm with the readers' XML files, as The Cancer "
    "Imaging Archive has it",
    match=match,
)
