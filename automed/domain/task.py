"""A task: what to learn, and what may vary."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from automed.domain.augment import Augment
from automed.domain.config import Value
from automed.domain.frozen import Frozen
from automed.domain.objective import COST_METRICS, Objective
from automed.domain.space import SearchSpace
from automed.domain.split import SplitPolicy
from automed.domain.training_settings import TrainingSettings

SEGMENTATION_METRICS = ("dice", "iou", "precision", "recall", "accuracy")
CLASSIFICATION_METRICS = (
    "accuracy", "balanced_accuracy",
    "f1_macro", "f1_micro", "f1_weighted",
    "precision_macro", "precision_micro", "precision_weighted",
    "recall_macro", "recall_micro", "recall_weighted", "roc_auc",
)  # fmt: skip


_MOST_CLASSES = 100
"""Masks are held as 8-bit class indices."""


class Baseline(Frozen):
    """A configuration worth trying first, such as a paper's."""

    name: str
    config: dict[str, Value]


class _Task(Frozen):
    name: str
    """Lower-case identifier: what ``automed search NAME`` takes."""
    title: str
    classes: tuple[str, ...]
    image_size: tuple[int, int]
    """Height and width of the model's input."""
    channels: int = Field(default=3, ge=1, le=64)
    """Of the model's input: 1 grey, 3 colour, others as files or volumes hold them."""
    layout: str = "auto"
    """How files lie in the folder, or ``auto`` to recognize it."""
    split: SplitPolicy = SplitPolicy()
    preprocess: str = "raw"
    """Applied once, before the cache; a space may vary it as ``data.preprocess``."""
    normalize: Literal["unit", "symmetric", "imagenet", "dataset"] = "imagenet"
    """[0, 1], [-1, 1], or by mean and standard deviation: of ImageNet, or of the training part."""
    window: str = "auto"
    """Intensities that become black and white, for CT: ``lung``, ``bone``, ... or ``CENTRE/WIDTH``
    in Hounsfield units. auto: what the file asks for, else its whole range."""
    augment: Augment = Augment()
    training: TrainingSettings = TrainingSettings()
    objectives: tuple[Objective, ...]
    space: SearchSpace
    baselines: tuple[Baseline, ...] = ()
    metrics: tuple[str, ...] = ()
    """Of the plugin's own, computed besides ours; objectives and constraints may name them."""
    demo: Literal["polyp", "cell", "leukemia", "breast_cell"] | None = None
    """Which synthetic demo data stand in where no data set is registered."""

    @property
    def certain(self) -> tuple[Objective, ...]:
        """The objectives that are known exactly before any training: what a model costs."""
        return tuple(o for o in self.objectives if o.metric in COST_METRICS)

    @property
    def uncertain(self) -> tuple[Objective, ...]:
        """The objectives that only training decides; at least one."""
        return tuple(o for o in self.objectives if o.metric not in COST_METRICS)

    @property
    def guide(self) -> str:
        """The metric that early stopping and the choice of the best epoch watch."""
        return self.quality.metric

    @property
    def quality(self) -> Objective:
        """The objective that the guide metric belongs to."""
        return self.uncertain[0]

    def _check(self, metrics: tuple[str, ...]) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise ValueError(f"task name {self.name!r} must be lower case: letters, digits and _")
        if min(self.image_size) < 16:
            raise ValueError(f"image_size {self.image_size} is below 16 pixels")
        known = (*metrics, *COST_METRICS, *self.metrics)
        taken = sorted({*metrics, *COST_METRICS, "loss"} & set(self.metrics))
        if taken:
            raise ValueError(f"own metrics {taken} have the names of automed's")
        unknown = [o.metric for o in self.objectives if o.metric not in known]
        if unknown:
            raise ValueError(f"unknown objectives {unknown}, expected some of {list(known)}")
        if not self.uncertain:
            raise ValueError("one objective must be a quality, such as dice or f1_macro")

    def unreachable_baselines(self) -> list[str]:
        """Names of the baselines that are no config of the search space."""
        return [b.name for b in self.baselines if self.space.complete(b.config) is None]


class SegmentationTask(_Task):
    """Learn a mask. ``classes`` are the foreground classes: one, for a binary mask."""

    kind: Literal["segmentation"] = "segmentation"
    mask_values: tuple[int, ...] = ()
    """With several classes: the value that each has in the mask files; the nearest one counts, and
    0 is background. Empty: 1, 2, 3, ..."""
    objectives: tuple[Objective, ...] = (
        Objective(metric="dice", reference=0.0),
        Objective(metric="macs", direction="minimize"),
        Objective(metric="size_bytes", direction="minimize"),
    )

    @model_validator(mode="after")
    def _valid(self) -> Self:
        if not 1 <= len(self.classes) <= _MOST_CLASSES or len(set(self.classes)) < len(
            self.classes
        ):
            raise ValueError(
                f"segmentation needs 1 to {_MOST_CLASSES} foreground classes with distinct names, "
                f"found {list(self.classes)}"
            )
        values = self.mask_values
        if values and (len(values) != len(self.classes) or len({0, *values}) <= len(values)):
            raise ValueError(
                f"mask_values needs one value above 0 for each of {list(self.classes)}, "
                f"found {list(values)}"
            )
        self._check(SEGMENTATION_METRICS)
        return self

    @property
    def outputs(self) -> int:
        """Channels of the model's logits: 1 for a binary mask, else background and each class."""
        return 1 if len(self.classes) == 1 else 1 + len(self.classes)


class ClassificationTask(_Task):
    """Learn the class of an image. Empty ``classes``: as many as the data set names."""

    classes: tuple[str, ...] = ()
    kind: Literal["classification"] = "classification"
    objectives: tuple[Objective, ...] = (
        Objective(metric="f1_macro", reference=0.0),
        Objective(metric="macs", direction="minimize"),
        Objective(metric="size_bytes", direction="minimize"),
    )

    @model_validator(mode="after")
    def _valid(self) -> Self:
        if len(self.classes) == 1:
            raise ValueError(f"a classification needs two classes, found {list(self.classes)}")
        self._check(CLASSIFICATION_METRICS)
        return self

    @property
    def outputs(self) -> int:
        """Logits of the model: one a class."""
        return len(self.classes)


Task = Annotated[SegmentationTask | ClassificationTask, Field(discriminator="kind")]

AnyTask = SegmentationTask | ClassificationTask
"""A task of either kind, where its kind is told by its type rather than by a field in a file."""
