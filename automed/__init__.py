"""automed finds the models nobody can beat at their price.

Names for plugins, loaded on first use so that ``import automed`` stays light::

    from automed import Augment, Baseline, Objective, SegmentationTask, SplitPolicy, load_space
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from automed.domain.augment import Augment as Augment
    from automed.domain.component import Augmentation as Augmentation
    from automed.domain.component import Loss as Loss
    from automed.domain.component import Metric as Metric
    from automed.domain.component import Model as Model
    from automed.domain.component import Preprocessing as Preprocessing
    from automed.domain.component import Reader as Reader
    from automed.domain.objective import Constraint as Constraint
    from automed.domain.objective import Objective as Objective
    from automed.domain.space import SearchSpace as SearchSpace
    from automed.domain.space_file import load_space as load_space
    from automed.domain.split import SplitPolicy as SplitPolicy
    from automed.domain.task import Baseline as Baseline
    from automed.domain.task import ClassificationTask as ClassificationTask
    from automed.domain.task import SegmentationTask as SegmentationTask
    from automed.domain.training_settings import TrainingSettings as TrainingSettings

_HOMES = {
    "Augment": "automed.domain.augment",
    "Augmentation": "automed.domain.component",
    "Baseline": "automed.domain.task",
    "ClassificationTask": "automed.domain.task",
    "Constraint": "automed.domain.objective",
    "Loss": "automed.domain.component",
    "Metric": "automed.domain.component",
    "Model": "automed.domain.component",
    "Objective": "automed.domain.objective",
    "Preprocessing": "automed.domain.component",
    "Reader": "automed.domain.component",
    "SearchSpace": "automed.domain.space",
    "SegmentationTask": "automed.domain.task",
    "SplitPolicy": "automed.domain.split",
    "TrainingSettings": "automed.domain.training_settings",
    "load_space": "automed.domain.space_file",
}

__all__ = ["__version__", *_HOMES]  # noqa: PLE0604 - the names are listed once, above


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attribute
    if name not in _HOMES:
        raise AttributeError(f"module 'automed' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
