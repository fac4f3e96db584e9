"""nnU-Net's raw data: a NIfTI file for each channel, numbered ``_0000``, ``_0001``, ...

Source: Isensee et al., "nnU-Net", Nature Methods 18 (2021) 203; its ``dataset_format.md``.
"""

from __future__ import annotations

import re
from collections import defaultdict

from automed.data.file_names import parts
from automed.data.finding import few
from automed.data.layouts.folder import Folder
from automed.data.layouts.found import Found, Kind, Layout
from automed.data.volume import is_volume
from automed.domain.errors import DataError
from automed.domain.sample import Sample

_CHANNEL = re.compile(r"(.+)_(\d{4})")


def match(folder: Folder, _kind: Kind, _explicit: bool) -> list[Found]:
    """Pair ``imagesTr/<case>_0000.nii.gz``, ... with ``labelsTr/<case>.nii.gz``.

    Raises:
        DataError: Cases differ in their channels.
    """
    by_name = {child.name: child for child in folder.with_images}
    images, labels = by_name.get("imagesTr"), by_name.get("labelsTr")
    found = _found(folder, images, labels) if images and labels else None
    return [found] if found is not None else []


def _found(folder: Folder, images: Folder, labels: Folder) -> Found | None:
    channels: dict[str, dict[str, str]] = defaultdict(dict)
    for name in filter(is_volume, images.images):
        named = _CHANNEL.fullmatch(parts(name)[1])
        if named:
            channels[named[1]][named[2]] = images.join(name)
    masks = {parts(name)[1]: labels.join(name) for name in filter(is_volume, labels.images)}
    cases = sorted(channels.keys() & masks.keys())
    if not cases:
        return None
    _check(images, {case: tuple(sorted(channels[case])) for case in cases})
    samples = []
    for case in cases:
        first, *more = (channels[case][channel] for channel in sorted(channels[case]))
        samples.append(
            Sample(id=case, image=first, channel_files=tuple(more), masks=(masks[case],))
        )
    return Found(
        layout=LAYOUT.name,
        folder=folder.path,
        part="",
        samples=tuple(samples),
        images_alone=tuple(min(channels[c].values()) for c in sorted(channels.keys() - set(cases))),
        masks_alone=tuple(masks[case] for case in sorted(masks.keys() - set(cases))),
    )


def _check(images: Folder, channels: dict[str, tuple[str, ...]]) -> None:
    usual = max(channels.values(), key=len)
    other = [f"{case} ({', '.join(some)})" for case, some in channels.items() if some != usual]
    if other:
        raise DataError(
            f"cases in {images.absolute} have different channels",
            found=few(other),
            expected=f"{', '.join(usual)} for each case",
            hint="add the missing files, or move these cases out of the folder",
        )


LAYOUT = Layout(
    name="nnunet",
    kinds=("segmentation",),
    description="imagesTr/<case>_0000.nii.gz (and _0001, ... for further channels) with "
    "labelsTr/<case>.nii.gz, as nnU-Net has it; each axial slice is a sample",
    match=match,
)
