"""What a config costs, for those that can be trained at all."""

from __future__ import annotations

from typing import Literal

from automed.compression.cost import compressed_cost
from automed.domain.applied import applied
from automed.domain.compression import compression_of
from automed.domain.config import Config
from automed.domain.cost import Cost
from automed.domain.task import AnyTask
from automed.models.cost import predict_cost
from automed.training.recipe import recipe_of


def screened_cost(
    config: Config, task: AnyTask, artifact: Literal["onnx", "weights"] = "weights"
) -> Cost:
    """The predicted cost of a config's model.

    Args:
        config: Is applied to the task first.
        task: The study's.
        artifact: Which file its bytes are those of.

    Raises:
        AutomedError: The config cannot be applied, its recipe followed, its model built or
            compressed.
    """
    trained = applied(task, config)
    recipe_of(config, trained)
    if artifact == "onnx" or compression_of(config) is not None:
        return compressed_cost(config, trained)
    return predict_cost(config, trained)
