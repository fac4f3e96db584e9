"""Single breast cells in fluorescence, three lines from calm to aggressive.

Channels: DNA, actin, tubulin (as red, green, blue). The lines differ in shape and in their actin:
compact with a cortical ring (MCF-10A), wider and ruffled (MCF-7), drawn out with stress fibres
(MDA-MB-231). Brightness varies by plate, over all lines alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from automed.data.demo_images.picture import Picture
from automed.data.demo_images.textures import Plane, camera, clouds, grid, inside, outline

SIZE = (68, 68)
PLATES = 8
CELLS = 15
TABLE = "metadata.csv"
ABOUT = (
    "Crops of made-up breast cells (channels DNA, actin, tubulin) in three class folders. "
    "`metadata.csv` tells the plate and the well of each cell."
)


@dataclass(frozen=True)
class _Line:
    """Means of one cell line; every cell deviates from them."""

    radius: float
    stretch: float
    """Short half axis as a share of the long one."""
    rough: float
    cortex: float
    """Strength of the actin ring below the membrane."""
    fibres: float
    """Strength of stress fibres."""
    neighbours: float
    """Expected number of cells reaching into the crop."""


CLASSES = {
    "MCF-10A": _Line(radius=21, stretch=0.86, rough=0.06, cortex=0.9, fibres=0.15, neighbours=2.2),
    "MCF-7": _Line(radius=25, stretch=0.76, rough=0.16, cortex=0.6, fibres=0.30, neighbours=1.6),
    "MDA-MB-231": _Line(
        radius=31, stretch=0.54, rough=0.14, cortex=0.35, fibres=0.65, neighbours=0.7
    ),
}
COUNT = len(CLASSES) * PLATES * CELLS


def pictures(seed: int) -> Iterator[Picture]:
    """Every plate holds 15 cells of every line."""
    for name, line in CLASSES.items():
        for plate in range(PLATES):
            gains = np.random.default_rng([seed, plate]).uniform(0.9, 1.6, 3)
            for cell in range(CELLS):
                rng = np.random.default_rng([seed, plate, cell, list(CLASSES).index(name)])
                stem = f"{name}_{plate * CELLS + cell + 1:03d}"
                row = {
                    "image": stem,
                    "cell_line": name,
                    "plate": f"plate_{plate + 1}",
                    "well": f"{'BCD'[cell % 3]}{2 + list(CLASSES).index(name):02d}",
                }
                yield Picture(f"{name}/{stem}.png", _crop(rng, line, gains), row=row)


def _crop(rng: np.random.Generator, line: _Line, gains: NDArray[np.float64]) -> NDArray[np.uint8]:
    middle = (SIZE[0] / 2 + rng.normal(0, 1.5), SIZE[1] / 2 + rng.normal(0, 1.5))
    scene = np.zeros((*SIZE, 3), dtype=np.float32)
    for _ in range(rng.poisson(line.neighbours)):
        angle, apart = rng.uniform(0, 2 * np.pi), line.radius * rng.uniform(1.5, 2.1)
        away = (middle[0] + apart * np.sin(angle), middle[1] + apart * np.cos(angle))
        scene = np.maximum(scene, _cell(rng, line, away) * rng.uniform(0.5, 1))
    scene = np.maximum(0.6 * scene, _cell(rng, line, middle))
    scene = scene * gains.astype(np.float32) * rng.uniform(0.7, 1.15) + 0.02
    blur = float(rng.choice([0.8, 1.0, 1.3, 2.0]))
    return camera(rng, scene.astype(np.float32), blur, noise=0.02)


def _cell(
    rng: np.random.Generator, line: _Line, centre: tuple[float, float]
) -> NDArray[np.float32]:
    """One cell, shape (height, width, 3)."""
    turn = rng.uniform(0, np.pi)
    radius = line.radius * rng.uniform(0.82, 1.18)
    stretch = float(np.clip(line.stretch + rng.normal(0, 0.10), 0.35, 1))
    level = outline(rng, SIZE, centre, (radius, radius * stretch), turn, line.rough, 7)
    body = inside(level, 0.05)
    core = 11 * rng.uniform(0.85, 1.2)
    squeeze = core * (0.55 + 0.4 * stretch)
    nucleus = inside(outline(rng, SIZE, centre, (core, squeeze), turn, 0.03, 4), 0.07)
    dna = 0.62 * nucleus * (1 + 0.16 * clouds(rng, SIZE, 4, 2))
    ring = np.exp(-(((level - 0.93) / 0.10) ** 2)) * np.clip(
        1 + 0.4 * clouds(rng, SIZE, 12, 1), 0, 2
    )
    actin = body * (0.18 + line.fibres * 0.8 * _fibres(rng, turn)) + 0.55 * line.cortex * ring
    network = 0.5 + 0.5 * np.abs(clouds(rng, SIZE, 7, 3))
    tubulin = 0.62 * body * network * np.exp(-((level / 0.8) ** 2)) * (1 - 0.45 * nucleus)
    return np.stack([dna, actin * (1 - 0.35 * nucleus), tubulin], axis=-1).astype(np.float32)


def _fibres(rng: np.random.Generator, turn: float) -> Plane:
    """Bundles along the cell, in [0, 1]: noise drawn out in the cell's direction."""
    rows, columns = grid(SIZE)
    along = columns * np.cos(turn) + rows * np.sin(turn)
    across = rows * np.cos(turn) - columns * np.sin(turn) + 1.5 * clouds(rng, SIZE, 30, 1)
    noise = clouds(rng, SIZE, 2.5, 1)
    drawn = cv2.remap(
        noise,
        (across + SIZE[1] / 2).astype(np.float32),
        (0.12 * along + SIZE[0] / 2).astype(np.float32),
        interpolation=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )
    return np.asarray(np.clip(0.35 + 0.5 * drawn, 0, 1), dtype=np.float32)
