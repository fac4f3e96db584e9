"""How a config and a task make a recipe."""

from __future__ import annotations

import math

import pytest

from automed.domain.config import Config
from automed.domain.errors import TrainingError
from automed.domain.task import SegmentationTask
from automed.registry.tasks import load_task
from automed.training.optimizers import OPTIMIZERS
from automed.training.recipe import Recipe, recipe_of

POLYP = load_task("polyp")
LEUKEMIA = load_task("leukemia")
SEVERAL = SegmentationTask(
    name="wbc", title="", classes=("cytoplasm", "nucleus"), image_size=(96, 96), space=POLYP.space
)
BASE = {
    "model.architecture": "unet",
    "model.encoder": "tf_mobilenetv3_large_075",
    "training.loss": "bce+dice",
    "training.optimizer": "adamw",
    "training.learning_rate": 1e-3,
    "training.weight_decay": 1e-2,
    "training.batch_size": 16,
}


def made(task=POLYP, **changes):
    settings = {f"training.{name}": value for name, value in changes.items()}
    return recipe_of(Config(BASE | settings), task)


def test_the_config_decides_and_the_task_settles_the_rest():
    task = POLYP.replace(training=POLYP.training.replace(epochs=7, clip_norm=0.5))
    recipe = made(task)
    assert (recipe.loss, recipe.optimizer, recipe.batch_size) == ("bce+dice", "adamw", 16)
    assert (recipe.learning_rate, recipe.weight_decay) == (1e-3, 1e-2)
    assert (recipe.epochs, recipe.patience, recipe.clip_norm) == (7, 15, 0.5)
    assert recipe.momentum is None


@pytest.mark.parametrize(
    ("changes", "task"),
    [
        ({"schedule": "constant"}, POLYP), ({"warmup": 0.1}, POLYP),
        ({"schedule": "step", "step_at": 0.5, "step_factor": 0.1}, POLYP),
        ({"optimizer": "sgd", "momentum": 0.5}, POLYP), ({"beta1": 0.8, "beta2": 0.9}, POLYP),
        ({"optimizer": "signmomentum", "alpha": 0.1, "gamma": 2.0, "beta_bound": 1.0}, POLYP),
        ({"optimizer": "signmomentum", "beta_bound": math.inf}, POLYP),
        ({"label_smoothing": 0.1}, POLYP), ({"smooth_masks": "gaussian"}, POLYP),
        ({"class_weights": True}, POLYP), ({"loss": "0.3*bce+0.7*lovasz"}, POLYP),
        ({"freeze": 0.5, "frozen_share": 0.2, "layer_decay": 0.9}, POLYP),
        ({"freeze": "all"}, POLYP), ({"loss": "ce+tversky", "class_weights": True}, SEVERAL),
        ({"loss": "focal", "class_weights": True}, LEUKEMIA),
        ({"loss": "ce", "label_smoothing": 0.1}, LEUKEMIA),
    ],
)  # fmt: skip
def test_a_space_may_vary_what_has_an_effect(changes, task):
    recipe = made(task, **changes)
    for name, value in changes.items():
        assert getattr(recipe, name) == ("0.5" if name == "freeze" and value == 0.5 else value)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"learnin_rate": 0.9}, r"(?s)learnin_rate would .*did you mean 'learning_rate'.*warmup"),
        ({"learning_rate": 0.0}, r"training\.learning_rate: .*greater than 0"),
        ({"learning_rate": math.inf}, r"training\.learning_rate: .*finite"),
        ({"batch_size": 0}, r"training\.batch_size: "),
        ({"schedule": "linear"}, r"(?s)training\.schedule: .*linear"),
        ({"optimizer": "sgd", "momentum": 1.0}, r"training\.momentum: .*less than 1"),
        ({"optimizer": "signmomentum", "beta_bound": 0.0}, r"training\.beta_bound: "),
        ({"optimizer": "addam"}, r"(?s)no optimizer 'addam'; did you mean 'adam'"),
        ({"loss": "dise"}, r"(?s)no loss 'dise'; did you mean 'dice'"),
        ({"loss": "0*bce"}, r"whose weight cannot be used"),
    ],
)
def test_what_cannot_be_followed_is_named(changes, complaint):
    with pytest.raises(TrainingError, match=complaint):
        made(**changes)


