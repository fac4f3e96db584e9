"""BraTS: a folder for each case, with a NIfTI volume for each MRI sequence.

Source: Baid et al., "The RSNA-ASNR-MICCAI BraTS 2021 Benchmark", arXiv 2107.02314 (names of 2018
to 2021); Synapse syn51156910 (names of 2023).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from automed.data.file_names import normal, parts
from automed.data.finding import few, number
from automed.data.layouts.folder import Folder
from automed.data.layouts.found import Found, Kind, Layout
from automed.data.volume import is_volume
from automed.domain.errors import DataError
from automed.domain.sample import Sample


@dataclass(frozen=True)
class _Naming:
    """How one year's files end, in the order of the channels, and what its labels are."""

    sequences: tuple[str, ...]
    mask_values: tuple[int, ...]


_NAMINGS = (
    _Naming(("flair", "t1", "t1ce", "t2"), (1, 2, 4)),
    _Naming(("t2f", "t1n", "t1c", "t2w"), (1, 2, 3)),
)
"""FLAIR, T1, T1 with contrast agent, T2. Labels: necrotic core, oedema, enhancing tumour."""

_MASK = "seg"
_GRADES = {"hgg", "lgg"}
_VISIT = re.compile(r"(?<=-\d{5})-\d{3}$")
"""From 2023 on, a case is a visit of a patient: BraTS-GLI-00008-001 is the second of 00008."""

_END = re.compile(r"[_-]([a-z0-9]+)$")


def match(folder: Folder, _kind: Kind, _explicit: bool) -> list[Found]:
    """Take each folder inside, or inside ``HGG/`` and ``LGG/``, that holds the four sequences.

    Raises:
        DataError: Cases lack a sequence, or cases of both namings lie together.
    """
    cases = [(case, *found) for case in _candidates(folder) if (found := _sequences(case))]
    if not cases:
        return []
    namings = {naming for _, naming, _ in cases}
    _check(folder, cases, len(namings))
    cut = len(folder.path) + 1 if folder.path else 0
    samples, alone = [], []
    for case, naming, files in cases:
        images = tuple(case.join(files[name]) for name in naming.sequences)
        if _MASK not in files:
            alone.append(images[0])
            continue
        samples.append(
            Sample(
                id=case.path[cut:],
                image=images[0],
                channel_files=images[1:],
                masks=(case.join(files[_MASK]),),
                group=_VISIT.sub("", case.name),
            )
        )
    if not samples:
        return []
    naming = next(iter(namings))
    return [
        Found(
            layout=LAYOUT.name,
            folder=folder.path,
            part="",
            samples=tuple(samples),
            images_alone=tuple(alone),
            notes=(f"channels: {', '.join(naming.sequences)}",),
            grouped_by="patient (name of the case)",
            mask_values=naming.mask_values,
        )
    ]


def _candidates(folder: Folder) -> Iterator[Folder]:
    for child in folder.with_images:
        if normal(child.name) in _GRADES:
            yield from child.with_images
        else:
            yield child


def _sequences(case: Folder) -> tuple[_Naming, dict[str, str]] | None:
    """The files of a case by their sequence, where at least three of a naming are there."""
    files: dict[str, str] = {}
    for name in filter(is_volume, case.images):
        end = _END.search(normal(parts(name)[1]))
        if end:
            # One case of 2020 calls its mask ..._Segm.
            files[_MASK if end[1] == "segm" else end[1]] = name
    best = max(_NAMINGS, key=lambda naming: len(files.keys() & set(naming.sequences)))
    return (best, files) if len(files.keys() & set(best.sequences)) >= 3 else None


def _check(
    folder: Folder, cases: list[tuple[Folder, _Naming, dict[str, str]]], namings: int
) -> None:
    lacking = [
        f"{case.path}: {', '.join(n for n in naming.sequences if n not in files)}"
        for case, naming, files in cases
        if not files.keys() >= set(naming.sequences)
    ]
    if lacking:
        raise DataError(
            f"{number(len(lacking), 'case')} in {folder.absolute} without all four sequences",
            found=f"missing in {few(lacking)}",
            expected=f"files that end in {', '.join(cases[0][1].sequences)}",
            hint="add the files, or move these cases out of the folder",
        )
    if namings > 1:
        raise DataError(
            f"{folder.absolute} mixes cases of BraTS 2018 to 2021 with cases of 2023",
            found="names in ..._t1ce and in ...-t1c; the enhancing tumour is 4 in one, 3 in the "
            "other",
            expected="cases of one kind",
            hint="give the folder of one of them",
        )


LAYOUT = Layout(
    name="brats",
    kinds=("segmentation",),
    description="<case>/<case>_{flair,t1,t1ce,t2,seg}.nii.gz as in BraTS 2018 to 2021, or "
    "<case>-{t2f,t1n,t1c,t2w,seg}.nii.gz as in 2023; each axial slice is a sample of 4 channels",
    match=match,
)
