"""Finding the mask of each image by their names."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from automed.data.file_names import normal, parts
from automed.data.layouts.names import IMAGE_WORDS, MASK_WORDS

Key = Callable[[str], str]


@dataclass(frozen=True)
class Pairs:
    """Images with their masks.

    Attributes:
        matched: One or more masks for each image that has some.
        images_alone: Images without a mask.
        masks_alone: Masks without an image.
    """

    matched: dict[str, tuple[str, ...]]
    images_alone: tuple[str, ...]
    masks_alone: tuple[str, ...]

    @property
    def rank(self) -> tuple[int, int]:
        """The higher, the better: few images alone, then few masks."""
        return len(self.matched), -len(self.masks_alone)


def pair(images: Sequence[str], masks: Sequence[str]) -> Pairs:
    """Pair paths by the rule, of those below, that leaves the fewest images, then masks, alone.

    Stems are equal; equal but for a role word (``001_mask``, ``seg-001``, ``a_gt_3`` with
    ``a_image_3``); equal but for a role word and an object's number after it (``001_mask_2``, to
    be united); equal after what all images, and what all masks, have in common (``21_training``,
    ``21_manual1``). Endings and case never matter. Each rule is tried within equal sub-folders
    first, then across them. Rules under which two images are one are left out.
    """
    best = Pairs({}, tuple(images), tuple(masks))
    for whole_path in (True, False):
        for image_key, mask_key in _rules(images, masks):
            pairs = _paired(images, masks, image_key, mask_key, whole_path)
            if pairs is not None and pairs.rank > best.rank:
                best = pairs
            if not (best.images_alone or best.masks_alone):
                return best
    return best


def _rules(images: Sequence[str], masks: Sequence[str]) -> list[tuple[Key, Key]]:
    rules: list[tuple[Key, Key]] = [
        (normal, normal),
        (_without(_IMAGE_ROLE), _without(_MASK_ROLE)),
        (_without(_IMAGE_ROLE), _without(_MASK_OBJECT)),
    ]
    if min(len(images), len(masks)) >= 3:  # fewer have too much in common by chance
        rules.append((_without_common(images), _without_common(masks)))
    return rules


def _paired(
    images: Sequence[str], masks: Sequence[str], image_key: Key, mask_key: Key, whole_path: bool
) -> Pairs | None:
    def full(path: str, key: Key) -> str:
        folder, stem, _ = parts(path)
        return f"{normal(folder) if whole_path else ''}/{key(stem)}"

    by_key: dict[str, list[str]] = defaultdict(list)
    for mask in masks:
        by_key[full(mask, mask_key)].append(mask)
    keys = [full(image, image_key) for image in images]
    if len(set(keys)) < len(keys):
        return None
    matched = {
        image: tuple(by_key[key]) for image, key in zip(images, keys, strict=True) if key in by_key
    }
    used = set(keys)
    return Pairs(
        matched=matched,
        images_alone=tuple(image for image in images if image not in matched),
        masks_alone=tuple(mask for key, some in by_key.items() if key not in used for mask in some),
    )


def _role(names: frozenset[str]) -> str:
    return "(?:ground[ _.-]?truth|" + "|".join(sorted(names, key=len, reverse=True)) + ")"


# A role word stands between separators, digits or the ends of the stem.
_EDGE, _END = r"(?:^|[ _.-]+|(?<=[\d)]))", r"(?=$|[ _.-]|\d)"
_IMAGE_ROLE = re.compile(_EDGE + _role(IMAGE_WORDS) + _END)
_MASK_ROLE = re.compile(_EDGE + _role(MASK_WORDS) + _END)
_MASK_OBJECT = re.compile(_EDGE + _role(MASK_WORDS) + r"[ _.-]?\d*$")


def names_mask(stem: str) -> bool:
    """Whether a file's stem says that it is a mask."""
    return _MASK_ROLE.search(normal(stem)) is not None


def _without(role: re.Pattern[str]) -> Key:
    def key(stem: str) -> str:
        name = normal(stem)
        found = list(role.finditer(name))
        if found:
            name = f"{name[: found[-1].start()]} {name[found[-1].end() :]}"
        return name.strip(" _.-")

    return key


def _without_common(paths: Sequence[str]) -> Key:
    stems = [normal(parts(path)[1]) for path in paths]
    before = _common_start(stems)
    after = _common_start([stem[::-1] for stem in stems])

    def key(stem: str) -> str:
        name = normal(stem)
        return name[before : len(name) - after].strip(" _.-")

    return key


def _common_start(stems: Sequence[str]) -> int:
    """The length of what all stems begin with, without cutting a word or a number in two."""
    length = len(os.path.commonprefix(stems))  # noqa: RUF071 - characters are meant, not folders
    while length and any(_joined(s[length - 1 : length + 1]) for s in stems):
        length -= 1
    return length


def _joined(two: str) -> bool:
    return len(two) == 2 and (two.isdigit() or two.isalpha())
