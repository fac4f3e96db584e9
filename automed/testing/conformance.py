"""What every task plugin must pass. ``automed plugin check NAME`` and pytest run the same checks.

In the tests of a plugin::

    import pytest
    from automed.testing import CHECKS, run_check
    from my_plugin import task

    @pytest.mark.parametrize("check", CHECKS)
    def test_conforms(check):
        assert run_check(check, task) is None
"""

from __future__ import annotations

import math
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch

from automed.data.audit import audit
from automed.data.dataset import open_dataset
from automed.data.demo import make_demo
from automed.data.preprocess import PREPROCESS
from automed.data.split import make_split
from automed.domain.config import Config, Value
from automed.domain.errors import AutomedError
from automed.domain.parameter import CategoricalParameter, FloatParameter
from automed.domain.space import SearchSpace
from automed.domain.task import AnyTask
from automed.models.build import build_model
from automed.models.cost import predict_cost
from automed.training.losses import build_loss
from automed.training.optimizers import build_optimizer

_CONFIGS = 6
_REQUIRED = (
    "model.encoder", "training.loss", "training.optimizer", "training.learning_rate",
    "training.weight_decay", "training.batch_size",
)  # fmt: skip


class NonconformityError(AssertionError):
    """A plugin breaks the contract."""


def survives_json(task: AnyTask) -> None:
    """A task is data: written and read back, it is the same."""
    _demand(type(task).model_validate_json(task.model_dump_json()) == task, "JSON changes the task")


def space_is_complete(task: AnyTask) -> None:
    """The space decides everything that a training needs."""
    required = [*_REQUIRED]
    if task.kind == "segmentation":
        required.append("model.architecture")
    missing = [key for key in required if key not in task.space.parameters]
    _demand(not missing, f"the space lacks {', '.join(missing)}")


def baselines_are_configs(task: AnyTask) -> None:
    """Each baseline names every active parameter, with a value inside its domain."""
    for baseline in task.baselines:
        config = task.space.complete(baseline.config)
        _demand(config is not None, f"baseline {baseline.name!r} is not a config of the space")
        assert config is not None
        dead = sorted(set(baseline.config) - set(config))
        _demand(not dead, f"baseline {baseline.name!r} has keys without effect: {dead}")


def preprocessing_is_known(task: AnyTask) -> None:
    """Every preprocessing that the task or its space names exists."""
    names = [task.preprocess, *_choices(task.space, "data.preprocess")]
    unknown = [n for n in names if n not in PREPROCESS]
    _demand(not unknown, f"unknown preprocessing {unknown}, expected one of {list(PREPROCESS)}")


def losses_and_optimizers_are_known(task: AnyTask) -> None:
    """Every loss and every optimizer of the space can be built."""
    parameter = torch.nn.Parameter(torch.zeros(2, 2))
    for name in _choices(task.space, "training.loss"):
        build_loss(str(name))
    for name in _choices(task.space, "training.optimizer"):
        build_optimizer(str(name), [parameter], lr=1e-3, weight_decay=1e-4)


def every_encoder_has_a_cost(task: AnyTask) -> None:
    """Each encoder builds at the task's input size, and its cost is positive."""
    filled = _with_classes(task)
    for encoder in _choices(task.space, "model.encoder"):
        config = _draw(task.space, random.Random(0), {"model.encoder": encoder})
        _demand(predict_cost(config, filled).macs.value > 0, f"{encoder} has no MACs")


def random_configs_train(task: AnyTask) -> None:
    """Configs drawn at random build, and a step forward and backward stays finite."""
    filled = _with_classes(task)
    source = random.Random(1)
    for _ in range(_CONFIGS):
        config = _draw(task.space, source, {})
        loss = _one_step(config, filled)
        _demand(math.isfinite(loss), f"the loss of {dict(config.items())} is {loss}")


def demo_data_fit(task: AnyTask) -> None:
    """Where the task names demo data: they open, pass the audit and can be split."""
    if task.demo is None:
        return  # demo data are an offer, not a duty
    with tempfile.TemporaryDirectory() as folder:
        dataset = open_dataset(make_demo(task.demo, Path(folder) / "demo"), task)
        audit(dataset, task).raise_for_errors()
        split = make_split(dataset, task.split, seed=0)
        parts = len(split.train) + len(split.val) + len(split.test)
        _demand(parts == len(dataset.samples), "the split loses samples")


CHECKS: dict[str, Callable[[AnyTask], None]] = {
    check.__name__: check
    for check in (
        survives_json, space_is_complete, baselines_are_configs, preprocessing_is_known,
        losses_and_optimizers_are_known, every_encoder_has_a_cost, random_configs_train,
        demo_data_fit,
    )
}  # fmt: skip


def run_check(name: str, task: AnyTask) -> str | None:
    """Run one check of `CHECKS`; None where it passes, else what is wrong."""
    try:
        CHECKS[name](task)
    except (NonconformityError, AutomedError) as error:
        return str(error)
    return None


def _one_step(config: Config, task: AnyTask) -> float:
    torch.manual_seed(0)
    model = build_model(config, task).train()
    # Two images of the smallest size that every encoder of the papers takes.
    images = torch.rand(2, task.channels, 96, 96)
    if task.kind == "segmentation":
        targets = (torch.rand(2, 1, 96, 96) > 0.5).float()
    else:
        targets = torch.tensor([0, 1])
    optimizer = build_optimizer(
        str(config["training.optimizer"]), model.parameters(),
        lr=float(config["training.learning_rate"]),
        weight_decay=float(config["training.weight_decay"]),
    )  # fmt: skip
    loss = build_loss(str(config["training.loss"]))(model(images), targets)
    loss.backward()
    optimizer.step()
    return float(loss.detach())


def _draw(space: SearchSpace, source: random.Random, given: dict[str, Value]) -> Config:
    values: dict[str, Value] = {}
    for key, parameter in space.parameters.items():
        if not space.is_active(key, values):
            continue
        if key in given:
            values[key] = given[key]
        elif isinstance(parameter, CategoricalParameter):
            values[key] = source.choice(parameter.choices)
        elif isinstance(parameter, FloatParameter):
            values[key] = source.uniform(parameter.low, parameter.high)
        else:
            values[key] = source.randrange(parameter.low, parameter.high + 1, parameter.step)
    return space.validate_config(values)


def _with_classes(task: AnyTask) -> AnyTask:
    filled: AnyTask = task if task.classes else task.replace(classes=("first", "second"))
    return filled


def _choices(space: SearchSpace, key: str) -> tuple[Value, ...]:
    found: tuple[Value, ...] = getattr(space.parameters.get(key), "choices", ())
    return found


def _demand(holds: bool, problem: str) -> None:
    if not holds:
        raise NonconformityError(problem)
