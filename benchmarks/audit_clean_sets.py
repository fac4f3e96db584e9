"""Clean data sets to plant faults into: drawn ones, and copies of real ones."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
from PIL import Image


def read(path: Path) -> Image.Image:
    """An image whose file is closed again."""
    with Image.open(path) as image:
        image.load()
        return image.copy()


def draw(folder: Path, count: int, seed: int = 0, side: int = 96) -> Path:
    """Synthetic cells on uneven ground, all different: what a microscope might see."""
    rng = np.random.default_rng(seed)
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for index in range(count):
        ground = cv2.resize(
            rng.normal(0, 1, (6, 6, 3)), (side, side), interpolation=cv2.INTER_CUBIC
        )
        image = 120 + 22 * ground
        mask = np.zeros((side, side), np.uint8)
        for _ in range(int(rng.integers(4, 12))):
            centre = tuple(int(v) for v in rng.integers(8, side - 8, 2))
            axes = tuple(int(v) for v in rng.integers(4, side // 8, 2))
            colour = tuple(float(v) for v in rng.integers(10, 90, 3))
            angle = float(rng.uniform(0, 180))
            cv2.ellipse(image, centre, axes, angle, 0, 360, colour, -1)
            cv2.ellipse(mask, centre, axes, angle, 0, 360, 255, -1)
        image = np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)
        name = f"cell{rng.integers(10**6):06}x{index}.png"
        Image.fromarray(image).save(folder / "images" / name)
        Image.fromarray(mask).save(folder / "masks" / name)
    return folder


def gather(source: Path, folder: Path, count: int, seed: int = 0) -> Path:
    """Real pairs as PNG: the first ``count`` of ``source/images`` in a random order."""
    rng = np.random.default_rng(seed)
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    images = rng.permutation(sorted((source / "images").iterdir()))[:count]
    for path in images:
        mask = next((source / "masks").glob(f"{path.stem}.*"))
        read(path).convert("RGB").save(folder / "images" / f"{path.stem}.png")
        grey = np.asarray(read(mask).convert("L"))
        Image.fromarray(np.where(grey > 127, 255, 0).astype(np.uint8)).save(
            folder / "masks" / f"{path.stem}.png"
        )
    return folder


def gather_classes(source: Path, folder: Path, count: int, seed: int = 0) -> Path:
    """Real images of several classes: ``count`` of the files in the folders of ``source``."""
    rng = np.random.default_rng(seed)
    files = sorted(p for p in source.glob("*/*") if p.is_file())
    for path in rng.permutation(files)[:count]:
        target = folder / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return folder
