"""A first look at a folder nobody has a task for: its kind, its samples and their sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from automed.data.dataset import Dataset, open_dataset
from automed.data.layouts.recognize import UnknownLayoutError, manifest_hint
from automed.data.layouts.table import LAYOUTS
from automed.data.parallel import in_threads
from automed.data.proposal_classes import spread
from automed.data.read_sample import read_picture
from automed.domain.data_options import DataOptions
from automed.domain.errors import DataError
from automed.domain.sample import Sample
from automed.domain.space_file import load_space
from automed.domain.task import AnyTask, ClassificationTask, SegmentationTask

MOST_IMAGES = 100
"""Images that are looked at for their sizes, spread evenly over the data set."""

_CHANNELS: tuple[int, ...] = (3, 1, 2, *range(4, 17))
"""Grey and colour become one another, so 3 reads both."""


@dataclass(frozen=True)
class Look:
    """What a folder holds, as far as some of its files show.

    Attributes:
        dataset: The samples, opened for a task of one class or of any classes.
        task: That task.
        size: Median height and width of the images.
        sizes: How many different sizes there are among those looked at.
        channels: Of the images; 3 where they are grey or colour.
        grey: Whether all images that were looked at are grey.
    """

    dataset: Dataset
    task: AnyTask
    size: tuple[int, int]
    sizes: int
    channels: int
    grey: bool


def probes(name: str, kind: str | None, layout: str | None = None) -> list[AnyTask]:
    """Tasks that stand in for the one to come: a segmentation first, as masks are unmistakable.

    Args:
        name: Of the task.
        kind: Where it is known.
        layout: That the user named; it may be one of a single kind.
    """
    known = LAYOUTS.get((layout or "").lower().replace("-", "_"))
    kinds = (kind,) if kind else known.kinds if known else ("segmentation", "classification")
    size = (64, 64)
    both: list[AnyTask] = [
        SegmentationTask(
            name=name, title=name, classes=("foreground",), image_size=size,
            space=load_space("cell"),
        ),
        ClassificationTask(
            name=name, title=name, image_size=size, space=load_space("breast_cell")
        ),
    ]  # fmt: skip
    return [task for task in both if task.kind in kinds]


def open_unknown(
    path: Path, name: str, kind: str | None, options: DataOptions
) -> tuple[Dataset, AnyTask]:
    """Open a folder as a segmentation if there are masks in it, else as a classification.

    Args:
        path: The folder.
        name: Of the task to come, for error messages.
        kind: ``segmentation`` or ``classification``, where that is known.
        options: How to read the folder.

    Raises:
        DataError: There is no such folder, no layout fits, or several data sets lie in it.
    """
    unknown: list[DataError] = []
    for task in probes(name, kind, options.layout):
        try:
            return open_dataset(path, task, options), task
        except UnknownLayoutError as error:
            unknown.append(error)
    if len(unknown) == 1:
        raise unknown[0]
    masks, classes = (str(error.expected).split("\n", 1)[1] for error in unknown)
    raise DataError(
        f"{path} holds images, but neither masks that can be paired with them nor a class for each",
        found=unknown[0].found,
        expected="one of these layouts\n" + "\n".join(dict.fromkeys([
            *masks.splitlines(), *classes.splitlines()])),
        hint="list the files in a manifest.csv with the columns image,mask (or image,label) "
        f"in that folder, and run the same command again; or {manifest_hint('segmentation')}",
    )  # fmt: skip


def look(dataset: Dataset, task: AnyTask, progress: Callable[[int, int], None]) -> Look:
    """Decode some images.

    Raises:
        DataError: None of them can be read.
    """
    chosen = spread(dataset.samples, MOST_IMAGES)
    channels = _channels(dataset, task, chosen)
    probe: AnyTask = task.replace(channels=channels)
    seen: list[tuple[int, int, bool]] = []
    for done, one in enumerate(in_threads(lambda s: _seen(dataset, s, probe), chosen), start=1):
        progress(done, len(chosen))
        seen += [one] if one is not None else []
    if not seen:
        read_picture(dataset, chosen[0], probe)  # raises, and says why
    heights, widths, greys = zip(*seen, strict=True)
    return Look(
        dataset, probe, (round(median(heights)), round(median(widths))),
        len(set(zip(heights, widths, strict=True))), channels, all(greys),
    )  # fmt: skip


def _channels(dataset: Dataset, task: AnyTask, samples: list[Sample]) -> int:
    if samples[0].channel_files:
        return len(samples[0].images)
    for sample in samples[:3]:
        for channels in _CHANNELS:
            if _seen(dataset, sample, task.replace(channels=channels)) is not None:
                return channels
    return _CHANNELS[0]


def _seen(dataset: Dataset, sample: Sample, task: AnyTask) -> tuple[int, int, bool] | None:
    try:
        image = read_picture(dataset, sample, task)
    except DataError:  # the audit, which sees every file, tells of it
        return None
    return *image.shape[:2], bool((image == image[..., :1]).all())
