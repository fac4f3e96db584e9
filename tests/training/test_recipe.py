"""How a config and a task make a recipe."""

from __future__ import annotations

import pytest

from automed.domain.config import Config
from automed.domain.errors import TrainingError
from automed.registry.tasks import load_task
from automed.training.recipe import recipe_of

POLYP = load_task("polyp")
BASE = POLYP.baselines[0].config


def test_the_config_decides_and_the_task_settles_the_rest():
    task = POLYP.replace(training=POLYP.training.replace(epochs=7, clip_norm=0.5))
    recipe = recipe_of(Config(BASE), task)
    assert (recipe.loss, recipe.optimizer, recipe.batch_size) == ("bce+dice", "adamw", 16)
    assert (recipe.learning_rate, recipe.weight_decay) == (1e-3, 1e-2)
    assert (recipe.epochs, recipe.patience, recipe.clip_norm) == (7, 15, 0.5)


def test_a_space_may_vary_a_setting():
    recipe = recipe_of(Config({**BASE, "training.schedule": "constant"}), POLYP)
    assert recipe.schedule == "constant"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"training.momentum": 0.9}, r"training\.momentum would have no effect"),
        ({"training.learnin_rate": 0.9}, r"did you mean 'learning_rate'"),
        ({"training.learning_rate": 0.0}, r"training\.learning_rate: .*greater than 0"),
        ({"training.batch_size": 0}, r"training\.batch_size: "),
        ({"training.schedule": "linear"}, r"(?s)training\.schedule: .*linear"),
    ],
)
def test_what_cannot_be_followed_is_named(changes, complaint):
    with pytest.raises(TrainingError, match=complaint):
        recipe_of(Config({**BASE, **changes}), POLYP)


def test_what_is_missing_is_named():
    config = Config({k: v for k, v in BASE.items() if k != "training.loss"})
    with pytest.raises(TrainingError, match=r"training\.loss: Field required"):
        recipe_of(config, POLYP)
