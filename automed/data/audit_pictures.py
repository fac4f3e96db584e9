"""What an audit checks in the pictures and their files, one by one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from automed.data.finding import Finding, few, number
from automed.data.inspection import Inspection


def blank_images(seen: Sequence[Inspection]) -> Finding | None:
    """Images of one colour: there is nothing to see in them."""
    files = _images(s for s in seen if s.look is not None and s.look.blank)
    if not files or all(s.look is None or s.look.blank for s in seen):
        return None
    return Finding(
        code="blank-image",
        message=f"{number(len(files), 'image')} of one colour: {few(files)}",
        files=files,
        hint="replace them, or move them (with their masks) out of the folder",
    )


def burnt_in(seen: Sequence[Inspection]) -> Finding | None:
    """Text or scale bars in the pictures."""
    found = [s for s in seen if s.look is not None and s.look.overlay]
    if not found:
        return None
    kinds = Counter(s.look.overlay for s in found if s.look is not None)
    shown = " and ".join(f"{kind} in {number(count, 'image')}" for kind, count in kinds.items())
    files = _images(found)
    return Finding(
        code="burnt-in",
        message=f"something seems to be burnt into the pictures: {shown}: {few(files)}",
        files=files,
        hint="export the images without annotations; names and dates may identify a patient",
    )


def mixed_bit_depths(seen: Sequence[Inspection]) -> Finding | None:
    """Images of 8 and of 16 bits side by side, which were seldom recorded alike."""
    by_bits: dict[int, list[Inspection]] = defaultdict(list)
    for one in seen:
        if one.bits is not None:
            by_bits[one.bits].append(one)
    if len(by_bits) < 2:
        return None
    counts = sorted(by_bits.items(), key=lambda item: -len(item[1]))
    files = _images(s for _, found in counts[1:] for s in found)
    shown = ", ".join(f"{len(found)} of {bits} bits" for bits, found in counts)
    return Finding(
        code="mixed-bit-depths",
        message=f"images of different depth: {shown}; the fewer ones: {few(files)}",
        files=files,
        hint="export all images with one depth, so that equal values mean equal light",
    )


def repeated_masks(seen: Sequence[Inspection]) -> Finding | None:
    """One mask for different images: seldom right, often a mask that was saved twice."""
    by_mask: dict[str, list[Inspection]] = defaultdict(list)
    for one in seen:
        if one.mask is not None and one.pixels is not None and 0 < (one.share or 0) < 1:
            by_mask[one.mask].append(one)
    sets = [same for same in by_mask.values() if len({s.pixels for s in same}) > 1]
    if not sets or sum(map(len, sets)) > 0.5 * len(seen):  # boxes, or a made-up set
        return None
    files = tuple(s.sample.masks[0] for same in sets for s in same)
    shown = [" = ".join(s.sample.masks[0] for s in same[:3]) for same in sets]
    return Finding(
        code="repeated-mask",
        message=f"{number(len(sets), 'mask')} given to several different images: {few(shown)}",
        files=files,
        hint="check which image each belongs to; one of them was probably saved under a wrong name",
    )


def _images(seen: Iterable[Inspection]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(s.sample.image for s in seen))
