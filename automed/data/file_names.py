"""Comparing names of files and columns as people would."""

from __future__ import annotations

import re
import unicodedata

from automed.data.own_reader import own_suffixes
from automed.data.readers import SUFFIXES


def parts(path: str) -> tuple[str, str, str]:
    """Folder, stem and lower-case ending of a POSIX path: ``a/b.1.PNG`` is a, b.1, .png.

    As pathlib has them, several times as fast: data sets have a hundred thousand files. Only
    ``.nii.gz`` is one ending.
    """
    folder, _, name = path.rpartition("/")
    dot = name.rfind(".")
    if name[-7:].lower() == ".nii.gz":
        dot = len(name) - 7
    return (folder, name[:dot], name[dot:].lower()) if dot > 0 else (folder, name, "")


def is_image(name: str) -> bool:
    """Whether a file's ending is one of an image."""
    suffix = parts(name)[2]
    return suffix in SUFFIXES or suffix in own_suffixes()


def normal(name: str) -> str:
    """A name as names are compared: composed Unicode (macOS decomposes), case folded."""
    return unicodedata.normalize("NFC", name).casefold()


def without_ending(path: str) -> str:
    """A path without the ending of an image; other dots stay: ``scan.v2`` is no ending."""
    suffix = parts(path)[2]
    return path[: -len(suffix)] if is_image(path) else path


def plain(column: str) -> str:
    """A column's name in lower case with single underscores: ``Image ID`` is ``image_id``."""
    return re.sub(r"[\W_]+", "_", normal(column)).strip("_")
