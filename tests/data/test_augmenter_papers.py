"""Each paper's list can be said, and a strength scales it."""

import math

import pytest
import torch
from pydantic import ValidationError

from automed.data.augment import Augmenter, Draws, draw
from automed.domain.applied import applied
from automed.domain.augment import _MOST, Augment
from automed.domain.config import Config
from automed.domain.parameter import CategoricalParameter
from automed.domain.space import SearchSpace
from automed.domain.task import SegmentationTask

SIZE = (3, 72, 96)
MANY = 3000


def drawn(augment, batch=MANY):
    return draw(augment, batch, SIZE, torch.Generator().manual_seed(0))


def named(draws):
    return {n for n in Draws.__dataclass_fields__ if getattr(draws, n) is not None} - {"noise_seed"}


def reaches(values, low, high):
    slack = 0.01 * (high - low)
    return low - 1e-5 <= values.min() < low + slack and high - slack < values.max() <= high + 1e-5


def test_paper_1_has_none():
    assert named(drawn(Augment())) == set()


PAPER_2 = Augment(
    gauss_noise=0.3, gauss_noise_std_min=math.sqrt(10) / 255, gauss_noise_std=math.sqrt(50) / 255,
    horizontal_flip=0.3, vertical_flip=0.3,
    coarse_dropout=0.2, coarse_dropout_holes=8, coarse_dropout_size=10,
)  # fmt: skip


def test_paper_2_comparison():
    """albumentations 1.3: GaussNoise draws a variance of 10 to 50 on the 0-255 scale."""
    draws = drawn(PAPER_2)
    assert named(draws) == {"flips", "noise", "holes"}
    assert draws.flips.float().mean(0).tolist() == pytest.approx([0.3, 0.3], abs=0.03)
    noisy = draws.noise[draws.noise > 0]
    assert len(noisy) / MANY == pytest.approx(0.3, abs=0.03)
    assert reaches((noisy * 255) ** 2, 10, 50)
    pierced = draws.holes[draws.holes.flatten(1).any(1)]
    assert len(pierced) / MANY == pytest.approx(0.2, abs=0.03)
    sides = pierced[..., 2:] - pierced[..., :2]
    assert pierced.shape[1] == 8
    assert sides.min() == 1
    assert sides.max() == 10


def test_paper_2_tuning_leaves_out_the_noise():
    setting = PAPER_2.replace(gauss_noise=0)
    assert named(drawn(setting)) == {"flips", "holes"}


def test_paper_3():
    """Keras' ImageDataGenerator: its zoom_range draws a scale for each axis."""
    setting = Augment(
        rotation=15, shift=0.1, zoom=0.1, zoom_each_axis=True, horizontal_flip=0.5,
        vertical_flip=0.5,
    )  # fmt: skip
    draws = drawn(setting)
    assert named(draws) == {"flips", "matrices"}
    assert draws.flips.float().mean(0).tolist() == pytest.approx([0.5, 0.5], abs=0.03)
    linear = draws.matrices[..., :2]
    scales = torch.linalg.svdvals(linear)
    assert reaches(scales.flatten(), 0.9, 1.1)
    assert not torch.allclose(scales[:, 0], scales[:, 1])
    angles = torch.rad2deg(torch.atan2(-linear[:, 1, 0], linear[:, 0, 0]))
    assert reaches(angles, -15, 15)
    centre = torch.tensor([95 / 2, 71 / 2], dtype=torch.float64)
    moved = linear @ centre + draws.matrices[..., 2] - centre
    assert reaches(moved[:, 0], -9.6, 9.6)
    assert reaches(moved[:, 1], -7.2, 7.2)


def test_paper_4():
    setting = Augment(rotation=30, zoom=0.2, horizontal_flip=0.5, vertical_flip=0.5)
    draws = drawn(setting)
    assert named(draws) == {"flips", "matrices"}
    assert reaches(torch.linalg.det(draws.matrices[..., :2]).sqrt(), 0.8, 1.2)


def test_paper_5():
    setting = Augment(
        horizontal_flip=0.5, vertical_flip=0.5, zoom=0.1, shear=10, shift=0.1, rotation=20
    )
    assert named(drawn(setting)) == {"flips", "matrices"}
    sheared = drawn(Augment(shear=10)).matrices
    assert reaches(sheared[:, 0, 1], -math.tan(math.radians(10)), math.tan(math.radians(10)))
    assert torch.allclose(sheared[:, 1, 0], torch.zeros(MANY, dtype=torch.float64))


EVERYTHING = Augment(**{name: most / 2 for name, most in _MOST.items()})


def test_strength_0_switches_everything_off():
    assert named(drawn(EVERYTHING)) >= {"flips", "matrices", "elastic", "hue", "blur", "holes"}
    still = EVERYTHING.scaled(0)
    assert named(drawn(still)) == set()
    images = torch.rand(2, 3, 8, 8)
    assert Augmenter(still, 0)(images)[0] is images


def test_strength_1_changes_nothing_and_others_scale_up_to_the_bounds():
    assert EVERYTHING.scaled(1) == EVERYTHING
    assert EVERYTHING.scaled(0.5).rotation == EVERYTHING.rotation / 2
    most = EVERYTHING.scaled(1e9)
    assert {name: getattr(most, name) for name in _MOST} == _MOST
    assert most.scaled(1) == most
    sizes = {"blur_sigma", "gauss_noise_std", "coarse_dropout_size", "coarse_dropout_holes"}
    assert {n: getattr(most, n) for n in sizes} == {n: getattr(EVERYTHING, n) for n in sizes}


def test_every_field_can_be_searched():
    losses = CategoricalParameter(choices=("dice",))
    task = SegmentationTask(
        name="cell", title="Cells", classes=("cell",), image_size=(32, 32),
        space=SearchSpace(name="cell", parameters={"training.loss": losses}),
    )  # fmt: skip
    for name, default in Augment().model_dump().items():
        value = not default if isinstance(default, bool) else default + type(default)(1)
        value = 0.01 if name == "gauss_noise_std_min" else min(value, _MOST.get(name, value))
        changed = applied(task, Config({f"augment.{name}": value})).augment
        assert getattr(changed, name) == value


@pytest.mark.parametrize("name", _MOST)
@pytest.mark.parametrize("wrong", [-0.1, 1e3, float("nan")])
def test_out_of_bounds(name, wrong):
    with pytest.raises(ValidationError, match=name):
        Augment(**{name: wrong})


@pytest.mark.parametrize("name", ["gauss_noise_std", "coarse_dropout_size"])
def test_a_least_above_the_most(name):
    with pytest.raises(ValidationError, match=f"{name}_min = 20"):
        Augment(**{f"{name}_min": 20})
