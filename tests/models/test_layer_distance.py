"""How far each layer of an encoder lies before the output."""

from __future__ import annotations

import pytest
import timm
import torch
from timm.optim import param_groups_layer_decay

from automed.domain.config import Config
from automed.domain.errors import TrainingError
from automed.models.build import build_model
from automed.models.layer_distance import layer_distances
from automed.models.layers import encoder_in
from automed.registry.tasks import load_task

ENCODERS = (
    "tf_efficientnet_lite3", "tf_mobilenetv3_small_075", "regnety_008", "densenet121", "vgg16_bn",
    "fastvit_t8", "convnext_atto",
)  # fmt: skip


def classifier(name):
    with torch.device("meta"):
        return timm.create_model(name, num_classes=2)


def segmenter(name, **changes):
    config = Config({"model.architecture": "fpn", "model.encoder": name, **changes})
    with torch.device("meta"):
        return build_model(config, load_task("polyp"))


@pytest.mark.parametrize("build", [classifier, segmenter], ids=lambda build: build.__name__)
@pytest.mark.parametrize("name", ENCODERS)
def test_they_fall_by_ones_from_the_first_layer_to_the_last(name, build):
    model = build(name)
    encoder = encoder_in(model)
    distances = layer_distances(model)
    seen = [distances[parameter] for _, parameter in encoder.named_parameters()]
    assert seen == sorted(seen, reverse=True)
    assert set(seen) == set(range(1, max(seen) + 1))
    assert max(seen) >= 5
    assert len(distances) == len(seen)


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "tf_efficientnet_b0", "regnety_008"])
def test_they_are_timms_where_timm_groups_the_whole_encoder(name):
    model = classifier(name)
    distances = layer_distances(model)
    theirs = {}
    for group in param_groups_layer_decay(model, layer_decay=0.5):
        theirs |= dict.fromkeys(group["params"], group["lr_scale"])
    assert {p: 0.5 ** distances.get(p, 0) for p in model.parameters()} == theirs


def test_a_shallower_encoder_ends_where_its_decoder_begins():
    deep, shallow = (
        segmenter("test_resnet", **{"model.architecture": "unet", "model.encoder_depth": depth})
        for depth in (5, 3)
    )
    last = [max(layer_distances(m).values()) for m in (deep, shallow)]
    assert last[1] < last[0]
    assert min(layer_distances(shallow).values()) == 1


def test_an_encoder_that_timm_cannot_group_falls_block_by_block():
    model = classifier("pit_ti_224")  # no group_matcher (timm 1.0)
    distances = layer_distances(model)
    assert not hasattr(model, "group_matcher")
    assert distances[model.pos_embed] == max(distances.values())
    assert distances[model.norm.weight] == 1
    steps = [distances[next(block.parameters())] for block in model.transformers]
    assert steps == sorted(steps, reverse=True)
    assert len(set(steps)) == 3


def test_a_model_without_encoder_has_no_such_layers():
    model = build_model(Config({"model.architecture": "plain_unet"}), load_task("cell"))
    with pytest.raises(TrainingError, match="PlainUnet has no encoder"):
        layer_distances(model)
