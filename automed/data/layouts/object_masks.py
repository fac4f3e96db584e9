"""A folder for each image, with one mask file for each object (Data Science Bowl 2018)."""

from __future__ import annotations

from automed.data.layouts.folder import Folder
from automed.data.layouts.found import Found, Kind, Layout
from automed.data.layouts.names import is_part, role_of
from automed.domain.sample import Sample


def match(folder: Folder, _kind: Kind, _explicit: bool) -> list[Found]:
    """Recognize ``<id>/images/<one image>`` beside ``<id>/masks/*``; the masks are united.

    Most sub-folders must look like that, and they must be more than the parts of a split.
    """
    samples: list[Sample] = []
    alone: list[str] = []
    for child in folder.with_images:
        images = [f for f in child.with_images if role_of(f.name)[0] == "image"]
        masks = [f for f in child.with_images if role_of(f.name)[0] == "mask"]
        if len(images) != 1 or len(images[0].images) != 1:
            continue
        image = images[0].join(images[0].images[0])
        if len(masks) == 1 and masks[0].images:
            samples.append(
                Sample(
                    id=child.name,
                    image=image,
                    masks=tuple(map(masks[0].join, masks[0].images)),
                )
            )
        else:
            alone.append(image)
    known = len(samples) + len(alone)
    if not samples or known < 2 or 2 * known <= len(folder.with_images):
        return []
    if all(is_part(child.name) for child in folder.with_images):
        return []
    return [Found(LAYOUT.name, folder.path, "", tuple(samples), images_alone=tuple(alone))]


LAYOUT = Layout(
    name="object_masks",
    kinds=("segmentation",),
    description="<id>/images/<id>.png with one file for each object in <id>/masks/, as in the "
    "Data Science Bowl 2018",
    match=match,
)
