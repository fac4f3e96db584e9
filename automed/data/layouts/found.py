"""What a layout makes of a folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

from automed.data.file_names import parts
from automed.data.layouts.folder import Folder
from automed.domain.sample import Sample

Kind = Literal["segmentation", "classification"]


@dataclass(frozen=True)
class Found:
    """Samples that a layout recognized.

    Attributes:
        layout: The layout's name.
        folder: The folder, relative to the root, that the samples' ids are relative to.
        part: What tells these samples from others found in the same folder.
        samples: At least one.
        images_alone: Images without a mask, relative to the root.
        masks_alone: Masks without an image.
        notes: What was assumed.
        grouped_by: Where the samples' groups come from, where the layout itself names them.
        mask_values: The value of each class in the masks, where the layout itself fixes them.
        chosen: The layout left images out on purpose, so that they need not be told of.
        together: Folders, relative to the root, that were taken together; empty where there was but
            one.
    """

    layout: str
    folder: str
    part: str
    samples: tuple[Sample, ...]
    images_alone: tuple[str, ...] = ()
    masks_alone: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    grouped_by: str | None = None
    mask_values: tuple[int, ...] = ()
    chosen: bool = False
    together: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Folder and part, for people."""
        return "/".join(filter(None, (self.folder, self.part))) or "."


@dataclass(frozen=True)
class Layout:
    """A way in which files can lie.

    Attributes:
        name: What ``--layout`` takes.
        kinds: The tasks that it can feed.
        description: One line for people.
        match: From a folder, the kind of task and whether the user named this layout, to what was
            found: nothing, one data set, or several. Raises DataError where the folder clearly
            has this layout and a flaw that makes it unusable.
    """

    name: str
    kinds: tuple[Kind, ...]
    description: str
    match: Callable[[Folder, Kind, bool], list[Found]]


def ids_of(images: Sequence[str]) -> list[str]:
    """Ids from relative paths: without the ending, unless two would then be the same."""
    stems = [image[: len(image) - len(parts(image)[2])] for image in images]
    twice = {stem for stem, n in Counter(stems).items() if n > 1}
    return [image if stem in twice else stem for image, stem in zip(images, stems, strict=True)]


def merged(folder: str, founds: Sequence[Found]) -> Found:
    """Several data sets of one layout as one; their parts' names go before the ids."""
    first = founds[0]
    names = [_prefix(folder, found) for found in founds]
    samples = [
        sample.replace(id=f"{name}/{sample.id}")
        for name, found in zip(names, founds, strict=True)
        for sample in found.samples
    ]
    counts = ", ".join(f"{n} ({len(f.samples)})" for n, f in zip(names, founds, strict=True))
    note = f"taken together: {counts}; automed makes its own split"
    grouped = {found.grouped_by for found in founds}
    return replace(
        first,
        folder=folder,
        samples=tuple(samples),
        images_alone=tuple(image for found in founds for image in found.images_alone),
        masks_alone=tuple(mask for found in founds for mask in found.masks_alone),
        notes=(*dict.fromkeys(n for found in founds for n in found.notes), note),
        grouped_by=None if None in grouped else ", ".join(sorted(filter(None, grouped))),
        together=tuple(dict.fromkeys(found.folder for found in founds)),
    )


def _prefix(folder: str, found: Found) -> str:
    below = str(PurePosixPath(found.folder).relative_to(folder or "."))
    return "/".join(part for part in (below, found.part) if part not in {"", "."})
