"""Configs as points."""

from __future__ import annotations

import random

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from toy_study import SPACE

from automed.domain.config import Config
from automed.search.distributions import distributions_of
from automed.search.samplers.config_encoding import ConfigEncoding


def apart(encoding, one, other):
    points = encoding([Config(one), Config(other)])
    return float(np.linalg.norm(points[0] - points[1]))


def test_every_parameter_spans_a_distance_of_one():
    encoding = ConfigEncoding(
        {
            "rate": FloatDistribution(1e-4, 1e-2, log=True),
            "layers": IntDistribution(1, 5),
            "loss": CategoricalDistribution(["bce", "dice", "focal"]),
            "width": CategoricalDistribution([1.0, 0.25, 0.5]),
            "fixed": CategoricalDistribution(["only"]),
        }
    )
    base = {"rate": 1e-4, "layers": 1, "loss": "bce", "width": 0.25, "fixed": "only"}
    assert apart(encoding, base, base | {"rate": 1e-2}) == pytest.approx(1)
    assert apart(encoding, base, base | {"rate": 1e-3}) == pytest.approx(0.5)
    assert apart(encoding, base, base | {"layers": 5}) == pytest.approx(1)
    assert apart(encoding, base, base | {"loss": "dice"}) == pytest.approx(1)
    assert apart(encoding, base, base | {"loss": "focal"}) == pytest.approx(1)
    assert apart(encoding, base, base | {"width": 0.5}) == pytest.approx(0.5)
    assert apart(encoding, base, base | {"width": 1.0}) == pytest.approx(1)


def test_different_configs_of_a_space_are_different_points():
    encoding = ConfigEncoding(distributions_of(SPACE))
    drawn = {SPACE.sample(random.Random(seed)) for seed in range(60)}
    points = encoding(drawn)
    assert len(np.unique(points, axis=0)) == len(drawn)
    assert points.shape[0] == len(drawn)
    assert np.isfinite(points).all()
    assert points.min() >= 0
    assert points.max() <= 1


def test_no_configs_are_no_rows():
    assert ConfigEncoding(distributions_of(SPACE))([]).shape[0] == 0
