"""The U-Net as paper 1 trains it: from scratch, without an encoder of another model.

After Ronneberger, Fischer and Brox, U-Net, MICCAI 2015, with padded convolutions and batch norm.
"""

from __future__ import annotations

import torch
from torch import nn

WIDTHS = (1, 2, 4, 8, 16)
"""Channels of the five levels, in units of the base width."""

MULTIPLE = 16
"""Four poolings halve the image exactly."""


class PlainUnet(nn.Module):
    """Five levels of two 3x3 convolutions, joined by max pooling and transposed convolutions.

    Args:
        in_channels: Of the images.
        classes: Channels of the logits.
        base_width: Channels of the first level; each level below has twice as many.
    """

    def __init__(self, *, in_channels: int = 3, classes: int = 1, base_width: int = 64) -> None:
        super().__init__()
        widths = [base_width * factor for factor in WIDTHS]
        self.down = nn.ModuleList(
            _level(inputs, outputs)
            for inputs, outputs in zip([in_channels, *widths], widths, strict=False)
        )
        self.pool = nn.MaxPool2d(2)
        self.enlarge = nn.ModuleList(
            nn.ConvTranspose2d(width, width // 2, kernel_size=2, stride=2)
            for width in reversed(widths[1:])
        )
        self.up = nn.ModuleList(_level(width, width // 2) for width in reversed(widths[1:]))
        self.head = nn.Conv2d(base_width, classes, kernel_size=1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits (batch, classes, height, width) of images (batch, channels, height, width).

        Height and width must be multiples of 16.
        """
        features = self.down[0](images)
        skips = []
        for level in self.down[1:]:
            skips.append(features)
            features = level(self.pool(features))
        for enlarge, level in zip(self.enlarge, self.up, strict=True):
            features = level(torch.cat([skips.pop(), enlarge(features)], dim=1))
        logits: torch.Tensor = self.head(features)
        return logits


def _level(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel_size=3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(),
        nn.Conv2d(outputs, outputs, kernel_size=3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(),
    )  # fmt: skip
