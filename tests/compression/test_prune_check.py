"""Wrongly pruned models are told from right ones."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from automed.compression.prune_channels import Kept, Removal, remove_channels
from automed.compression.prune_check import check_pruned
from automed.compression.prune_importance import ranks
from automed.domain.compression import Compression
from automed.domain.errors import CompressionError

SHAPE = (3, 8, 8)
HALF = Compression(method="prune")


class Net(nn.Module):
    """Grouped, depthwise and plain convolutions, norms, a concatenation and a linear layer."""

    def __init__(self, norm=nn.BatchNorm2d):
        super().__init__()
        self.first = nn.Conv2d(3, 32, 3, padding=1)
        self.norm = norm(32)
        self.depthwise = nn.Conv2d(32, 32, 3, padding=1, groups=32)
        self.grouped = nn.Conv2d(32, 32, 3, padding=1, groups=2)
        self.second = nn.Conv2d(64, 32, 1)
        self.head = nn.Linear(32, 2)

    def forward(self, x):
        x = torch.sigmoid(self.norm(self.first(x)))  # not zero where its input is
        x = torch.cat([self.depthwise(x), self.grouped(x)], dim=1)
        return self.head(self.second(x).mean(dim=(2, 3)))


def pruned(net):
    torch.manual_seed(0)
    net = net.eval()
    for parameter in net.parameters():
        nn.init.normal_(parameter, 0.2)
    whole = copy.deepcopy(net)
    return whole, net, remove_channels(net, torch.zeros(1, *SHAPE), HALF, ranks)


@pytest.mark.parametrize("norm", [nn.BatchNorm2d, lambda n: nn.GroupNorm(4, n), nn.Identity])
def test_a_pruned_model_is_the_whole_one_with_masked_channels(norm):
    whole, net, removal = pruned(Net(norm))
    assert check_pruned(whole, net, removal, SHAPE) < 1e-12
    assert net.first.out_channels == net.grouped.out_channels == net.second.out_channels == 16
    assert net.head.out_features == 2


def test_channels_removed_in_one_place_and_others_in_the_next_are_found():
    whole, net, removal = pruned(Net())
    with torch.no_grad():
        net.second.weight.copy_(net.second.weight.roll(1, dims=1))
    with pytest.raises(CompressionError, match="masked") as raised:
        check_pruned(whole, net, removal, SHAPE)
    assert "outputs differ by" in str(raised.value)


def test_a_wrong_account_of_what_was_removed_is_found():
    whole, net, removal = pruned(Net())
    kept = removal.kept["second", "in"]
    removal.kept["second", "in"] = Kept((kept.indices + 63) % 64, kept.channels)
    with pytest.raises(CompressionError, match="masked"):
        check_pruned(whole, net, removal, SHAPE)


def test_a_pruned_model_that_does_not_run_is_refused_with_what_it_said():
    whole, net, _ = pruned(Net())
    net.second = nn.Conv2d(7, 16, 1)
    with pytest.raises(CompressionError, match="does not run"):
        check_pruned(whole, net, Removal(), SHAPE)


def test_outputs_of_another_shape_are_refused():
    whole, net, removal = pruned(Net())
    net.head = nn.Linear(16, 3)
    with pytest.raises(CompressionError, match="shape"):
        check_pruned(whole, net, removal, SHAPE)


def test_layer_norms_keep_the_order_of_their_channels():
    class Normed(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(8, 40)
            self.norm = nn.LayerNorm(40)
            self.head = nn.Linear(40, 2)

        def forward(self, x):
            return self.head(self.norm(self.first(x)))

    def scattered(group):  # removing these, torch_pruning's own order is that of a set
        return torch.rand(len(group[0].idxs), generator=torch.Generator().manual_seed(3))

    torch.manual_seed(0)
    net = Normed().eval()
    for parameter in net.parameters():
        nn.init.normal_(parameter)
    whole = copy.deepcopy(net)
    removal = remove_channels(net, torch.zeros(1, 3, 8, 8), HALF, scattered)
    assert net.norm.normalized_shape == (16,)
    assert check_pruned(whole, net, removal, SHAPE) < 1e-12


def test_attention_is_refused_by_name():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv = nn.Linear(8, 48)
            self.out = nn.Linear(16, 2)

        def forward(self, x):
            q, k, v = self.qkv(x.flatten(1, 2)).chunk(3, dim=-1)
            return self.out((q @ k.transpose(1, 2)).softmax(-1) @ v)

    with pytest.raises(CompressionError, match="attention"):
        remove_channels(Attention().eval(), torch.zeros(1, *SHAPE), HALF, ranks)


def test_a_model_of_narrow_layers_is_refused():
    net = nn.Sequential(nn.Conv2d(3, 8, 1), nn.ReLU(), nn.Conv2d(8, 1, 1)).eval()
    with pytest.raises(CompressionError, match="nothing to remove"):
        remove_channels(net, torch.zeros(1, *SHAPE), HALF, ranks)
