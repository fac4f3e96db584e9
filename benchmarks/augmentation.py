"""Our augmentation of whole batches beside torchvision's transforms, sample by sample, on the CPU.

Run: ``python benchmarks/augmentation.py [--threads N]``. Both vary the same images by the same
list, in turns, and the ratio of their medians is printed. torchvision's is what a ``DataLoader``'s
worker does: ``transforms.v2`` called on each sample.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import kornia
import torch
import torchvision
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2

from automed.data.augment import Augmenter
from automed.domain.augment import Augment

RUNS = 9
SIZES = ((8, 3, 288, 384), (64, 3, 224, 224))
FLIPS = [v2.RandomHorizontalFlip(0.3), v2.RandomVerticalFlip(0.3)]
BILINEAR = v2.InterpolationMode.BILINEAR


def affine(shear: float | None = None) -> v2.Transform:
    return v2.RandomAffine(
        15, translate=(0.1, 0.1), scale=(0.9, 1.1), shear=shear, interpolation=BILINEAR
    )


class CoarseDropout(v2.Transform):
    """torchvision has none: ``RandomErasing`` makes one hole; so eight, as a user would write."""

    def __init__(self, chance: float, holes: int = 8, side: int = 10) -> None:
        super().__init__()
        self.chance, self.holes, self.side = chance, holes, side

    def forward(self, *inputs: Any) -> Any:  # noqa: ANN401, D102 - as the base class
        if torch.rand(()) >= self.chance:
            return inputs if len(inputs) > 1 else inputs[0]
        image = inputs[0].clone()
        for _ in range(self.holes):
            high, wide = torch.randint(1, self.side + 1, (2,)).tolist()
            top = int(torch.randint(image.shape[-2] - high + 1, ()))
            left = int(torch.randint(image.shape[-1] - wide + 1, ()))
            image[:, top : top + high, left : left + wide] = 0
        return (image, *inputs[1:]) if len(inputs) > 1 else image


class OnImage(v2.Transform):
    """A transform for the first input and, with a chance, for it alone."""

    def __init__(self, inner: v2.Transform, chance: float = 1.0) -> None:
        super().__init__()
        self.inner, self.chance = inner, chance

    def forward(self, *inputs: Any) -> Any:  # noqa: ANN401, D102 - as the base class
        image = self.inner(inputs[0]) if torch.rand(()) < self.chance else inputs[0]
        return (image, *inputs[1:]) if len(inputs) > 1 else image


LISTS: dict[str, tuple[Augment, list[v2.Transform]]] = {
    "paper 2": (
        Augment(
            horizontal_flip=0.3, vertical_flip=0.3, gauss_noise=0.3, gauss_noise_std_min=0.02,
            gauss_noise_std=0.02, coarse_dropout=0.2,
        ),
        [*FLIPS, OnImage(v2.GaussianNoise(sigma=0.02), 0.3), CoarseDropout(0.2)],
    ),
    "paper 3": (
        Augment(horizontal_flip=0.3, vertical_flip=0.3, rotation=15, shift=0.1, zoom=0.1),
        [*FLIPS, affine()],
    ),
    "colours": (
        Augment(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.05),
        [OnImage(v2.ColorJitter(0.2, 0.2, 0.2, 0.05))],
    ),
    "blur": (
        Augment(blur=0.3, blur_sigma=2.0),
        [OnImage(v2.GaussianBlur(13, (0.1, 2.0)), 0.3)],
    ),
    "elastic": (
        Augment(horizontal_flip=0.3, vertical_flip=0.3, rotation=15, shift=0.1, elastic=0.03),
        [
            *FLIPS,
            v2.RandomAffine(15, translate=(0.1, 0.1), interpolation=BILINEAR),
            v2.ElasticTransform(50.0, 5.0, interpolation=BILINEAR),
        ],
    ),
}  # fmt: skip


def batch(shape: tuple[int, ...]) -> tuple[Tensor, Tensor | None]:
    """Images, and masks for the segmentation size, as a training hands them over."""
    images = torch.rand(shape).contiguous(memory_format=torch.channels_last)
    masks = (torch.rand(shape[0], 1, *shape[2:]) > 0.5).float() if shape[0] == 8 else None
    return images, masks


def sample_by_sample(transform: v2.Transform, images: Tensor, masks: Tensor | None) -> None:
    if masks is None:
        torch.stack([transform(tv_tensors.Image(image.contiguous())) for image in images])
        return
    pairs = [
        transform(tv_tensors.Image(image.contiguous()), tv_tensors.Mask(mask))
        for image, mask in zip(images, masks, strict=True)
    ]
    torch.stack([image for image, _ in pairs])
    torch.stack([mask for _, mask in pairs])


def seconds(call: Callable[..., object], *given: object) -> float:
    begun = time.perf_counter()
    call(*given)
    return time.perf_counter() - begun


def medians(
    augment: Augment, transforms: list[v2.Transform], images: Tensor, masks: Tensor | None
) -> tuple[float, float]:
    """Seconds of ours and of torchvision's, in turns, so that a busy machine slows both alike."""
    ours, theirs = Augmenter(augment, 0), v2.Compose(transforms)
    spent = [
        (seconds(ours, images, masks), seconds(sample_by_sample, theirs, images, masks))
        for _ in range(RUNS + 1)
    ][1:]  # the first loads and allocates
    mine, other = zip(*spent, strict=True)
    return statistics.median(mine), statistics.median(other)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    torch.set_num_threads(parser.parse_args().threads)
    print(
        f"{platform.machine()}, {torch.get_num_threads()} threads, Python "
        f"{platform.python_version()}, torch {torch.__version__}, torchvision "
        f"{torchvision.__version__}, kornia {kornia.__version__}, {RUNS} runs each"
    )
    for shape in SIZES:
        images, masks = batch(shape)
        size = "x".join(map(str, shape)) + ("" if masks is None else " + masks")
        for name, (augment, transforms) in LISTS.items():
            mine, other = medians(augment, transforms, images, masks)
            print(
                f"{size:24s} {name:8s} {mine * 1000:7.1f} ms against {other * 1000:7.1f} ms: "
                f"{mine / other:5.2f}x"
            )


if __name__ == "__main__":
    main()
