"""Models of which only the shapes matter are built without filling weights that are not there."""

from __future__ import annotations

import timm
import torch
from torch.overrides import TorchFunctionMode

from automed.models.uninitialized import Uninitialized


class Counting(TorchFunctionMode):
    """Counts calls that fill a tensor; innermost, so that it sees what others let through."""

    def __init__(self) -> None:
        super().__init__()
        self.fills = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.fills += func in (torch.Tensor.normal_, torch.Tensor.uniform_, torch.Tensor.fill_)
        return func(*args, **(kwargs or {}))


def test_shapes_are_those_of_the_initialized_model() -> None:
    with torch.device("meta"), Counting() as outside:
        usual = timm.create_model("resnet18", num_classes=3)
    with torch.device("meta"), Counting() as inside, Uninitialized():
        model = timm.create_model("resnet18", num_classes=3)
    assert outside.fills > 20
    assert inside.fills == 0
    assert {k: v.shape for k, v in model.state_dict().items()} == {
        k: v.shape for k, v in usual.state_dict().items()
    }
    assert all(p.requires_grad for p in model.parameters())


def test_weights_that_are_there_are_filled_as_ever() -> None:
    torch.manual_seed(0)
    usual = timm.create_model("resnet18", num_classes=3)
    torch.manual_seed(0)
    with Uninitialized():
        model = timm.create_model("resnet18", num_classes=3)
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, usual.state_dict()[name]), name


def test_other_operations_in_place_are_not_touched() -> None:
    with Uninitialized():
        row = torch.zeros(1, 3, device="meta").squeeze_(0)
        asked = torch.zeros(3, device="meta").requires_grad_()
    assert row.shape == (3,)
    assert asked.requires_grad
