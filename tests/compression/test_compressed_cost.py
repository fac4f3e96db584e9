"""The cost of a compressed model is known before it is trained."""

from __future__ import annotations

import pytest
import torch

from automed.compression.cost import compressed_cost
from automed.compression.prune_channels import remove_channels
from automed.compression.prune_importance import _Random
from automed.domain.compression import Compression, with_compression
from automed.domain.config import Config
from automed.domain.errors import CompressionError
from automed.models.build import BuildError, build_model
from automed.models.cost import count_macs, predict_cost
from automed.registry.tasks import load_task

TASK = load_task("polyp").replace(image_size=(64, 64))
UNET = Config({"model.architecture": "unet", "model.encoder": "test_efficientnet"})


def config_of(architecture, encoder):
    return Config({"model.architecture": architecture, "model.encoder": encoder})


@pytest.mark.parametrize("architecture", ["unet", "deeplabv3plus"])
@pytest.mark.parametrize("encoder", ["tf_mobilenetv3_large_075", "resnet18"])
def test_half_the_channels_leave_less_than_a_third_of_the_compute(architecture, encoder):
    config = config_of(architecture, encoder)
    whole = compressed_cost(config, TASK)
    half = compressed_cost(with_compression(config, Compression(method="prune")), TASK)
    assert half.macs.value <= 0.30 * whole.macs.value
    assert half.parameters.value <= 0.30 * whole.parameters.value
    assert half.size_bytes.value <= 0.32 * whole.size_bytes.value


@pytest.mark.parametrize(
    "config",
    [UNET, config_of("deeplabv3plus", "tf_mobilenetv3_small_075"), config_of("fpn", "regnety_002")],
    ids=str,
)
@pytest.mark.parametrize("ratio", [0.3, 0.8])
def test_the_prediction_is_the_pruned_model(config, ratio):
    asked = Compression(method="prune", ratio=ratio)
    predicted = compressed_cost(with_compression(config, asked), TASK)
    torch.manual_seed(0)
    model = build_model(config, TASK).eval()
    remove_channels(model, torch.zeros(1, 3, 64, 64), asked, _Random(1))
    assert predicted.parameters.value == sum(p.numel() for p in model.parameters())
    assert predicted.macs.value == count_macs(model, (3, 64, 64), "cpu")


def test_the_global_scope_is_predicted_near_to_what_even_worth_gives():
    asked = Compression(method="prune", scope="global")
    predicted = compressed_cost(with_compression(UNET, asked), TASK)
    torch.manual_seed(0)
    model = build_model(UNET, TASK).eval()
    remove_channels(model, torch.zeros(1, 3, 64, 64), asked, _Random(1))
    found = sum(p.numel() for p in model.parameters())
    assert predicted.parameters.value == pytest.approx(found, rel=0.25)


def test_quantized_models_have_the_same_macs_in_fewer_bytes():
    whole = compressed_cost(UNET, TASK)
    int8 = compressed_cost(with_compression(UNET, Compression(method="ptq")), TASK)
    both = compressed_cost(with_compression(UNET, Compression(method="prune+ptq")), TASK)
    pruned = compressed_cost(with_compression(UNET, Compression(method="prune")), TASK)
    assert int8.macs == whole.macs
    assert int8.parameters == whole.parameters
    assert both.macs == pruned.macs
    assert int8.size_bytes.value < 0.5 * whole.size_bytes.value
    assert both.size_bytes.value < 0.5 * pruned.size_bytes.value


def test_dense_and_sparse_models_cost_what_the_model_does():
    known = predict_cost(UNET, TASK)
    sparse = compressed_cost(with_compression(UNET, Compression(method="sparse")), TASK)
    dense = compressed_cost(UNET, TASK)
    assert dense == sparse
    assert (dense.macs, dense.parameters) == (known.macs, known.parameters)
    assert dense.input_shape == known.input_shape


def test_a_prediction_leaves_the_random_state_and_is_remembered(monkeypatch):
    config = with_compression(UNET, Compression(method="prune", ratio=0.37))
    before = torch.random.get_rng_state()
    first = compressed_cost(config, TASK)
    assert torch.equal(torch.random.get_rng_state(), before)

    def forbidden(*_args):
        raise AssertionError("it was computed again")

    monkeypatch.setattr("automed.compression.cost.build_model", forbidden)
    other = Config({**dict(config.items()), "training.loss": "bce"})
    assert compressed_cost(other, TASK) == first


def test_what_cannot_be_pruned_is_refused_before_any_training_each_time():
    config = with_compression(config_of("unet", "efficientvit_b0"), Compression(method="prune+ptq"))
    for _ in range(2):
        with pytest.raises(CompressionError, match="attention"):
            compressed_cost(config, TASK)


def test_what_cannot_be_built_is_refused_as_without_compression():
    config = with_compression(config_of("unet", "no_such_encoder"), Compression(method="prune"))
    with pytest.raises(BuildError, match="no_such_encoder"):
        compressed_cost(config, TASK)
