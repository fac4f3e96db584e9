"""Encoders worth trying: those of the five papers, and small ones that came since.

Which of them goes into which architecture is not written here: building says it. The matrix of
``benchmarks/compatibility.py`` is in ``docs/architectures-and-encoders.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

import timm

from automed.domain.errors import WeightsError
from automed.models.weights_source import hub_file

MODERN = "modern small"


@dataclass(frozen=True)
class Weights:
    """Published ImageNet weights, as the libraries that load them describe them.

    Attributes:
        repo: On the Hugging Face hub.
        revision: The commit that the library pins; None: it pins none, the newest is taken.
        license: SPDX identifier or name, as timm records it; None: it records none.
    """

    repo: str
    revision: str | None
    license: str | None

    @property
    def tag(self) -> str:
        """The training that they come from, such as ``ra_in1k``."""
        return self.repo.rpartition(".")[2]


@dataclass(frozen=True)
class CuratedEncoder:
    """An encoder worth trying.

    Attributes:
        name: timm's.
        family: As its authors call it.
        source: The paper that uses it, or another of its family; ``baseline``, which everybody
            knows; or `MODERN`.
    """

    name: str
    family: str
    source: str


def published_weights(encoder: str) -> Weights | None:
    """Where an encoder's ImageNet weights lie and what their licence is; None: there are none.

    Raises:
        BuildError: There is no such encoder.
    """
    try:
        file = hub_file(encoder)
    except WeightsError:
        return None
    config = timm.get_pretrained_cfg(encoder)
    return Weights(file.repo, file.revision, getattr(config, "license", None))


CATALOGUE = (
    CuratedEncoder("tf_mobilenetv3_small_075", "MobileNetV3", "paper 2"),
    CuratedEncoder("tf_mobilenetv3_large_075", "MobileNetV3", "paper 2"),
    CuratedEncoder("tf_mobilenetv3_small_100", "MobileNetV3", "paper 2 family"),
    CuratedEncoder("tf_mobilenetv3_large_100", "MobileNetV3", "paper 2 family"),
    CuratedEncoder("tf_efficientnet_lite3", "EfficientNet-Lite", "paper 2"),
    CuratedEncoder("efficientnet_b3", "EfficientNet", "paper 2"),
    CuratedEncoder("regnety_008", "RegNetY", "paper 2"),
    CuratedEncoder("regnety_016", "RegNetY", "paper 2"),
    CuratedEncoder("tf_efficientnet_b4", "EfficientNet", "paper 3"),
    CuratedEncoder("tf_efficientnet_b0", "EfficientNet", "paper 3 family"),
    CuratedEncoder("tf_efficientnet_b1", "EfficientNet", "paper 3 family"),
    CuratedEncoder("tf_efficientnet_b2", "EfficientNet", "paper 3 family"),
    CuratedEncoder("tf_efficientnet_b3", "EfficientNet", "paper 3 family"),
    CuratedEncoder("densenet121", "DenseNet", "paper 4"),
    CuratedEncoder("tf_efficientnetv2_b0", "EfficientNetV2", "paper 5"),
    CuratedEncoder("inception_v3", "Inception", "paper 5"),
    CuratedEncoder("vgg16", "VGG", "paper 5"),
    CuratedEncoder("vgg16_bn", "VGG", "paper 5 family"),
    CuratedEncoder("vgg19_bn", "VGG", "paper 5 family"),
    CuratedEncoder("resnet18", "ResNet", "baseline"),
    CuratedEncoder("resnet34", "ResNet", "baseline"),
    CuratedEncoder("resnet50", "ResNet", "baseline"),
    CuratedEncoder("convnext_atto", "ConvNeXt", MODERN),
    CuratedEncoder("convnext_femto", "ConvNeXt", MODERN),
    CuratedEncoder("convnext_zepto_rms", "ConvNeXt", MODERN),
    CuratedEncoder("deit_tiny_patch16_224", "DeiT", MODERN),
    CuratedEncoder("edgenext_xx_small", "EdgeNeXt", MODERN),
    CuratedEncoder("efficientvit_b0", "EfficientViT", MODERN),
    CuratedEncoder("efficientvit_b1", "EfficientViT", MODERN),
    CuratedEncoder("fasternet_t0", "FasterNet", MODERN),
    CuratedEncoder("fastvit_t8", "FastViT", MODERN),
    CuratedEncoder("ghostnet_100", "GhostNet", MODERN),
    CuratedEncoder("ghostnetv2_100", "GhostNetV2", MODERN),
    CuratedEncoder("ghostnetv3_100", "GhostNetV3", MODERN),
    CuratedEncoder("hgnetv2_b0", "HGNetV2", MODERN),
    CuratedEncoder("inception_next_atto", "InceptionNeXt", MODERN),
    CuratedEncoder("lcnet_050", "PP-LCNet", MODERN),
    CuratedEncoder("lcnet_075", "PP-LCNet", MODERN),
    CuratedEncoder("lcnet_100", "PP-LCNet", MODERN),
    CuratedEncoder("mnasnet_100", "MnasNet", MODERN),
    CuratedEncoder("mobilenetv2_100", "MobileNetV2", MODERN),
    CuratedEncoder("mobilenetv3_small_050", "MobileNetV3", MODERN),
    CuratedEncoder("mobilenetv4_conv_small_050", "MobileNetV4", MODERN),
    CuratedEncoder("mobilenetv4_conv_small", "MobileNetV4", MODERN),
    CuratedEncoder("mobilenetv4_conv_medium", "MobileNetV4", MODERN),
    CuratedEncoder("mobileone_s0", "MobileOne", MODERN),
    CuratedEncoder("mobileone_s1", "MobileOne", MODERN),
    CuratedEncoder("regnety_002", "RegNetY", MODERN),
    CuratedEncoder("regnety_004", "RegNetY", MODERN),
    CuratedEncoder("repvit_m0_9", "RepViT", MODERN),
    CuratedEncoder("starnet_s1", "StarNet", MODERN),
    CuratedEncoder("starnet_s2", "StarNet", MODERN),
    CuratedEncoder("swiftformer_xs", "SwiftFormer", MODERN),
    CuratedEncoder("tf_efficientnet_lite0", "EfficientNet-Lite", MODERN),
    CuratedEncoder("tinynet_a", "TinyNet", MODERN),
    CuratedEncoder("tinynet_c", "TinyNet", MODERN),
    CuratedEncoder("tinynet_e", "TinyNet", MODERN),
    CuratedEncoder("vit_tiny_patch16_224", "ViT", MODERN),
)
