"""Nested values survive being taken apart, bit for bit."""

from __future__ import annotations

import json
import math

import pytest
import torch

from automed.training.tensor_tree import pack, unpack

CPU = torch.device("cpu")


def there_and_back(value):
    tensors = {}
    text = json.dumps(pack(value, tensors))
    assert all(t.is_contiguous() for t in tensors.values())
    return unpack(json.loads(text), tensors, CPU)


def test_plain_values_keep_value_and_type():
    value = {"a": [1, 2.5, "x", None, True], "b": (1e-300, math.inf), "c": {"dict": {}, "": ()}}
    back = there_and_back(value)
    assert back == value
    assert [type(item) for item in back["a"]] == [type(item) for item in value["a"]]
    assert math.isnan(there_and_back([math.nan])[0])
    assert there_and_back(0.1 + 0.2) == 0.1 + 0.2


@pytest.mark.parametrize(
    "tensor",
    [
        torch.rand(4, 3, 5, 5).to(memory_format=torch.channels_last),
        torch.rand(3, 4).T,
        torch.tensor(7.0),
        torch.empty(0, 3),
        torch.tensor([True, False]),
        torch.tensor([math.nan, -0.0, math.inf]),
        torch.rand(5).bfloat16(),
        torch.arange(6, dtype=torch.int64),
        torch.rand(1, 4).expand(3, 4),
    ],
    ids=lambda tensor: f"{tuple(tensor.shape)} {tensor.dtype}",
)
def test_tensors_keep_values_types_and_strides(tensor):
    [back] = there_and_back([tensor])
    assert back.dtype == tensor.dtype
    torch.testing.assert_close(back, tensor, rtol=0, atol=0, equal_nan=True)
    # One that overlaps itself gets places of its own.
    assert back.stride() == tensor.clone().stride()


def test_one_tensor_under_two_names_becomes_two():
    tensor = torch.rand(3)
    back = there_and_back({"a": tensor, "b": tensor})
    assert torch.equal(back["a"], back["b"])
    assert back["a"].data_ptr() != back["b"].data_ptr()


@pytest.mark.parametrize("value", [{1: 2}, {3}, b"bytes", [object()]])
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises(TypeError, match="cannot be packed"):
        pack(value, {})
