"""What a task for a folder of images could be: everything that a plugin declares, proposed."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from automed.api.plugin_questions import as_command
from automed.api.plugin_space import check_space
from automed.api.progress import Steps, silent
from automed.data.dataset import Dataset, open_dataset
from automed.data.group_words import word_of_groups
from automed.data.proposal_classes import MaskClasses, mask_classes
from automed.data.proposal_groups import GroupProposal, propose_groups
from automed.data.proposal_look import Look, look, open_unknown
from automed.data.split import make_split
from automed.domain.data_options import DataOptions
from automed.domain.errors import DataError, SplitError
from automed.domain.split import SplitPolicy
from automed.domain.task import AnyTask

Kind = Literal["segmentation", "classification"]

_LONGEST = 384
"""Side of a segmentation's input that is not exceeded without being asked."""
_USUAL = 224
"""Side of a classification's input: what most weights were trained at."""
_STEP = 32
"""Encoders halve an image five times."""
_MANY = 500
"""Samples from which a tenth is enough to validate on."""

WAIVER = (
    "the data name no {}: images of one {} may lie on both sides of the split, and the scores may "
    "be too good"
)


@dataclass(frozen=True)
class Given:
    """What the user says; None: to be proposed.

    Attributes:
        name: Of the task.
        path: The folder.
        kind: Of the task.
        title: One line for people.
        classes: Names of the classes; for masks in the order of their values.
        image_size: Height and width.
        space: A search space that ships with automed, or a file.
        options: How to read the folder.
        group: What a group is called, where the user's pattern says so.
    """

    name: str
    path: Path
    kind: Kind | None = None
    title: str | None = None
    classes: tuple[str, ...] | None = None
    image_size: tuple[int, int] | None = None
    space: str | None = None
    options: DataOptions = field(default_factory=DataOptions)
    group: str = ""


@dataclass(frozen=True)
class Proposal:
    """A task as it could be, with reasons.

    Attributes:
        name: Of the task.
        dataset: The samples, as a task of the kind sees them; they have the groups proposed.
        looked: Sizes and channels.
        kind: Of the task.
        title: One line for people.
        classes: Names; of a classification those that the data names.
        mask_values: Of masks of several classes; empty otherwise.
        image_size: Height and width.
        normalize: As in a task.
        space: Name or file of the search space.
        split: With the waiver, where no group is known.
        options: With which the folder is to be registered.
        pattern: The template behind the groups, where they come from names.
        notes: What was assumed, and what could be said better.
    """

    name: str
    dataset: Dataset
    looked: Look
    kind: Kind
    title: str
    classes: tuple[str, ...]
    mask_values: tuple[int, ...]
    image_size: tuple[int, int]
    normalize: str
    space: str
    split: SplitPolicy
    options: DataOptions
    pattern: GroupProposal | None
    notes: tuple[str, ...]


def propose(given: Given, steps: Steps = silent) -> Proposal:
    """Look at a folder and propose a task for it.

    Raises:
        DataError: The folder cannot be read, or it takes a person to say what is meant; the hint
            holds the commands that say it.
        SpaceError: The space cannot be read, or is for the other kind.
    """
    options = given.options
    with as_command(given.name):
        dataset, probe = open_unknown(given.path.expanduser().absolute(), given.name, given.kind,
                                      options)  # fmt: skip
    if given.space is not None:
        check_space(given.space, probe.kind)
    looked = look(dataset, probe, steps("Looking at images"))
    kind, notes = probe.kind, list(dataset.notes)
    masks = MaskClasses((), "half", ())
    if kind == "segmentation":
        masks = mask_classes(dataset, steps("Looking at masks"))
        if given.classes is not None and len(given.classes) == 1 < len(masks.values):
            masks = replace(masks, values=masks.values[:1], rule="nonzero")
        notes += [masks.note] if masks.note else []
    classes = _classes(given, dataset, masks)
    values = masks.values if len(masks.values) > 1 else ()
    if kind == "segmentation" and not values and options.mask_values == "half":
        options = options.replace(mask_values=masks.rule)
    if values and given.classes is None:
        notes.append(f"the masks do not name their classes: say --classes {_names(values)}")
    grouped = _grouped(dataset, looked.task, options, given.group)
    channels = looked.channels
    return Proposal(
        name=given.name, dataset=grouped.dataset, looked=looked, kind=kind,
        title=given.title or given.name.replace("_", " ").capitalize(), classes=classes,
        mask_values=values, image_size=given.image_size or size_for(kind, looked.size),
        normalize="imagenet" if channels == 3 else "dataset",
        space=given.space or space_for(kind, len(classes), channels), split=grouped.split,
        options=grouped.options, pattern=grouped.pattern, notes=(*notes, *grouped.notes),
    )  # fmt: skip


