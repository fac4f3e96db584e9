"""One step of training on noise: whether a config can be trained at all."""

from __future__ import annotations

import torch

from automed.domain.applied import applied
from automed.domain.config import Config
from automed.domain.task import AnyTask
from automed.models.build import build_model
from automed.training.losses import build_loss, kind_of
from automed.training.optimizers import build_optimizer
from automed.training.recipe import recipe_of

SIZE = 128
"""Height and width of the images: the smallest at which PAN builds its pyramid."""


def one_step(config: Config, task: AnyTask) -> float:
    """Build a config's model and train it for a step on two images of noise.

    Args:
        config: Of the task's space.
        task: With its classes, see `placeholder_classes`.

    Returns:
        The loss before the step.

    Raises:
        AutomedError: The config cannot be built or trained.
    """
    task = applied(task, config).replace(image_size=(SIZE, SIZE))
    recipe = recipe_of(config, task)
    torch.manual_seed(0)
    model = build_model(config, task).train()
    images = torch.rand(2, task.channels, SIZE, SIZE)
    optimizer = build_optimizer(recipe, list(model.parameters()))
    compute = build_loss(recipe.loss, label_smoothing=recipe.label_smoothing)
    loss: torch.Tensor = compute(model(images), _targets(task))
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return float(loss.detach())


def _targets(task: AnyTask) -> torch.Tensor:
    match kind_of(task):
        case "binary masks":
            return (torch.rand(2, 1, SIZE, SIZE) > 0.5).float()
        case "class masks":
            return torch.randint(task.outputs, (2, SIZE, SIZE))
        case "classes":
            return torch.tensor([0, 1])
