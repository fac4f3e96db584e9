"""A folder for each class."""

from __future__ import annotations

from itertools import combinations

from automed.data.file_names import normal
from automed.data.finding import few
from automed.data.layouts import one_folder
from automed.data.layouts.folder import Folder
from automed.data.layouts.found import Found, Kind, Layout, ids_of
from automed.data.layouts.names import is_part, role_of
from automed.data.layouts.unnamed_masks import unnamed_masks
from automed.domain.sample import Sample


def match(folder: Folder, _kind: Kind, explicit: bool) -> list[Found]:
    """Take each sub-folder that holds images, at any depth, as a class.

    Unless the user said that these are the classes, they are not taken for classes where they
    look like the parts of a split (``train``, ``fold_1``), like variants of one data set (images
    only deeper, in folders of the same names), or like images with their masks.

    Raises:
        DataError: It takes a person to say whether a folder holds a class or masks.
    """
    classes, notes = _without_copies(folder.with_images)
    wraps = len(classes) == 1 and not classes[0].images
    if not classes or wraps or (not explicit and _something_else(folder, classes)):
        return []
    paths = [path for child in classes for path in child.deep_images]
    labels = [child.name for child in classes for _ in child.deep_images]
    cut = len(folder.path) + 1 if folder.path else 0
    deeper = sorted({c.name for c in classes if len(c.images) < len(c.deep_images)})
    if deeper:
        notes.append(f"images in sub-folders of {few(deeper)} count as of that class")
    samples = tuple(
        Sample(id=identity, image=path, label=label)
        for identity, path, label in zip(
            ids_of([path[cut:] for path in paths]), paths, labels, strict=True
        )
    )
    return [Found(LAYOUT.name, folder.path, "", samples, notes=tuple(notes))]


def _without_copies(classes: tuple[Folder, ...]) -> tuple[list[Folder], list[str]]:
    """Leave out a folder that holds all classes once more, as some archives have it."""
    names = {normal(child.name) for child in classes}
    copies = [c for c in classes if not c.images and len(_inside(c) & names) >= 2]
    notes = [f"{copy.name}/ repeats the class folders and is left out" for copy in copies]
    return [child for child in classes if child not in copies], notes


def _something_else(folder: Folder, classes: list[Folder]) -> bool:
    if all(is_part(child.name) for child in classes):
        return True
    if not any(child.images for child in classes) and _variants(classes):
        return True
    roles = {role_of(child.name)[0] for child in classes}
    return (
        {"image", "mask"} <= roles
        or any(one_folder.match(child, "segmentation", False) for child in classes)
        or unnamed_masks(folder) is not None
    )


def _variants(classes: list[Folder]) -> bool:
    return any(len(_inside(a) & _inside(b)) >= 2 for a, b in combinations(classes, 2))


def _inside(folder: Folder) -> set[str]:
    return {normal(child.name) for child in folder.with_images}


LAYOUT = Layout(
    name="class_folders",
    kinds=("classification",),
    description="a folder for each class, with its images: Benign/, Early/, ...; also inside "
    "train/, val/, test/",
    match=match,
)
