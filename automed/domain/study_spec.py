"""Everything a study was started with: enough to resume it, and to say what it was."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from automed.domain.budget import Budget
from automed.domain.compression import Compression
from automed.domain.data_options import DataOptions
from automed.domain.frozen import Frozen
from automed.domain.objective import Constraint
from automed.domain.task import Baseline, Task

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
"""What a study may be called: its name is also its folder's."""


class DataRef(BaseModel):
    """Which data a study uses. As frozen as ``Frozen``, but its digest is that of the data."""

    model_config = Frozen.model_config

    name: str
    """``demo``, or the folder's name."""
    path: str
    """Absolute path of the folder."""
    digest: str
    """Digest of the samples and of their files' content."""
    options: DataOptions = DataOptions()
    ties: tuple[tuple[str, ...], ...] = ()
    """Ids of samples that show one image, so that every split keeps them on one side. Kept with the
    study: its split must not change when copies are found in a better way."""

    @property
    def is_demo(self) -> bool:
        """Whether these are the synthetic demo data."""
        return self.name == "demo"


class WarmStart(Frozen):
    """Another study's trials, which lie in a file of this study's folder."""

    study: str
    """Name of the other one."""
    content: str
    """Digest of what was taken over."""


class StudySpec(Frozen):
    """The settings of one study. The task holds the overrides of the command line already."""

    name: str = Field(pattern=f"^{NAME}$")
    task: Task
    data: DataRef
    split_digest: str
    seed: int = 0
    budget: Budget
    constraints: tuple[Constraint, ...] = ()
    weights: str = "none"
    """``imagenet``, ``none``, or the absolute path of a folder with weight files."""
    sampler: str = "tpe"
    stopper: str = "none"
    """Which trainings are ended early."""
    brackets: int = Field(default=1, ge=1)
    """Among how many brackets successive halving shares trainings out."""
    enqueued: tuple[Baseline, ...] = ()
    """Configs that the user wants tried after the task's baselines. Of one that lacks parameters
    the sampler draws the rest."""
    warm_start: WarmStart | None = None
    """What samplers know besides the study's own trials."""
    compress: tuple[Compression, ...] = ()
    """What each trained model is compressed with: children that the budget is not charged for."""
    max_drop: float = Field(default=0.01, ge=0)
    """How much of the guide metric a child may lose to its parent before it is marked."""
    artifact: Literal["onnx", "weights"] = "weights"
    """onnx: each model is exported, and scored as that file; weights: scored in PyTorch."""
    storage: Literal["folder", "postgres"] = "folder"
    """Where the journal is: in the study's folder, or in Postgres, for several machines. Which
    server that is, and its password, is the environment's to say."""
    version: str
    """automed's version."""
