"""Combinations drawn from the shipped spaces can be trained; ``benchmarks/random_configs.py``
draws hundreds of them.
"""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automed.domain.placeholder_classes import with_classes
from automed.models.cost import predict_cost
from automed.registry.tasks import load_task
from automed.testing.one_step import one_step

TASKS = ("polyp", "cell", "leukemia", "breast_cell", "white_cell", "brain_tumor", "lung_nodule")


@pytest.mark.parametrize(
    "name",
    [pytest.param(t, marks=pytest.mark.thorough if t == "breast_cell" else ()) for t in TASKS],
)
@settings(max_examples=3, derandomize=True, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_they_build_train_and_have_a_cost(name: str, seed: int) -> None:
    task = with_classes(load_task(name)).replace(image_size=(128, 128))
    config = task.space.sample(random.Random(seed))
    assert task.space.validate_config(dict(config.items())) == config
    assert predict_cost(config, task).macs.value > 0
    assert math.isfinite(one_step(config, task))
