"""From a folder to its samples: the layouts in turn, here and further down."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from automed.data.layouts.folder import Folder, scan
from automed.data.layouts.found import Found, Kind, Layout, merged
from automed.data.layouts.names import IMAGE_WORDS, MASK_WORDS, is_part
from automed.data.layouts.table import LAYOUTS
from automed.domain.data_options import DataOptions
from automed.domain.errors import DataError
from automed.domain.suggestion import suggestion
from automed.domain.task import ClassificationTask, SegmentationTask

DEPTH = 4
"""How many levels below the given folder are searched."""


class UnknownLayoutError(DataError):
    """No layout fits the folder."""


def recognize(
    root: Path, task: SegmentationTask | ClassificationTask, options: DataOptions
) -> Found:
    """Find the one data set in a folder.

    The folder itself is tried first, each layout in turn, then the folders inside. Where several
    match, they are one data set only if they are the parts of a split (``train``, ``test``,
    ``fold_1``), or if the user named the layout: then all of them are taken together.

    Raises:
        DataError: No folder, no images, no known layout, or several data sets.
    """
    wanted = _wanted(task, options)
    folder = scan(root)
    if not folder.deep_images:
        raise DataError(
            f"there are no images in {root}",
            found=folder.inventory(),
            expected="PNG, JPEG, BMP, GIF, WebP, TIFF, .npy, DICOM (.dcm) or NIfTI (.nii, .nii.gz) "
            "files",
            hint="give DICOM files without an ending the ending .dcm; whole-slide files have to be "
            "exported as tiles first",
        )
    layouts = [LAYOUTS[wanted]] if wanted else _of_kind(task.kind)
    founds = _search(folder, layouts, task.kind, wanted is not None, DEPTH)
    if not founds:
        _refuse_unknown(folder, layouts, task)
    if len(founds) > 1:
        _refuse_several(root, founds, task)
    return _with_leftovers(folder, founds[0])


def _wanted(task: SegmentationTask | ClassificationTask, options: DataOptions) -> str | None:
    name = (options.layout or task.layout).lower().replace("-", "_")
    if name == "auto":
        return None
    known = [layout.name for layout in _of_kind(task.kind)]
    if name not in known:
        other = LAYOUTS[name].kinds[0] if name in LAYOUTS else None
        raise DataError(
            f"there is no layout {name!r} for {task.kind}"
            + ("" if other else suggestion(name, known)),
            expected=f"auto, {', '.join(known)}",
            hint=other
            and f"this layout is for {other}; automed tasks lists the tasks of either kind",
        )
    return name


def _of_kind(kind: Kind) -> list[Layout]:
    return [layout for layout in LAYOUTS.values() if kind in layout.kinds]


def _search(
    folder: Folder, layouts: Sequence[Layout], kind: Kind, named: bool, depth: int
) -> list[Found]:
    founds: list[Found] = []
    for layout in layouts:
        founds = founds or layout.match(folder, kind, named)
    names = [found.part for found in founds]
    if not founds and depth:
        for child in folder.with_images:
            below = _search(child, layouts, kind, named, depth - 1)
            founds += below
            names += [child.name] * len(below)
    together = named or (
        all(map(is_part, names))
        and len(set(names)) == len(names)
        and len({found.layout for found in founds}) == 1
    )
    return [merged(folder.path, founds)] if len(founds) > 1 and together else founds


def _with_leftovers(folder: Folder, found: Found) -> Found:
    if found.chosen:
        return found
    used = {file for s in found.samples for file in (*s.images, *s.masks)}
    used.update(found.images_alone, found.masks_alone)
    left = [image for image in folder.deep_images if image not in used]
    if not left:
        return found
    places = sorted({image.rpartition("/")[0] or "." for image in left})
    shown = ", ".join(f"{place}/" for place in places[:4]) + (", ..." if len(places) > 4 else "")
    note = f"{len(left)} other images are not used; they lie in {shown}"
    return replace(found, notes=(*found.notes, note))


def _command(path: Path, task: SegmentationTask | ClassificationTask, more: str = "") -> str:
    return f"automed data check {shlex.quote(str(path))} --task {task.name}{more}"


def _refuse_several(
    root: Path, founds: Sequence[Found], task: SegmentationTask | ClassificationTask
) -> NoReturn:
    shown = "; ".join(
        f"{found.place} ({found.layout}, {len(found.samples)} samples)" for found in founds[:8]
    )
    more = f"; and {len(founds) - 8} more" if len(founds) > 8 else ""
    places = list(dict.fromkeys(found.folder for found in founds))[:8]
    commands = [_command(root / place, task) for place in places if place]
    layout = founds[0].layout
    together = (
        "the folders are the classes" if layout == "class_folders" else "they belong together"
    )
    commands.append(f"if {together}: {_command(root, task, f' --layout {layout}')}")
    raise DataError(
        f"{root} holds {len(founds)} data sets, and which one is meant is not clear",
        found=shown + more,
        expected="one data set",
        hint="choose one:\n            " + "\n            ".join(commands),
    )


def manifest_hint(kind: Kind) -> str:
    """What to do where no layout fits: names of folders that are known, or a manifest."""
    if kind == "classification":
        return "list the files in a manifest.csv with the columns image,label in that folder"
    return (
        "name the folder of images with one of the words "
        f"{', '.join(sorted(IMAGE_WORDS))}; and the folder of masks beside it with one of "
        f"{', '.join(sorted(MASK_WORDS))}; or list the pairs in a manifest.csv with the columns "
        "image,mask in the folder that holds both"
    )


def _refuse_unknown(
    folder: Folder, layouts: Sequence[Layout], task: SegmentationTask | ClassificationTask
) -> NoReturn:
    other: Kind = "classification" if task.kind == "segmentation" else "segmentation"
    looks: list[Found] = []
    with contextlib.suppress(DataError):  # a flaw under the other kind is beside the point
        looks = _search(folder, _of_kind(other), other, False, DEPTH)
    hint = manifest_hint(task.kind)
    labels = {sample.label for found in looks for sample in found.samples}
    if looks and (other == "segmentation" or len(labels) > 1):
        hint = (
            f"this looks like {looks[0].layout} with {len(looks[0].samples)} samples, which is "
            f"for {other}; automed tasks lists the tasks of either kind"
        ) + (f". If there are masks: {hint}" if task.kind == "segmentation" else "")
    problem = (
        f"{folder.root} holds images, but no masks that can be paired with them"
        if task.kind == "segmentation"
        else f"{folder.root} holds images, but nothing says which class they are of"
    )
    raise UnknownLayoutError(
        problem,
        found=folder.inventory(),
        expected="\n".join(
            ["one of these layouts"]
            + [f"              {layout.name}: {layout.description}" for layout in layouts]
        ),
        hint=hint,
    )
