"""A folder of images beside a folder of masks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from automed.data.layouts.folder import Folder
from automed.data.layouts.found import Found, Kind, Layout, ids_of
from automed.data.layouts.names import names_objects, role_of
from automed.data.layouts.pairing import Pairs, pair
from automed.data.layouts.unnamed_masks import unnamed_masks
from automed.domain.errors import DataError
from automed.domain.sample import Sample


@dataclass(frozen=True)
class _Candidate:
    """Images that may belong to a folder of masks; the smaller the rank, the better the name."""

    name: str
    folder: Folder
    images: tuple[str, ...]
    rank: int
    pairs: Pairs

    @property
    def fits(self) -> bool:
        smaller = min(len(self.images), len(self.pairs.matched) + len(self.pairs.masks_alone))
        # A folder that no name speaks for must fit nearly completely.
        return len(self.pairs.matched) >= max(1, smaller * (0.9 if self.rank == 2 else 0.5))


def match(folder: Folder, _kind: Kind, explicit: bool) -> list[Found]:
    """Pair each sibling folder of masks with the sibling that holds its images.

    Where no name speaks of masks, folders that pair file by file are looked into.

    Raises:
        DataError: The folders are there, but no image has a mask of its name, one image could have
            masks in several folders, or which folder holds the masks is not clear.
    """
    by_images: dict[str, list[tuple[Folder, _Candidate]]] = defaultdict(list)
    for masks in folder.with_images:
        if role_of(masks.name)[0] == "mask" and (best := _images_of(masks, folder)) is not None:
            by_images[best.name].append((masks, best))
    founds = [
        found_in_pair(*_only(folder, claims), part=name if len(by_images) > 1 else "")
        for name, claims in sorted(by_images.items())
    ]
    if founds or (unnamed := unnamed_masks(folder, explicit=explicit)) is None:
        return founds
    masks, images = unnamed
    found = found_in_pair(masks, candidate(images, masks), part="")
    note = (
        f"{masks.name}/ is taken for the masks of {images.name}/: the files pair by their names, "
        f"and those in {masks.name}/ hold two values, or few"
    )
    return [replace(found, notes=(*found.notes, note))]


def found_in_pair(
    masks: Folder, candidate: _Candidate, *, part: str, layout: str = "paired_folders"
) -> Found:
    """The samples of a pair of folders; ids are relative to the folder of images."""
    images, pairs = candidate.folder, candidate.pairs
    names = tuple(pairs.matched)
    united = sum(len(some) > 1 for some in pairs.matched.values())
    return Found(
        layout=layout,
        folder=_parent(masks),
        part=part,
        samples=tuple(
            Sample(
                id=identity,
                image=images.join(name),
                masks=tuple(masks.join(mask) for mask in pairs.matched[name]),
            )
            for name, identity in zip(names, ids_of(names), strict=True)
        ),
        images_alone=tuple(map(images.join, pairs.images_alone)),
        masks_alone=tuple(map(masks.join, pairs.masks_alone)),
        notes=(f"{united} images have several masks, which are united",) if united else (),
    )


def candidate(images: Folder, masks: Folder, *, rank: int = 0, deep: bool = True) -> _Candidate:
    """Try to pair the images of one folder with the masks of another."""
    names = images.inner_images if deep else images.images
    return _Candidate(images.name, images, names, rank, pair(names, masks.inner_images))


def _parent(folder: Folder) -> str:
    return folder.path.rpartition("/")[0]


def _images_of(masks: Folder, parent: Folder) -> _Candidate | None:
    _, rest = role_of(masks.name)
    tried = []
    for sibling in parent.with_images:
        role, other = role_of(sibling.name)
        if sibling is not masks and role != "mask":
            rank = 2 if role is None else 0 if other == rest else 1
            tried.append(candidate(sibling, masks, rank=rank))
    if parent.images:
        tried.append(candidate(parent, masks, rank=2, deep=False))
    fitting = [c for c in tried if c.fits]
    if not fitting:
        named = [c for c in tried if c.rank == 0]
        if named:
            _refuse_unpaired(named[0], masks)
        return None
    fitting.sort(key=lambda c: (c.rank, -len(c.pairs.matched), c.name))
    if len(fitting) > 1 and _equal(fitting[0], fitting[1]):
        raise DataError(
            f"the masks in {masks.absolute} could belong to the images of two folders",
            found=f"{fitting[0].name}/ and {fitting[1].name}/",
            expected="one folder of images beside the folder of masks",
            hint="move one of the two elsewhere, or list the pairs in a manifest.csv with the "
            "columns image,mask",
        )
    return fitting[0]


def _equal(a: _Candidate, b: _Candidate) -> bool:
    return (a.rank, len(a.pairs.matched)) == (b.rank, len(b.pairs.matched))


def _refuse_unpaired(tried: _Candidate, masks: Folder) -> None:
    def few(names: Sequence[str]) -> str:
        return ", ".join(names[:3])

    raise DataError(
        f"no image in {tried.folder.absolute} has a mask of its name in {masks.absolute}",
        found=f"images {few(tried.images)}; masks {few(masks.inner_images)}",
        expected="equal names, or names that differ by a word such as _mask, _gt, _label",
        hint="rename them, or list the pairs in a manifest.csv with the columns image,mask",
    )


def _only(parent: Folder, claims: list[tuple[Folder, _Candidate]]) -> tuple[Folder, _Candidate]:
    plain = [claim for claim in claims if not names_objects(claim[0].name)] or claims
    if len(plain) > 1:
        names = " and ".join(f"{masks.name}/" for masks, _ in plain)
        raise DataError(
            f"the images in {plain[0][1].folder.absolute} have masks in several folders",
            found=names,
            expected=f"one folder of masks in {parent.absolute}",
            hint="move the others elsewhere, or list the pairs in a manifest.csv with the "
            "columns image,mask",
        )
    return plain[0]


LAYOUT = Layout(
    name="paired_folders",
    kinds=("segmentation",),
    description="images/ beside masks/ (also Original/ and Ground Truth/, JPEGImages/ and "
    "SegmentationClass/, ...), files of the same name or with _mask, _gt, ... added",
    match=match,
)
