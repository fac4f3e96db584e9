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

from automed.data.audit import audit
from automed.data.dataset import open_dataset
from automed.data.demo import make_demo
from automed.data.preprocess import read_chain
from automed.data.split import make_split
from automed.data.window import read_window
from automed.domain.config import Value
from automed.domain.errors import AutomedError
from automed.domain.placeholder_classes import with_classes
from automed.domain.space import SearchSpace
from automed.domain.task import AnyTask
from automed.models.cost import predict_cost
from automed.testing.one_step import one_step
from automed.testing.own_components import run_own_components
from automed.training.losses import check_loss, kind_of
from automed.training.optimizers import check_optimizer

_CONFIGS = 6
_DRAWS = 200
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
    """Every preprocessing and window of the task or its space exists, and fits the channels."""
    for name in (task.preprocess, *_choices(task.space, "data.preprocess")):
        read_chain(str(name), task.channels)
    for name in (task.window, *_choices(task.space, "data.window")):
        read_window(str(name))


def losses_and_optimizers_are_known(task: AnyTask) -> None:
    """Every loss of the space is one for the task, and every optimizer exists."""
    for name in _choices(task.space, "training.loss"):
        check_loss(str(name), kind_of(task))
    for name in _choices(task.space, "training.optimizer"):
        check_optimizer(str(name))


def every_encoder_has_a_cost(task: AnyTask) -> None:
    """Each encoder builds at the task's input size, and its cost is positive."""
    filled, source = with_classes(task), random.Random(0)
    for encoder in _choices(task.space, "model.encoder"):
        space = task.space.narrow("model.encoder", str(encoder))
        drawn = (space.sample(source) for _ in range(_DRAWS))
        config = next((c for c in drawn if c.get("model.encoder") == encoder), None)
        _demand(config is not None, f"{encoder} is in none of {_DRAWS} random configs")
        assert config is not None
        _demand(predict_cost(config, filled).macs.value > 0, f"{encoder} has no MACs")


def random_configs_train(task: AnyTask) -> None:
    """Configs drawn at random build, and a step forward and backward stays finite."""
    filled, source = with_classes(task), random.Random(1)
    for _ in range(_CONFIGS):
        config = task.space.sample(source)
        loss = one_step(config, filled)
        _demand(math.isfinite(loss), f"the loss of {dict(config.items())} is {loss}")


def own_components_work(task: AnyTask) -> None:
    """The plugin's own metrics, losses, models, ... do on noise what their protocols say."""
    try:
        run_own_components(task)
    except ValueError as error:
        raise NonconformityError(str(error)) from error


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
        own_components_work, demo_data_fit,
    )
}  # fmt: skip


def run_check(name: str, task: AnyTask) -> str | None:
    """Run one check of `CHECKS`; None where it passes, else what is wrong."""
    try:
        CHECKS[name](task)
    except (NonconformityError, AutomedError) as error:
        return str(error)
    return None


def _choices(space: SearchSpace, key: str) -> tuple[Value, ...]:
    found: tuple[Value, ...] = getattr(space.parameters.get(key), "choices", ())
    return found


def _demand(holds: bool, problem: str) -> None:
    if not holds:
        raise NonconformityError(problem)
