"""Models from configs."""

from __future__ import annotations

import pytest
import torch

from automed.domain.config import Config
from automed.models.architectures import ARCHITECTURES, UNET_CHANNELS
from automed.models.build import BuildError, build_model
from automed.registry.tasks import load_task

POLYP = load_task("polyp")
LEUKEMIA = load_task("leukemia").replace(classes=("a", "b", "c"))
UNET = {"model.architecture": "unet", "model.encoder": "test_resnet", "model.decoder_width": 0.25}
DEEPLAB = {
    "model.architecture": "deeplabv3plus", "model.encoder": "test_resnet",
    "model.decoder_channels": 24, "model.output_stride": 8, "model.atrous_rates": "2/4/6",
}  # fmt: skip


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("values", [UNET, DEEPLAB], ids=["unet", "deeplabv3plus"])
def test_a_segmentation_gives_one_logit_a_pixel(values, channels):
    model = build_model(Config(values), POLYP.replace(channels=channels)).eval()
    assert model(torch.rand(2, channels, 64, 96)).shape == (2, 1, 64, 96)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_classification_gives_a_logit_a_class(channels):
    config = Config({"model.encoder": "test_resnet", "model.dropout": 0.5})
    model = build_model(config, LEUKEMIA.replace(channels=channels)).eval()
    assert model(torch.rand(2, channels, 64, 64)).shape == (2, 3)


def test_dropout_reaches_the_classifier():
    config = Config({"model.encoder": "test_resnet", "model.dropout": 0.5})
    model = build_model(config, LEUKEMIA).train()
    images = torch.rand(4, 3, 64, 64)
    model.apply(lambda m: m.eval() if isinstance(m, torch.nn.BatchNorm2d) else None)
    assert not torch.equal(model(images), model(images))


@pytest.mark.parametrize(
    ("width", "channels"), [(1.0, UNET_CHANNELS), (0.5, (128, 64, 32, 16, 8)),
                            (0.25, (64, 32, 16, 8, 8)), (0.01, (8,) * 5)]
)  # fmt: skip
def test_decoder_width_multiplies_the_u_nets_channels_down_to_eight(width, channels):
    arguments = ARCHITECTURES["unet"].arguments(Config({"model.decoder_width": width}))
    assert arguments == {"decoder_channels": channels}


def test_deeplabs_parameters_reach_the_model():
    model = build_model(Config(DEEPLAB), POLYP)
    dilations = {m.dilation for m in model.decoder.aspp.modules() if hasattr(m, "dilation")}
    assert {(2, 2), (4, 4), (6, 6)} <= dilations
    assert model.encoder.output_stride == 8
    assert model.segmentation_head[0].in_channels == 24


def test_equal_seeds_give_equal_weights():
    def weights():
        torch.manual_seed(3)
        return build_model(Config(UNET), POLYP).state_dict()

    first, second = weights(), weights()
    assert all(torch.equal(first[key], second[key]) for key in first)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"model.architecture": "unet"}, "names no model.encoder"),
        ({**UNET, "model.architecture": "unett"}, r"no architecture 'unett'.*did you mean 'unet'"),
        ({**UNET, "model.output_stride": 8}, r"model.output_stride would have no effect"),
        ({**DEEPLAB, "model.atrous_rates": "12-24-36"}, r"(?s)atrous_rates.*DeepLabV3\+"),
        ({**DEEPLAB, "model.atrous_rates": "12/24"}, r"(?s)three positive rates"),
        ({**DEEPLAB, "model.output_stride": 32}, r"(?s)cannot be used by DeepLabV3\+.*8 or 16"),
        ({**UNET, "model.encoder": "test_vit"}, r"(?s)cannot be built into U-Net.*downsampling"),
    ],
)
def test_what_cannot_be_built_is_said(values, complaint):
    with pytest.raises(BuildError, match=complaint):
        build_model(Config(values), POLYP)


def test_a_classification_refuses_a_segmentations_parameters():
    with pytest.raises(BuildError, match=r"model\.architecture, .* would have no effect"):
        build_model(Config(UNET), LEUKEMIA)


def test_a_classification_needs_its_classes():
    with pytest.raises(BuildError, match="classes of task 'leukemia' are not known"):
        build_model(Config({"model.encoder": "test_resnet"}), load_task("leukemia"))
