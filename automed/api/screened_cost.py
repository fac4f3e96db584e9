"""What a config costs, for those that can be trained at all."""

from __future__ import annotations

from automed.domain.applied import applied
from automed.domain.config import Config
from automed.domain.cost import Cost
from automed.domain.task import AnyTask
from automed.models.cost import predict_cost
from automed.training.recipe import recipe_of


def screened_cost(config: Config, task: AnyTask) -> Cost:
    """The predicted cost of a config's model.

    Args:
        config: Is applied to the task first.
        task: The study's.

    Raises:
        AutomedError: The config cannot be applied, its recipe followed or its model built.
    """
    trained = applied(task, config)
    recipe_of(config, trained)
    return predict_cost(config, trained)
