"""Whether what a plugin brings of its own does what its protocol says, on noise."""

from __future__ import annotations

import math
import random

import numpy as np
import torch

from automed.data.augment import Augmenter
from automed.data.preprocess import read_chain
from automed.data.readers import SUFFIXES
from automed.domain.component import Loss, Model, Preprocessing, Reader
from automed.domain.config import Config
from automed.domain.placeholder_classes import with_classes
from automed.domain.task import AnyTask
from automed.registry.components import declared
from automed.testing.one_step import one_step
from automed.training.losses import read_formula
from automed.training.metrics.own import OwnMetrics

_SIZE = 48
_DRAWS = 200


def run_own_components(task: AnyTask) -> None:
    """Run each metric, augmentation, preprocessing, loss and model that a task or its space names.

    Raises:
        AutomedError: One is not there, fails, or gives another shape.
        ValueError: A step's loss is not finite, or no config holds a loss or model.
    """
    filled = with_classes(task)
    _readers()
    _metrics(filled)
    _augmentations(filled)
    _preprocessing(filled)
    for config in _own_configs(filled):
        loss = one_step(config, filled)
        if not math.isfinite(loss):
            raise ValueError(f"the loss of {dict(config.items())} is {loss}")


def _readers() -> None:
    for reader in declared(Reader).values():
        taken = sorted(SUFFIXES & set(reader.suffixes))
        if taken:
            raise ValueError(f"automed reads {taken[0]} itself; the reader {reader.name!r} idles")


def _metrics(task: AnyTask) -> None:
    source = np.random.default_rng(0)
    own = OwnMetrics(task)
    labels, outputs = np.zeros(0, np.int64), np.zeros((0, 0), np.float32)
    if task.kind == "segmentation":
        shape = (2, _SIZE, _SIZE)
        most = max(2, task.outputs)
        own.add(*(torch.from_numpy(source.integers(0, most, shape)) for _ in range(2)))
    else:
        labels = np.arange(4 * task.outputs) % task.outputs
        outputs = source.dirichlet(np.ones(task.outputs), len(labels)).astype(np.float32)
    found = own.values(labels, outputs)
    missing = [name for name in task.metrics if name not in found]
    if missing:
        raise ValueError(f"{missing[0]} is defined nowhere on noise")


def _augmentations(task: AnyTask) -> None:
    images = torch.rand(2, task.channels, _SIZE, _SIZE)
    masks = None
    if task.kind == "segmentation":
        binary = torch.rand(2, 1, _SIZE, _SIZE).round()
        masks = binary if task.outputs == 1 else binary[:, 0].long()
    texts = getattr(task.space.parameters.get("augment.own"), "choices", (task.augment.own,))
    for text in texts:
        Augmenter(task.augment.replace(own=str(text)), 0)(images, masks)


def _preprocessing(task: AnyTask) -> None:
    source = np.random.default_rng(0)
    image = source.integers(0, 256, (_SIZE, _SIZE, task.channels)).astype(np.uint8)
    choices = getattr(task.space.parameters.get("data.preprocess"), "choices", ())
    known = declared(Preprocessing)
    for text in (task.preprocess, *choices):
        chain = read_chain(str(text), task.channels)
        if known.keys() & set(chain.names):
            chain.at_final_size(image)


def _own_configs(task: AnyTask) -> list[Config]:
    """A config for each own loss and model of the space."""
    losses, models = declared(Loss), declared(Model)
    wanted = [
        ("training.loss", str(choice))
        for choice in _choices(task, "training.loss")
        if any(term.name in losses for term in read_formula(str(choice)))
    ] + [
        ("model.architecture", str(choice))
        for choice in _choices(task, "model.architecture")
        if choice in models
    ]
    return [_drawn(task, key, value) for key, value in wanted]


def _drawn(task: AnyTask, key: str, value: str) -> Config:
    source, space = random.Random(0), task.space.narrow(key, value)
    for _ in range(_DRAWS):
        config = space.sample(source)
        if config.get(key) == value:
            return config
    raise ValueError(f"{key} = {value} is in none of {_DRAWS} random configs")


def _choices(task: AnyTask, key: str) -> tuple[object, ...]:
    found: tuple[object, ...] = getattr(task.space.parameters.get(key), "choices", ())
    return found
