"""The manifest of a bundle: what predicting with its model needs, and where it comes from."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from automed.domain.config import Config
from automed.domain.cost import Cost
from automed.domain.frozen import Frozen
from automed.domain.normalization import Normalization
from automed.domain.parity import Parity

FORMAT: Literal[1] = 1
"""Raised when readers of older manifests would read newer ones wrongly."""


class Interval(Frozen):
    """Where a metric lies with a confidence of 95 %."""

    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        return self


class WeightsOrigin(Frozen):
    """What a model's training began with."""

    source: str
    """``none: trained from random weights``, a repository, or a folder."""
    license: str
    """SPDX identifier or name where the publisher records it, else what to check."""


class Origin(Frozen):
    """Which study and trial a model comes from."""

    study: str
    trial: int = Field(ge=0)
    parent: int | None = None
    """Number of the trial that was compressed into this one."""
    study_digest: str
    """Of the study's settings."""
    data: str
    """Name of the data set."""
    data_digest: str
    split_digest: str
    seed: int


class Bundle(Frozen):
    """``manifest.json``: how to use ``model.onnx``, and what is known of it."""

    format: Literal[1] = FORMAT
    kind: Literal["segmentation", "classification"]
    task: str
    title: str
    classes: tuple[str, ...] = Field(min_length=1)
    """Of a segmentation the foreground classes: mask values 1, 2, ...; one class is 255."""
    input_shape: tuple[int, int, int]
    """Channels, height and width that the model takes."""
    preprocess: str
    """Steps joined by ``+`` in their order, or ``raw``; ``crop`` before resizing, others after."""
    window: str = "auto"
    """Of CT; other images do not use it."""
    normalization: Normalization
    """Of pixels in [0, 1], after the other steps."""
    threshold: float | None = Field(default=None, gt=0, lt=1)
    """Of one foreground class: the probability from which on a pixel is foreground; None: 0.5."""
    config: Config
    metrics: dict[str, float]
    """On the validation part, at the model's input size, with a threshold of 0.5."""
    parent_metrics: dict[str, float] = Field(default_factory=dict)
    """The same of the trial that was compressed into this one; empty: there is none."""
    guide: str
    """The metric that the model was selected by."""
    intervals: dict[str, Interval] = Field(default_factory=dict)
    """Bootstrap over validation images, for the metrics where each image's answer is kept."""
    validation_images: int | None = None
    """How many images the metrics are of, where that is known."""
    predicted_cost: Cost | None = None
    """Before any training."""
    cost: Cost
    parity: Parity | None = None
    remarks: tuple[str, ...] = ()
    details: dict[str, float | str] = Field(default_factory=dict)
    """What the compression did."""
    demo: bool = False
    """Whether the model was trained on synthetic demo data."""
    origin: Origin
    weights: WeightsOrigin
    model_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    model_bytes: int = Field(gt=0)
    versions: dict[str, str]
    """Of automed and of the libraries that trained and exported."""
    requirements: tuple[str, ...]
    """What ``predict.py`` needs, as pip takes it."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        channels = self.input_shape[0]
        if len(self.normalization.mean) != channels:
            raise ValueError(
                f"normalization of {len(self.normalization.mean)} channels for {channels}"
            )
        if not all(self.classes) or len(set(self.classes)) < len(self.classes):
            raise ValueError(f"classes {self.classes} must each have a name of their own")
        if self.threshold is not None and not self.binary:
            raise ValueError("a threshold belongs to a segmentation of one class")
        return self

    @property
    def binary(self) -> bool:
        """Whether masks are foreground and background."""
        return self.kind == "segmentation" and len(self.classes) == 1

    @property
    def name(self) -> str:
        """Study and trial, such as ``polyp-1 trial 7``."""
        return f"{self.origin.study} trial {self.origin.trial}"
