"""Which part of an encoder is frozen."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import pytest
import timm
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from automed.domain.config import Config
from automed.domain.errors import TrainingError
from automed.models.build import build_model
from automed.models.freeze import frozen, frozen_part
from automed.models.layers import encoder_in
from automed.registry.tasks import load_task

# The papers' Keras models counted in Keras; their blocks by timm's names, with parameters.
PAPERS = json.loads((Path(__file__).parent / "freeze_points.json").read_text(encoding="utf-8"))

# Built by smp itself, and as timm's feature extractors: as they are, and with flattened sequences.
WRAPPED = (
    "tf_efficientnet_lite3", "tf_mobilenetv3_small_075", "regnety_008", "densenet121",
    "repvit_m0_9", "convnext_atto",
)  # fmt: skip

HEADS = ("tf_efficientnet_b0", "densenet121", "repvit_m0_9", "convnext_atto", "efficientvit_b0",
         "vgg16_bn", "test_vit", "regnety_008")  # fmt: skip


def classifier(name, classes=3, **arguments):
    with torch.device("meta"):
        return timm.create_model(name, num_classes=classes, **arguments)


@functools.cache
def segmenter(name, architecture="unet"):
    config = Config({"model.architecture": architecture, "model.encoder": name})
    task = load_task("polyp").replace(image_size=(32, 32))
    with torch.device("meta"):
        return build_model(config, task)


def trained(model, freeze):
    with frozen(model, freeze):
        return sum(p.numel() for p in model.parameters() if p.requires_grad)


@pytest.mark.parametrize("paper", PAPERS, ids=lambda row: row["encoder"])
def test_the_papers_train_as_many_parameters(paper):
    model = classifier(paper["encoder"], paper["classes"])
    assert trained(model, "none") == paper["parameters"]
    assert trained(model, "all") == paper["head"]
    assert trained(model, paper["freeze"]) == paper["trained"]


def test_the_numbers_are_those_of_the_documentation():
    assert [(row["head"], row["trained"]) for row in PAPERS] == [(7172, 7158336), (3843, 2863603)]
    for row in PAPERS:
        assert f"``{row['freeze']}``" in frozen_part.__doc__
        assert f"{row['trained']:,}" in frozen_part.__doc__


@pytest.mark.parametrize("paper", PAPERS, ids=lambda row: row["encoder"])
def test_every_block_freezes_as_many_as_keras_counts(paper):
    model = classifier(paper["encoder"], paper["classes"])
    left = paper["parameters"]
    for block, parameters in paper["blocks"]:
        left -= parameters
        assert trained(model, block) == left
    assert left == paper["head"]


def names_of(encoder, part):
    chosen = {id(p) for p in part.parameters}
    return [name for name, parameter in encoder.named_parameters() if id(parameter) in chosen]


@pytest.mark.parametrize("name", WRAPPED)
def test_a_point_means_the_same_in_a_classifier_and_in_a_segmentation(name):
    models = classifier(name), segmenter(name)
    encoders = [encoder_in(model) for model in models]
    shared = [b for b in encoders[1].blocks if b in encoders[0].blocks]
    assert len(shared) >= 5
    for block in (shared[0], shared[len(shared) // 2], shared[-1]):
        first, second = (
            names_of(encoder, frozen_part(model, block))
            for encoder, model in zip(encoders, models, strict=True)
        )
        assert first == second
        assert any(parameter.startswith(f"{block}.") for parameter in first)


@pytest.mark.parametrize("name", WRAPPED)
def test_all_of_a_segmentations_encoder_is_frozen_and_nothing_else(name):
    model = segmenter(name)
    part = frozen_part(model, "all")
    assert {id(p) for p in part.parameters} == {id(p) for p in model.encoder.parameters()}
    model.eval()
    part.train(model)
    inactive = {id(m) for m in model.modules() if not m.training}
    encoder = encoder_in(model)
    assert inactive == {id(m) for m in encoder.modules.values()}
    assert all(m.training for m in model.decoder.modules())


@pytest.mark.parametrize("name", HEADS)
def test_dropout_before_a_classifier_stays_and_inside_its_encoder_does_not(name):
    model = classifier(name, drop_rate=0.4)
    prefixes = ("drop_rate", "head_drop", "head.drop", "head.classifier", "head.head_drop")
    part = frozen_part(model, "all")
    part.train(model)
    active = {n for n, m in model.named_modules() if isinstance(m, nn.Dropout) and m.training}
    assert all(n.startswith(prefixes) for n in active)
    # Some models drop in a function, by their own mode.
    assert active or model.training
    inside = classifier(name, drop_rate=0.4)
    blocks = encoder_in(inside).blocks
    frozen_part(inside, blocks[2]).train(inside)
    assert not any(m.training for m in inside.get_submodule(blocks[2]).modules())
    assert all(m.training for m in inside.get_submodule(blocks[3]).modules())


@settings(max_examples=20, deadline=None)
@given(st.floats(0, 1), st.floats(0, 1))
def test_a_share_freezes_so_many_layers_from_the_first_on(one, other):
    model = RESNET
    encoder = encoder_in(model)
    counts = []
    for share in sorted((one, other)):
        part = frozen_part(model, str(share))
        layers = {name.rpartition(".")[0] for name in names_of(encoder, part)}
        assert layers == set(encoder.layers[: len(layers)])
        assert len(layers) == round(share * len(encoder.layers))
        counts.append(len(layers))
    assert counts == sorted(counts)


RESNET = classifier("test_resnet")


def test_nothing_and_everything_are_shares_too():
    assert frozen_part(RESNET, "0").parameters == frozen_part(RESNET, "none").parameters == ()
    everything, whole = frozen_part(RESNET, "1.0"), frozen_part(RESNET, "all")
    assert [id(p) for p in everything.parameters] == [id(p) for p in whole.parameters]


def test_a_layer_may_end_the_frozen_part_inside_a_block():
    model = classifier("tf_efficientnet_b0", drop_path_rate=0.2)
    part = frozen_part(model, "blocks.2.1.conv_pw")
    part.train(model)
    block = model.blocks[2][1]
    assert (block.conv_pw.training, block.bn1.training, block.training) == (False, True, True)
    assert not model.blocks[2][0].drop_path.training
    assert block.drop_path.training


def test_the_tokens_of_a_transformer_are_its_first_layer():
    model = segmenter("test_vit", "dpt")
    encoder = encoder_in(model)
    assert encoder.layers[0] == ""
    assert {"cls_token", "pos_embed"} <= set(names_of(encoder, frozen_part(model, "patch_embed")))


def test_parameters_get_their_gradients_back():
    model = classifier("test_resnet")
    model.bn1.weight.requires_grad_(False)  # as fixed position embeddings are

    def fails():
        with frozen(model, "all"):
            assert not model.layer1[0].conv1.weight.requires_grad
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert [n for n, p in model.named_parameters() if not p.requires_grad] == ["bn1.weight"]


@pytest.mark.parametrize(
    ("freeze", "complaint"),
    [
        ("blocks.4", r"(?s)'blocks\.4': the encoder has no such layer.*conv1.*layer1\.0, layer2"),
        ("layer9", "did you mean 'layer"),
        ("fc", "no such layer"),
        ("", "no such layer"),
        ("1.5", "(?s)no share of an encoder's layers.*from 0 to 1"),
        ("-0.5", "no share"),
        ("nan", "no share"),
    ],
)
def test_a_point_that_is_not_there_is_answered_with_those_that_are(freeze, complaint):
    with pytest.raises(TrainingError, match=complaint):
        frozen_part(RESNET, freeze)


def test_a_model_without_encoder_has_nothing_to_freeze():
    config = Config({"model.architecture": "plain_unet", "model.base_width": 2})
    model = build_model(config, load_task("cell"))
    assert frozen_part(model, "none").parameters == ()
    with pytest.raises(TrainingError, match="PlainUnet has no encoder"):
        frozen_part(model, "all")
