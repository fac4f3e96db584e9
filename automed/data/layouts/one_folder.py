"""Images and masks side by side in one folder."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from automed.data.file_names import parts
from automed.data.layouts.folder import Folder
from automed.data.layouts.found import Found, Kind, Layout, ids_of
from automed.data.layouts.pairing import Pairs, names_mask, pair
from automed.data.readers import read_image
from automed.domain.errors import DataError
from automed.domain.sample import Sample

MASK_FORMATS = (".gif", ".png", ".bmp", ".tiff", ".npy", ".webp", ".jpeg")
"""Which of two formats holds the masks: the earlier one. JPEG, which loses values, comes last.

Unless the files show that it is the other way round.
"""

LOOKED_AT = 3
"""Pairs that are decoded to see which of the two formats has fewer colours."""

_SAME = {".jpg": ".jpeg", ".jpe": ".jpeg", ".jfif": ".jpeg", ".tif": ".tiff"}


def match(folder: Folder, _kind: Kind, _explicit: bool) -> list[Found]:
    """Pair by a word in the name (``001.png``, ``001_mask.png``), else by two file formats.

    Most images must have a mask, and most masks an image.
    """
    pairs = _by_word(folder) or _by_format(folder)
    if pairs is None:
        return []
    names = tuple(pairs.matched)
    united = sum(len(some) > 1 for some in pairs.matched.values())
    samples = tuple(
        Sample(
            id=identity,
            image=folder.join(name),
            masks=tuple(map(folder.join, pairs.matched[name])),
        )
        for name, identity in zip(names, ids_of(names), strict=True)
    )
    return [
        Found(
            layout=LAYOUT.name,
            folder=folder.path,
            part="",
            samples=samples,
            images_alone=tuple(map(folder.join, pairs.images_alone)),
            masks_alone=tuple(map(folder.join, pairs.masks_alone)),
            notes=(
                _said(names, pairs),
                *((f"{united} images have several masks, which are united",) if united else ()),
            ),
        )
    ]


def _by_word(folder: Folder) -> Pairs | None:
    masks = {name: None for name in folder.images if names_mask(parts(name)[1])}
    images = [name for name in folder.images if name not in masks]
    return _enough(pair(images, list(masks))) if masks else None


def _by_format(folder: Folder) -> Pairs | None:
    formats: dict[str, list[str]] = defaultdict(list)
    for name in folder.images:
        suffix = parts(name)[2]
        formats[_SAME.get(suffix, suffix)].append(name)
    if len(formats) != 2 or not formats.keys() <= set(MASK_FORMATS):
        return None
    mask_format, image_format = sorted(formats, key=MASK_FORMATS.index)
    pairs = _enough(pair(formats[image_format], formats[mask_format]))
    if pairs is not None and _exchanged(folder, pairs):
        pairs = _enough(pair(formats[mask_format], formats[image_format]))
    return pairs


def _exchanged(folder: Folder, pairs: Pairs) -> bool:
    """Whether what should be masks shows more colours than what should be images, in the first."""
    for image, masks in list(pairs.matched.items())[:LOOKED_AT]:
        try:
            if _colours(folder, masks[0]) <= _colours(folder, image):
                return False
        except DataError:  # a damaged file says nothing; the audit will name it
            return False
    return True


def _colours(folder: Folder, name: str) -> int:
    pixels = read_image(folder.absolute / name, 3).reshape(-1, 3)
    return len(np.unique(pixels.astype(np.uint32) @ np.array([1, 256, 65536], np.uint32)))


def _enough(pairs: Pairs) -> Pairs | None:
    alone = max(len(pairs.images_alone), len(pairs.masks_alone))
    return pairs if len(pairs.matched) > alone else None


def _said(names: tuple[str, ...], pairs: Pairs) -> str:
    image, mask = names[0], pairs.matched[names[0]][0]
    return f"images and masks lie in one folder: {image} is an image, {mask} its mask"


LAYOUT = Layout(
    name="one_folder",
    kinds=("segmentation",),
    description="images and masks in one folder: 001.png and 001_mask.png, or 001.bmp and 001.png",
    match=match,
)
