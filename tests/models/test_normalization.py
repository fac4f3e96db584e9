"""What images are normalized with."""

from __future__ import annotations

import pytest
import torch

from automed.models.weights import normalization
from automed.registry.tasks import load_task

TASK = load_task("polyp")


@pytest.mark.parametrize("channels", [1, 3])
def test_unit_and_symmetric_map_the_ends_of_the_range(channels):
    ends = torch.tensor([0.0, 1.0]).view(2, 1, 1, 1).expand(2, channels, 4, 4)
    for name, low in (("unit", 0.0), ("symmetric", -1.0)):
        mean, std = normalization(TASK.replace(normalize=name, channels=channels))
        assert mean.shape == std.shape == (1, channels, 1, 1)
        normalized = (ends - mean) / std
        assert normalized.amin() == low
        assert normalized.amax() == 1.0


def test_imagenets_statistics_and_their_average_for_grey_images():
    mean, std = normalization(TASK.replace(normalize="imagenet"))
    assert mean.flatten().tolist() == pytest.approx([0.485, 0.456, 0.406])
    assert std.flatten().tolist() == pytest.approx([0.229, 0.224, 0.225])
    grey, deviation = normalization(TASK.replace(normalize="imagenet", channels=1))
    assert grey.item() == pytest.approx(0.449)
    assert deviation.item() == pytest.approx(0.226)
