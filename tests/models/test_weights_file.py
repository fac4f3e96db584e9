"""Weights on disk."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from automed.domain.errors import WeightsError
from automed.models.weights_file import file_size, load_weights, save_weights

TYPES = [torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.int32,
         torch.int16, torch.int8, torch.uint8, torch.bool]  # fmt: skip


class Bag(nn.Module):
    """Holds tensors of any kind under any name."""

    def __init__(self, tensors):
        super().__init__()
        for name, tensor in tensors.items():
            self.register_buffer(name, tensor)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.text("abcxyzé_0123", min_size=1, max_size=8).map(lambda t: "t" + t),
        st.tuples(st.sampled_from(TYPES), st.lists(st.integers(0, 5), max_size=4)),
        min_size=1, max_size=6,
    )
)  # fmt: skip
def test_the_size_is_known_before_anything_is_written(tmp_path_factory, shapes):
    path = tmp_path_factory.mktemp("weights") / "bag.safetensors"
    bag = Bag({name: torch.zeros(shape, dtype=dtype) for name, (dtype, shape) in shapes.items()})
    save_weights(bag, path)
    assert file_size(bag) == path.stat().st_size


def test_what_was_saved_is_loaded_whatever_the_memory_format(tmp_path):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).to(
        memory_format=torch.channels_last
    )
    save_weights(model, tmp_path / "w.safetensors")
    other = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    load_weights(other, tmp_path / "w.safetensors")
    assert all(torch.equal(a, b) for a, b in zip(
        model.state_dict().values(), other.state_dict().values(), strict=True))  # fmt: skip


@pytest.mark.parametrize("damage", ["missing", "torn", "other"])
def test_weights_that_cannot_be_loaded_are_named(tmp_path, damage):
    path = tmp_path / "w.safetensors"
    if damage != "missing":
        save_weights(nn.Linear(3, 4), path)
    if damage == "torn":
        path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(WeightsError, match=r"w\.safetensors cannot be loaded"):
        load_weights(nn.Linear(3, 4 if damage != "other" else 5), path)


def test_a_folder_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        save_weights(nn.Linear(1, 1), tmp_path / "missing" / "w.safetensors")
