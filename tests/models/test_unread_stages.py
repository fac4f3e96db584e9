"""Stages that no decoder reads are not there, and nobody can tell but by the cost."""

from __future__ import annotations

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from automed.domain.config import Config
from automed.models import build
from automed.models.cost import predict_cost
from automed.models.reached_modules import reached
from automed.models.weights import load_pretrained
from automed.registry.tasks import load_task

POLYP = load_task("polyp").replace(image_size=(64, 64))
SHALLOW = {
    "pspnet, mobilenet": {
        "model.architecture": "pspnet", "model.encoder": "tf_mobilenetv3_small_075",
    },
    "pspnet, efficientnet": {
        "model.architecture": "pspnet", "model.encoder": "tf_efficientnet_b0",
    },
    "u-net of depth 3": {
        "model.architecture": "unet", "model.encoder": "mobilenetv4_conv_small",
        "model.encoder_depth": 3,
    },
}  # fmt: skip


@pytest.mark.parametrize("values", SHALLOW.values(), ids=SHALLOW)
def test_the_answer_is_as_before_and_needs_every_parameter(values, monkeypatch):
    def drawn():
        torch.manual_seed(3)
        return build.build_model(Config(values), POLYP).eval()

    cut = drawn()
    with monkeypatch.context() as patch:
        patch.setattr(build, "drop_unread_stages", lambda model: None)
        whole = drawn()
    image = torch.rand(1, 3, 64, 64)
    assert torch.equal(cut(image), whole(image))
    used, there = reached(cut, image), list(cut.modules())
    assert len(used) == len(there)
    assert sum(p.numel() for p in cut.parameters()) < sum(p.numel() for p in whole.parameters())
    cost = predict_cost(Config(values), POLYP)
    assert cost.parameters.value == sum(p.numel() for p in cut.parameters())


def test_a_deep_decoder_loses_nothing():
    config = Config({"model.architecture": "unet", "model.encoder": "tf_mobilenetv3_small_075"})
    model = build.build_model(config, POLYP)
    assert len(model.encoder.model.blocks) == 6


def test_pretrained_weights_fill_what_is_left(tmp_path):
    path = tmp_path / "tf_mobilenetv3_small_075.safetensors"
    save_file(timm.create_model(path.stem).state_dict(), path)
    published = load_file(path)
    config = Config(SHALLOW["pspnet, mobilenet"])
    model = build.build_model(config, POLYP)
    load_pretrained(model, config, POLYP, str(tmp_path))
    encoder = model.encoder.model.state_dict()
    assert encoder
    assert all(torch.equal(value, published[key]) for key, value in encoder.items())
