"""How one trial trains: the task's settings, and what its config decides."""

from __future__ import annotations

from typing import Any

from pydantic import Field, ValidationError

from automed.domain.config import Config
from automed.domain.errors import TrainingError
from automed.domain.space_edit import suggestion
from automed.domain.task import ClassificationTask, SegmentationTask
from automed.domain.training_settings import TrainingSettings

_PREFIX = "training."


class Recipe(TrainingSettings):
    """Everything that `fit` needs to know besides model and data."""

    loss: str
    """Names of losses joined by ``+``."""
    optimizer: str
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    batch_size: int = Field(ge=1)


def recipe_of(config: Config, task: SegmentationTask | ClassificationTask) -> Recipe:
    """A trial's recipe. A space may also vary settings, such as ``training.schedule``.

    Raises:
        TrainingError: A ``training.*`` key of the config is unknown, missing or not valid.
    """
    given: dict[str, Any] = {k.removeprefix(_PREFIX): v for k, v in config.part(_PREFIX).items()}
    for name in given:
        if name not in Recipe.model_fields:
            raise TrainingError(
                f"{_PREFIX}{name} would have no effect{suggestion(name, Recipe.model_fields)}",
                expected=", ".join(f"{_PREFIX}{known}" for known in Recipe.model_fields),
            )
    settings = {name: getattr(task.training, name) for name in TrainingSettings.model_fields}
    try:
        return Recipe(**{**settings, **given})
    except ValidationError as error:
        first = error.errors()[0]
        raise TrainingError(
            f"{_PREFIX}{'.'.join(map(str, first['loc']))}: {first['msg']}",
            found=given.get(str(first["loc"][0])) if first["loc"] else None,
        ) from None
