"""Images and masks in two folders whose names do not say which is which."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple, NoReturn

from automed.data.layouts import one_folder
from automed.data.layouts.folder import Folder
from automed.data.layouts.names import is_part, role_of
from automed.data.layouts.pairing import pair
from automed.data.layouts.pixel_roles import pixel_role
from automed.data.readers import read_image
from automed.domain.errors import DataError

_MOST_FOLDERS = 4
"""Images, masks, and perhaps overlays: more folders than these are classes or patients."""
_NEARLY_ALL = 0.9


class _Pair(NamedTuple):
    """Two folders that pair file by file, and the first two such files."""

    one: Folder
    other: Folder
    files: tuple[Path, Path]


def unnamed_masks(folder: Folder, *, explicit: bool = False) -> tuple[Folder, Folder] | None:
    """The folder of masks and that of their images, by their pixels; None: there are none.

    Folders that pair file by file may be classes that were numbered alike, so that a few files are
    decoded: two folders of photographs are classes.

    Args:
        folder: What holds both.
        explicit: The user said that there are masks.

    Raises:
        DataError: Folders pair, and it takes a person to say what they are.
    """
    pairs = _pairs_in(folder.with_images)
    folders = {id(side): side for found in pairs for side in (found.one, found.other)}
    roles = {
        key: pixel_role([side.root / image for image in side.deep_images])
        for key, side in folders.items()
    }
    found = [
        (masks, images)
        for one, other, _ in pairs
        for masks, images in ((one, other), (other, one))
        if (roles[id(masks)], roles[id(images)]) == ("mask", "picture")
    ]
    if len(found) == 1:
        return found[0]
    for one, other, files in pairs:
        both = {roles[id(one)], roles[id(other)]}
        odd = len(both) == 2 and "unclear" in both and _one_size(files)
        if (found or odd or explicit) and one.images and other.images:
            _ask(folder, one, other)
    return None


def _pairs_in(folders: Sequence[Folder]) -> list[_Pair]:
    if not 2 <= len(folders) <= _MOST_FOLDERS or all(is_part(one.name) for one in folders):
        return []
    found = []
    for one, other in combinations(folders, 2):
        matched = pair(one.inner_images, other.inner_images).matched
        fewer, more = sorted((len(one.deep_images), len(other.deep_images)))
        if len(matched) >= max(_NEARLY_ALL * fewer, more / 2):
            first, masks = next(iter(matched.items()))
            found.append(_Pair(one, other, (one.absolute / first, other.absolute / masks[0])))
    return [] if found and any(map(_is_data_set, folders)) else found


def _is_data_set(folder: Folder) -> bool:
    """Whether a folder has its images and masks inside."""
    named = any(role_of(inside.name)[0] == "mask" for inside in folder.with_images)
    return named or bool(one_folder.match(folder, "segmentation", False))


def _one_size(files: tuple[Path, Path]) -> bool:
    try:
        one, other = (read_image(file, 3).shape for file in files)
    except DataError:
        return False
    return one == other


def _ask(parent: Folder, one: Folder, other: Folder) -> NoReturn:
    raise DataError(
        f"the files of {one.name}/ and {other.name}/ in {parent.absolute} pair by their names, and "
        "whether one of the folders holds masks is not clear",
        found=f"{one.images[0]} in {one.name}/, {other.images[0]} in {other.name}/",
        expected="masks that are black where nothing is marked, beside images; or a folder for "
        "each class",
        hint="if one holds masks: rename it to masks/ and the other to images/, or list the pairs "
        "in a manifest.csv with the columns image,mask; if they are classes: --layout "
        "class_folders",
    )
