"""A CSV file that lists the images with their labels or masks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from automed.data.layouts.folder import Folder
from automed.data.layouts.found import Found, Kind, Layout, ids_of
from automed.data.path_index import PathIndex
from automed.data.table import Table, column_among, read_header, read_table
from automed.domain.errors import DataError
from automed.domain.sample import Sample

IMAGE = (
    "path", "image", "image_path", "img_path", "file", "filename", "file_name", "filepath",
    "file_path", "image_file", "image_name", "img", "image_id",
)  # fmt: skip
LABEL = (
    "label", "class", "class_label", "target", "category", "diagnosis", "dx", "labels",
)  # fmt: skip
MASK = (
    "mask", "mask_path", "mask_file", "mask_name", "segmentation", "segmentation_path",
    "ground_truth", "gt",
)  # fmt: skip
GROUP = ("group", "group_id")


@dataclass
class _Entry:
    """What the rows of one image say."""

    image: str
    targets: list[str] = field(default_factory=list)
    groups: set[str] = field(default_factory=set)


def match(folder: Folder, kind: Kind, explicit: bool) -> list[Found]:
    """Read each table of this folder that has the columns and names images which exist.

    Raises:
        DataError: A table that names images has a flaw: a missing file, an empty label, an image
            with two labels or two groups.
    """
    founds = []
    for name in folder.tables:
        columns = read_header(folder.absolute / name)
        image = column_among(columns, IMAGE)
        target = column_among(columns, MASK if kind == "segmentation" else LABEL)
        if image is not None and target is not None and image != target:
            found = _Manifest(folder, name, kind, image, target).found(explicit)
            founds += [found] if found is not None else []
    return founds


class _Manifest:
    def __init__(self, folder: Folder, name: str, kind: Kind, image: str, target: str) -> None:
        self.folder, self.kind = folder, kind
        cut = len(folder.path) + 1 if folder.path else 0
        self.index = PathIndex(path[cut:] for path in folder.deep_images)
        self.image, self.target = image, target
        self.table: Table = read_table(folder.absolute / name)
        # A column such as patient is found later, by what the task calls a group.
        self.group = column_among(self.table.columns, GROUP)

    def found(self, explicit: bool) -> Found | None:
        """The samples, or None where this table is about other files."""
        values = self.table.column(self.image)
        missing = [value for value in values if self._resolved(value) is None]
        if not values or (2 * len(missing) > len(values) and not explicit):
            return None
        if missing:
            self._refuse(
                f"names {len(missing)} images that do not exist", ", ".join(missing[:3]),
                f"paths relative to {self.folder.absolute}",
            )  # fmt: skip
        entries = self._entries()
        identities = ids_of([entry.image for entry in entries])
        name = self.table.path.name
        return Found(
            layout=LAYOUT.name,
            folder=self.folder.path,
            part=PurePosixPath(name).stem,
            samples=tuple(map(self._sample, entries, identities)),
            notes=(f"read from {name}: columns {self.image} and {self.target}",),
            grouped_by=self.group and f"{self.group} ({name}, column {self.group})",
        )

    def _entries(self) -> list[_Entry]:
        entries: dict[str, _Entry] = {}
        for image, target, group in self._rows():
            entry = entries.setdefault(image, _Entry(image))
            if target not in entry.targets:
                entry.targets.append(target)
            entry.groups.add(group)
        return list(entries.values())

    def _rows(self) -> Iterator[tuple[str, str, str]]:
        images, targets = self.table.column(self.image), self.table.column(self.target)
        groups = self.table.column(self.group) if self.group else [""] * len(images)
        for value, target, group in zip(images, targets, groups, strict=True):
            if not target:
                self._refuse(f"has no {self.target} for {value}", "an empty field", None)
            if self.group and not group:
                self._refuse(f"has no {self.group} for {value}", "an empty field", None)
            yield self._resolved(value) or value, self._target(value, target), group

    def _target(self, image: str, target: str) -> str:
        if self.kind == "classification":
            return target
        mask = self._resolved(target)
        if mask is None:
            self._refuse(
                f"names a mask that does not exist, for {image}", target,
                f"a path relative to {self.folder.absolute}",
            )  # fmt: skip
        return str(mask)

    def _resolved(self, value: str) -> str | None:
        path = self.folder.absolute / value.replace("\\", "/")
        if value and path.is_file():
            return os.path.relpath(path, self.folder.absolute).replace(os.sep, "/")
        return self.index.find(value)

    def _sample(self, entry: _Entry, identity: str) -> Sample:
        for what, values in (
            ("labels", entry.targets if self.kind == "classification" else []),
            ("groups", sorted(entry.groups)),
        ):
            if len(values) > 1:
                self._refuse(f"gives {entry.image} several {what}", ", ".join(values), "one")
        masks = tuple(map(self.folder.join, entry.targets)) if self.kind == "segmentation" else ()
        return Sample(
            id=identity,
            image=self.folder.join(entry.image),
            masks=masks,
            label=None if masks else entry.targets[0],
            group=next(iter(entry.groups)) or None,
        )

    def _refuse(self, problem: str, found: str, expected: str | None) -> None:
        raise DataError(f"{self.table.path} {problem}", found=found, expected=expected)


LAYOUT = Layout(
    name="manifest",
    kinds=("segmentation", "classification"),
    description="a CSV file with the columns path (or image) and label or mask, and perhaps group",
    match=match,
)
