"""What names of folders and files say about their role."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

Role = Literal["image", "mask"]

IMAGE_WORDS = frozenset({
    "image", "images", "img", "imgs", "original", "originals", "orig", "frame", "frames",
    "photo", "photos", "picture", "pictures", "input", "inputs", "scan", "scans", "raw",
    "source", "src", "bild", "bilder", "imagen", "imagenes",
})  # fmt: skip
MASK_WORDS = frozenset({
    "mask", "masks", "gt", "gts", "truth", "groundtruth", "groundtruths", "label", "labels",
    "annotation", "annotations", "annot", "anno", "annos", "seg", "segs", "segm",
    "segmentation", "segmentations", "manual", "target", "targets", "maske", "masken", "masque",
    "masques", "mascara", "mascaras",
})  # fmt: skip
PART_WORDS = frozenset({
    "train", "training", "traindataset", "trainset", "val", "valid", "validation", "valset",
    "dev", "test", "testing", "testdataset", "testset", "eval", "fold",
})  # fmt: skip
_FILLERS = frozenset({
    "jpeg", "jpg", "png", "tif", "tiff", "bmp", "ground", "class", "object", "instance",
    "instances",
})  # fmt: skip
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")


def words(name: str) -> list[str]:
    """The words of a name, lower case: ``JPEGImages`` and ``train_GT1`` have two and three."""
    return [w.casefold() for w in _WORD.findall(unicodedata.normalize("NFC", name))]


def role_of(name: str) -> tuple[Role | None, tuple[str, ...]]:
    """Whether a folder's name says image or mask, and the words that say something else.

    ``train_masks`` is ("mask", ("train",)): it belongs to ``train_images``. Where both roles are
    named (``mask_images``), the mask counts.
    """
    found = words(name)
    rest = tuple(w for w in found if w not in IMAGE_WORDS | MASK_WORDS | _FILLERS)
    if any(w in MASK_WORDS for w in found):
        return "mask", rest
    if any(w in IMAGE_WORDS for w in found):
        return "image", rest
    return None, rest


def names_objects(name: str) -> bool:
    """Whether a mask folder holds instances, as Pascal VOC's ``SegmentationObject``."""
    return not {"object", "instance", "instances"}.isdisjoint(words(name))


def is_part(name: str) -> bool:
    """Whether a folder is one part of a split that somebody made: ``train``, ``fold_1``."""
    return not PART_WORDS.isdisjoint(words(name))