@pytest.mark.parametrize(
    ("changes", "task", "complaint"),
    [
        ({"momentum": 0.9}, POLYP, r"(?s)momentum would have no effect.*rmsprop, sgd, sgdw"),
        ({"optimizer": "adagrad", "beta1": 0.9}, POLYP, r"(?s)beta1 would .*adam, adamw.*next:"),
        ({"optimizer": "lion", "gamma": 0.9}, POLYP, r"(?s)gamma would .*signmomentum"),
        ({"schedule": "constant", "warmup": 0.1}, POLYP, r"(?s)warmup would .*constant.*cosine"),
        ({"schedule": "onecycle", "warmup": 0.1}, POLYP, r"(?s)warmup would .*onecycle.*cosine"),
        ({"step_at": 0.5}, POLYP, r"(?s)step_at would .*schedule is cosine.*= step"),
        ({"schedule": "plateau", "step_factor": 0.5}, POLYP, r"(?s)step_factor .*plateau.*= step"),
        ({"loss": "dice+focal", "label_smoothing": 0.1}, POLYP, r"(?s)label_smoothing .*bce, ce"),
        ({"loss": "dice", "class_weights": True}, POLYP, r"(?s)class_weights .*bce, focal, ce"),
        ({"loss": "ce"}, POLYP, r"(?s)'ce' is not for binary masks.*bce, dice, focal"),
        ({}, SEVERAL, r"(?s)'bce\+dice' is not for class masks.*lovasz, ce"),
        ({}, LEUKEMIA, r"(?s)'bce\+dice' is not for classes.*focal, ce"),
        ({"loss": "ce", "smooth_masks": "gaussian"}, LEUKEMIA, "smooth_masks would .*leukemia"),
        ({"loss": "ce", "smooth_masks": "morphology"}, SEVERAL, "smooth_masks would .*wbc"),
        ({"freeze": "all", "frozen_share": 0.5}, POLYP, "frozen_share would .*never trained"),
        ({"freeze": "all", "layer_decay": 0.5}, POLYP, "layer_decay would .*never trained"),
    ],
)  # fmt: skip
def test_what_has_no_effect_is_refused(changes, task, complaint):
    with pytest.raises(TrainingError, match=complaint):
        made(task, **changes)


@pytest.mark.parametrize(
    ("name", "value"), [("freeze", "0.5"), ("frozen_share", 0.3), ("layer_decay", 0.9)]
)
def test_a_plain_unet_has_no_encoder_to_freeze(name, value):
    config = {**BASE, "model.architecture": "plain_unet", f"training.{name}": value}
    with pytest.raises(TrainingError, match=rf"{name} would .*plain_unet has no encoder"):
        recipe_of(Config(config), POLYP)
    default = Recipe.model_fields[name].default
    assert recipe_of(Config(config | {f"training.{name}": default}), POLYP)


def test_settings_of_the_task_may_wait_for_the_configs_that_use_them():
    training = POLYP.training.replace(warmup=0.1, step_at=0.5, layer_decay=0.9)
    task = POLYP.replace(training=training)
    assert made(task, schedule="constant").warmup == 0.1
    config = Config({**BASE, "model.architecture": "plain_unet"})
    assert recipe_of(config, task).layer_decay == 0.9


def test_every_parameter_of_the_table_is_a_field():
    for row in OPTIMIZERS.values():
        assert set(row.takes) <= set(Recipe.model_fields)


def test_what_is_missing_is_named():
    config = Config({k: v for k, v in BASE.items() if k != "training.loss"})
    with pytest.raises(TrainingError, match=r"training\.loss: Field required"):
        recipe_of(config, POLYP)
