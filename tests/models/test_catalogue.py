"""The encoders worth trying: all of them exist, have weights and a licence, and build."""

from __future__ import annotations

import pytest
import timm
import torch
from torch.utils.flop_counter import FlopCounterMode

from automed.domain.config import Config
from automed.models.architectures import ARCHITECTURES
from automed.models.build import BuildError, build_model
from automed.models.catalogue import CATALOGUE, MODERN, published_weights
from automed.models.encoder_cost import encoder_cost
from automed.models.encoders import check_encoder
from automed.registry.tasks import load_task

POLYP = load_task("polyp").replace(image_size=(64, 64))
TRANSFORMERS = {"ViT", "DeiT"}
NAMES = [encoder.name for encoder in CATALOGUE]
PAPERS = {
    *(f"tf_mobilenetv3_{size}_{width}" for size in ("small", "large") for width in ("075", "100")),
    *(f"tf_efficientnet_b{scale}" for scale in range(5)),
    "tf_efficientnet_lite3", "efficientnet_b3", "regnety_008", "regnety_016",
    "tf_efficientnetv2_b0", "inception_v3", "densenet121", "resnet18", "resnet34", "resnet50",
    "vgg16", "vgg16_bn", "vgg19_bn",
}  # fmt: skip


def test_every_encoder_of_the_papers_is_there_once():
    assert len(set(NAMES)) == len(NAMES)
    assert set(NAMES) >= PAPERS
    assert {e.name for e in CATALOGUE if e.source != MODERN} == PAPERS


@pytest.mark.parametrize("encoder", CATALOGUE, ids=NAMES)
def test_weights_are_published_with_a_licence(encoder):
    check_encoder(encoder.name)
    weights = published_weights(encoder.name)
    assert weights is not None
    assert weights.license
    assert "/" in weights.repo
    assert weights.tag
    assert "@" not in weights.repo


def test_weights_come_from_where_the_library_loads_them():
    own = published_weights("efficientnet_b3")
    assert own.repo == "smp-hub/timm-efficientnet-b3.imagenet"
    assert len(own.revision) == 40
    timms = published_weights("mobilenetv4_conv_small")
    assert timms.repo == timm.get_pretrained_cfg("mobilenetv4_conv_small").hf_hub_id
    assert timms.revision is None
    assert timms.tag == "e2400_r224_in1k"
    assert published_weights("mobilenetv3_large_075") is None


FAMILIES = {e.family: e.name for e in reversed(CATALOGUE)
            if e.source == MODERN and e.family not in TRANSFORMERS}  # fmt: skip


@pytest.mark.parametrize("name", FAMILIES.values())
def test_one_of_each_family_goes_into_a_u_net(name):
    config = Config({"model.architecture": "unet", "model.encoder": name})
    with torch.device("meta"), torch.no_grad():
        model = build_model(config, POLYP).eval()
        assert model(torch.zeros(1, 3, 128, 96)).shape == (1, 1, 128, 96)


@pytest.mark.parametrize("encoder", ["resnet18", "efficientnet_b3", "test_vit"])
def test_an_encoders_cost_is_that_of_the_model_it_is_in(encoder):
    architecture = "dpt" if encoder == "test_vit" else "unet"
    config = Config({"model.architecture": architecture, "model.encoder": encoder})
    task = POLYP.replace(channels=2)
    inside = build_model(config, task).encoder
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        inside.eval()(torch.rand(1, 2, 64, 64))
    cost = encoder_cost(encoder, 2, (64, 64))
    assert cost.parameters.value == sum(p.numel() for p in inside.parameters())
    assert cost.macs.value == counter.get_total_flops() / 2
    assert cost.input_shape == (2, 64, 64)


@pytest.mark.parametrize("name", ["nasnetamobile", "nasnet_mobile", "NASNetMobile"])
def test_nasnet_mobile_is_answered_with_what_to_take_instead(name):
    with pytest.raises(BuildError, match=r"(?s)no maintained library has NASNet Mobile") as refused:
        check_encoder(name)
    for word in ("mnasnet_100", "tf_mobilenetv3_large_100"):
        assert word in refused.value.hint
        check_encoder(word)


def test_architectures_name_encoders_of_the_catalogue():
    for row in ARCHITECTURES.values():
        named = [word.strip(",") for word in row.encoders.split() if "_" in word]
        assert set(named) <= set(NAMES), row.title
