"""Stages of an encoder that no decoder asks for."""

from __future__ import annotations

from torch import nn


def drop_unread_stages(model: nn.Module) -> None:
    """Take out the stages after the last one that is read.

    timm cuts most of its feature extractors behind the deepest feature that is asked for, but not
    those of the EfficientNet and MobileNet families: PSPNet over efficientnet_b3 would train, and
    run, nineteen parameters for each one that its answer depends on.

    Args:
        model: May hold such extractors anywhere; is changed.
    """
    from timm.models.efficientnet import EfficientNetFeatures
    from timm.models.mobilenetv3 import MobileNetV3Features

    extractors = (EfficientNetFeatures, MobileNetV3Features)
    for module in model.modules():
        # Hooks could read from inside a later stage; smp asks for none.
        if isinstance(module, extractors) and module.feature_hooks is None:
            stages = max(module._stage_out_idx)  # stage 0 is the stem
            module.blocks = module.blocks[:stages]
