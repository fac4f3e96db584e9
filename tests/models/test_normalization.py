"""What images are normalized with."""

from __future__ import annotations

import pytest

from automed.models.normalization import fixed_normalization
from automed.registry.tasks import load_task

TASK = load_task("polyp")


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(("name", "low"), [("unit", 0.0), ("symmetric", -1.0)])
def test_unit_and_symmetric_map_the_ends_of_the_range(channels, name, low):
    found = fixed_normalization(TASK.replace(normalize=name, channels=channels))
    assert len(found.mean) == len(found.std) == channels
    for mean, std in zip(found.mean, found.std, strict=True):
        assert ((0 - mean) / std, (1 - mean) / std) == (low, 1.0)


def test_imagenets_statistics_and_their_average_where_channels_are_no_colours():
    found = fixed_normalization(TASK.replace(normalize="imagenet"))
    assert found.mean == pytest.approx([0.485, 0.456, 0.406])
    assert found.std == pytest.approx([0.229, 0.224, 0.225])
    for channels in (1, 4):
        other = fixed_normalization(TASK.replace(normalize="imagenet", channels=channels))
        assert other.mean == pytest.approx([0.449] * channels)
        assert other.std == pytest.approx([0.226] * channels)


def test_the_data_sets_own_statistics_are_nothing_fixed():
    assert fixed_normalization(TASK.replace(normalize="dataset")) is None