def size_for(kind: str, size: tuple[int, int]) -> tuple[int, int]:
    """An input size for images of a median size, in multiples of 32.

    Segmentations keep the shape of the images, with at most 384 at the longer side; classifications
    take the usual square of 224, or a smaller one for smaller images.
    """
    if kind == "classification":
        side = min(_USUAL, max(_rounded(max(size)), 3 * _STEP))  # Inception needs 75
        return side, side
    scale = min(1.0, _LONGEST / max(size))
    height, width = (max(_rounded(side * scale), 2 * _STEP) for side in size)
    return height, width


def space_for(kind: str, classes: int, channels: int) -> str:
    """The search space, among those that ship, that suits the kind.

    None of them is special to its first task but in its preprocessing and in the losses that go
    with one class or with several.
    """
    if kind == "classification":
        return "breast_cell"
    if classes == 1:
        return "cell"
    return "white_cell" if channels == 3 else "brain_tumor"


def _rounded(side: float) -> int:
    return round(side / _STEP) * _STEP


def _classes(given: Given, dataset: Dataset, masks: MaskClasses) -> tuple[str, ...]:
    if not masks.values:
        return _known_classes(given, dataset)
    if given.classes is None:
        several = tuple(f"value_{value}" for value in masks.values)
        return several if len(several) > 1 else ("foreground",)
    if len(given.classes) != len(masks.values):
        raise DataError(
            f"--classes names {len(given.classes)} classes, and the masks hold {len(masks.values)}",
            found=", ".join(given.classes),
            expected=f"a name for each value: {', '.join(map(str, masks.values))}; "
            "or one name for all of them together",
        )
    return given.classes


def _names(values: tuple[int, ...]) -> str:
    return ",".join(f"NAME_OF_{value}" for value in values)


def _known_classes(given: Given, dataset: Dataset) -> tuple[str, ...]:
    if given.classes is not None and set(given.classes) != set(dataset.classes):
        raise DataError(
            f"--classes are not the classes that {dataset.root} names",
            found=", ".join(given.classes), expected=", ".join(dataset.classes),
            hint="rename the folders or labels, or leave --classes out",
        )  # fmt: skip
    return given.classes or dataset.classes


@dataclass(frozen=True)
class _Grouped:
    dataset: Dataset
    split: SplitPolicy
    options: DataOptions
    pattern: GroupProposal | None
    notes: tuple[str, ...]


def _grouped(dataset: Dataset, task: AnyTask, options: DataOptions, word: str) -> _Grouped:
    """Groups from the data, else from a pattern that names are sure of, else a waiver."""
    if options.no_groups is not None:
        split = _policy(dataset, word or "patient", options.no_groups)
        return _Grouped(dataset, split, options, None, ())
    if dataset.grouped_by is not None:
        named = word or word_of_groups(dataset.grouped_by)
        return _Grouped(dataset, _policy(dataset, named, None), options, None, ())
    proposals = propose_groups(dataset.samples)
    notes = tuple(_could_be(p) for p in proposals if not p.sure)
    for proposal in (p for p in proposals if p.sure):
        wanted = options.replace(group_pattern=proposal.pattern)
        policy = _policy(dataset, proposal.word, None)
        again = open_dataset(dataset.root, task.replace(split=policy), wanted)
        if (problem := _unsplittable(again, policy)) is None:
            return _Grouped(again, policy, wanted, proposal, ())
        notes += (f"{proposal.template} is not used for groups: {problem}",)
    return _Grouped(dataset, _policy(dataset, "patient", WAIVER.format("patient", "patient")),
                    options, None, notes)  # fmt: skip


def _unsplittable(dataset: Dataset, policy: SplitPolicy) -> str | None:
    try:
        make_split(dataset, policy, seed=0)
    except SplitError as error:
        return error.problem
    return None


def _could_be(proposal: GroupProposal) -> str:
    flag = shlex.quote(proposal.template.replace("{group}", "{patient}"))
    return (
        f"names repeat in a way that may be groups, which is not used unless you say so: "
        f"{proposal.told()}; if it is, add --group-pattern {flag}"
    )


def _policy(dataset: Dataset, word: str, waiver: str | None) -> SplitPolicy:
    many = len(dataset.samples) >= _MANY
    train, rest = (0.8, 0.1) if many else (0.6, 0.2)
    return SplitPolicy(train=train, val=rest, test=rest, group=word, waiver=waiver)
