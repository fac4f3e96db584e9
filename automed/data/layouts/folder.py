"""A folder as the layouts see it: read once, without what no data set means."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from automed.data.file_names import is_image, parts
from automed.domain.errors import DataError

IGNORED = frozenset({"__macosx", "thumbs.db", "desktop.ini", "@eadir", "$recycle.bin"})
"""Lower-case names that operating systems leave behind. Names that begin with a dot go too."""

TABLES = (".csv", ".tsv")


@dataclass(frozen=True)
class Folder:
    """A folder and all below it.

    Attributes:
        root: Absolute path of the data set.
        path: POSIX path relative to the root; empty for the root itself.
        files: Names of the files directly inside, sorted.
        folders: The folders directly inside, sorted.
    """

    root: Path
    path: str
    files: tuple[str, ...]
    folders: tuple[Folder, ...]

    @property
    def name(self) -> str:
        """The folder's own name."""
        return PurePosixPath(self.path).name if self.path else self.root.name

    @property
    def absolute(self) -> Path:
        """Where the folder lies."""
        return self.root / self.path

    def join(self, name: str) -> str:
        """The path, relative to the root, of something inside this folder."""
        return f"{self.path}/{name}" if self.path else name

    @cached_property
    def images(self) -> tuple[str, ...]:
        """Names of the image files directly inside."""
        return tuple(name for name in self.files if is_image(name))

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """Names of the CSV and TSV files directly inside."""
        return tuple(name for name in self.files if name.lower().endswith(TABLES))

    @cached_property
    def deep_images(self) -> tuple[str, ...]:
        """Paths, relative to the root, of the image files here and below."""
        below = (image for folder in self.folders for image in folder.deep_images)
        return (*map(self.join, self.images), *below)

    @property
    def inner_images(self) -> tuple[str, ...]:
        """Paths, relative to this folder, of the image files here and below."""
        cut = len(self.path) + 1 if self.path else 0
        return tuple(image[cut:] for image in self.deep_images)

    @property
    def with_images(self) -> tuple[Folder, ...]:
        """The folders directly inside that hold images at any depth."""
        return tuple(folder for folder in self.folders if folder.deep_images)

    def inventory(self) -> str:
        """What lies here, for an error message: files by ending, then the folders."""
        endings = Counter(_ending(name) for folder in self._walk() for name in folder.files)
        counts = ", ".join(f"{n} {ending}" for ending, n in endings.most_common(6)) or "no files"
        names = [f"{folder.name}/" for folder in self.folders]
        shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
        return f"{counts}; folders: {shown}" if names else counts

    def _walk(self) -> Iterator[Folder]:
        yield self
        for folder in self.folders:
            yield from folder._walk()


def _ending(name: str) -> str:
    return parts(name)[2] or "without an ending"


def scan(root: Path) -> Folder:
    """Read a folder and all below it; links to folders are followed, but not in circles.

    Raises:
        DataError: There is no such folder, or a part of it may not be read.
    """
    if not root.exists():
        near = [p.name for p in root.parent.iterdir()] if root.parent.is_dir() else []
        raise DataError(
            f"there is no folder {root}",
            found=f"in {root.parent}: {', '.join(sorted(near)[:8])}" if near else None,
            expected="the path of a folder with images",
        )
    if not root.is_dir():
        raise DataError(
            f"{root} is a file, not a folder",
            expected="the folder that holds the images",
            hint=f"give its folder: {root.parent}",
        )
    return _scan(root, "", frozenset())


def _scan(root: Path, path: str, above: frozenset[str]) -> Folder:
    here = root / path
    real = os.path.realpath(here)
    files: list[str] = []
    folders: list[Folder] = []
    if real not in above:
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError as error:
            raise DataError(f"{here} cannot be read", found=error.strerror or str(error)) from None
        for entry in entries:
            if entry.name.startswith(".") or entry.name.lower() in IGNORED:
                continue
            if entry.is_dir():
                inside = f"{path}/{entry.name}" if path else entry.name
                folders.append(_scan(root, inside, above | {real}))
            else:
                files.append(entry.name)
    return Folder(root, path, tuple(files), tuple(folders))
