"""Blood smears: pale red cells, and purple-stained blasts whose nuclei tell the class.

Light is absorbed: each cell adds optical density to the field, as stain does on a slide. The
classes differ in the blasts' size, in how much of the cell the nucleus fills, its outline and its
grain; stain and illumination vary by patient, over all classes alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automed.data.demo_images.picture import Picture
from automed.data.demo_images.textures import (
    Plane,
    Window,
    camera,
    clouds,
    grid,
    inside,
    outline,
)

SIZE = (128, 128)
PATIENTS = 10
IMAGES = 3
TABLE = "patients.csv"
ABOUT = (
    "Fields of made-up blood smears in four class folders. `patients.csv` tells the patient of "
    "each image."
)


@dataclass(frozen=True)
class _Blast:
    """Means of one class; every patient and every cell deviates from them."""

    radius: float
    """Of the cell, in pixels."""
    filled: float
    """Radius of the nucleus as a share of the cell's."""
    rough: float
    grain: float
    coarse: float
    """Size of the chromatin's clumps, in pixels."""
    nucleoli: float
    """Expected number."""


CLASSES = {
    "Benign": _Blast(radius=7.2, filled=0.93, rough=0.03, grain=0.10, coarse=5.0, nucleoli=0.0),
    "Early": _Blast(radius=9.4, filled=0.85, rough=0.05, grain=0.24, coarse=3.5, nucleoli=0.4),
    "Pre": _Blast(radius=11.4, filled=0.75, rough=0.09, grain=0.30, coarse=2.5, nucleoli=1.2),
    "Pro": _Blast(radius=13.6, filled=0.66, rough=0.14, grain=0.18, coarse=2.0, nucleoli=2.2),
}
COUNT = len(CLASSES) * PATIENTS * IMAGES

PURPLE = np.array([0.50, 0.82, 0.16])
LILAC = np.array([0.26, 0.34, 0.08])
RED_CELL = np.array([0.20, 0.30, 0.17])


@dataclass(frozen=True)
class _Slide:
    """What the images of one patient share."""

    blast: _Blast
    plasma: NDArray[np.float64]
    purple: NDArray[np.float64]
    lilac: NDArray[np.float64]
    red_cell: NDArray[np.float64]
    crowd: float
    red_radius: float


def pictures(seed: int) -> Iterator[Picture]:
    """Three images of each patient, ten patients of each class."""
    patient = 0
    for name, blast in CLASSES.items():
        number = 0
        for _ in range(PATIENTS):
            patient += 1
            slide = _slide(np.random.default_rng([seed, patient]), blast)
            for image in range(IMAGES):
                number += 1
                stem = f"{name}-{number:03d}"
                pixels = _smear(np.random.default_rng([seed, patient, image]), slide)
                row = {"image": stem, "patient": f"P{patient:02d}"}
                yield Picture(f"{name}/{stem}.png", pixels, row=row)


def _slide(rng: np.random.Generator, blast: _Blast) -> _Slide:
    def stain(colour: NDArray[np.float64]) -> NDArray[np.float64]:
        return colour * rng.uniform(0.75, 1.2) * (1 + rng.normal(0, 0.08, 3))

    own = _Blast(
        radius=blast.radius * float(rng.uniform(0.9, 1.1)),
        filled=float(np.clip(blast.filled + rng.normal(0, 0.03), 0.6, 0.95)),
        rough=blast.rough * float(rng.uniform(0.7, 1.4)),
        grain=blast.grain * float(rng.uniform(0.75, 1.3)),
        coarse=blast.coarse * float(rng.uniform(0.85, 1.2)),
        nucleoli=blast.nucleoli,
    )
    return _Slide(
        blast=own,
        plasma=np.array([0.95, 0.91, 0.92]) * (1 + rng.normal(0, [0.02, 0.03, 0.04])),
        purple=stain(PURPLE),
        lilac=stain(LILAC),
        red_cell=stain(RED_CELL) * (1 + rng.normal(0, [0.35, 0.1, 0.15])),
        crowd=float(rng.uniform(0.25, 0.6)),
        red_radius=float(rng.uniform(6.2, 8.2)),
    )


def _smear(rng: np.random.Generator, slide: _Slide) -> NDArray[np.uint8]:
    density = np.zeros((*SIZE, 3), dtype=np.float64)
    blasts = _scattered(rng, int(rng.integers(2, 6)), 1.7 * slide.blast.radius, [], margin=6)
    many = int(slide.crowd * SIZE[0] * SIZE[1] / (np.pi * slide.red_radius**2))
    for place in _scattered(rng, many, 1.55 * slide.red_radius, blasts):
        _red_cell(rng, density, slide, place)
    for place in blasts:
        _blast(rng, density, slide, place)
    for _ in range(rng.poisson(1.5)):
        _platelet(rng, density, slide)
    rows, columns = grid(SIZE)
    tilt = rng.normal(0, 0.0007, 2)
    lamp = 1 + tilt[0] * (rows - SIZE[0] / 2) + tilt[1] * (columns - SIZE[1] / 2)
    lamp = lamp * (1 + 0.008 * clouds(rng, SIZE, 40, 3))
    scene = slide.plasma * np.exp(-density) * lamp[..., None]
    return camera(rng, scene.astype(np.float32), blur=float(rng.uniform(0.5, 1.0)), noise=0.012)


def _scattered(
    rng: np.random.Generator,
    count: int,
    apart: float,
    taken: list[tuple[float, float]],
    margin: float = 0,
) -> list[tuple[float, float]]:
    """Up to ``count`` places that keep mostly clear of each other and of those taken."""
    placed: list[tuple[float, float]] = []
    for _ in range(8 * count):
        row, column = rng.uniform(margin, SIZE[0] - 1 - margin, 2)
        gap = apart * rng.uniform(0.75, 1.15)
        if all(np.hypot(row - r, column - c) > gap for r, c in [*placed, *taken]):
            placed.append((float(row), float(column)))
        if len(placed) == count:
            break
    return placed


def _red_cell(
    rng: np.random.Generator,
    density: NDArray[np.float64],
    slide: _Slide,
    place: tuple[float, float],
) -> None:
    """A disc that is thinner in the middle."""
    window = Window.around(place, 2 * slide.red_radius, SIZE)
    radius = slide.red_radius * rng.uniform(0.88, 1.12)
    radii, turn = (radius, radius * rng.uniform(0.82, 1)), rng.uniform(0, np.pi)
    level = outline(rng, window.shape, window.centre, radii, turn, 0.04, 4)
    pallor = rng.uniform(0.35, 0.8) * np.exp(-((level / 0.5) ** 2))
    body = inside(level, 0.06) * (1 - pallor)
    density[window.at] += slide.red_cell * rng.uniform(0.8, 1.15) * body[..., None]


def _blast(
    rng: np.random.Generator,
    density: NDArray[np.float64],
    slide: _Slide,
    place: tuple[float, float],
) -> None:
    """A nucleus with clumps and pale nucleoli, off the centre of a thin blue cytoplasm."""
    kind = slide.blast
    window = Window.around(place, 2 * kind.radius, SIZE)
    radius = kind.radius * rng.uniform(0.86, 1.16)
    turn = rng.uniform(0, np.pi)
    cell = outline(
        rng, window.shape, window.centre, (radius, radius * rng.uniform(0.86, 1)), turn, 0.05, 5
    )
    core = radius * float(np.clip(kind.filled * rng.normal(1, 0.04), 0.5, 0.96))
    slack = 0.6 * (radius - core)
    centre = (
        window.centre[0] + rng.uniform(-slack, slack),
        window.centre[1] + rng.uniform(-slack, slack),
    )
    radii = (core, core * rng.uniform(0.84, 1))
    nucleus = outline(rng, window.shape, centre, radii, turn, kind.rough, 5)
    chromatin = 1 + kind.grain * clouds(rng, window.shape, kind.coarse * 1.2, 2)
    for _ in range(rng.poisson(kind.nucleoli)):
        spot = (centre[0] + rng.normal(0, 0.35 * core), centre[1] + rng.normal(0, 0.35 * core))
        pale = outline(rng, window.shape, spot, (0.2 * core, 0.17 * core), 0.0)
        chromatin = chromatin - 0.35 * np.exp(-(pale**2))
    covered = np.maximum(inside(cell, 0.05), inside(nucleus, 0.05))[..., None]
    stained: Plane = inside(nucleus, 0.05) * np.clip(chromatin, 0.3, 1.8)
    own = slide.lilac * covered + slide.purple * rng.uniform(0.9, 1.1) * stained[..., None]
    density[window.at] = density[window.at] * (1 - covered) + own  # blasts lie over red cells


def _platelet(rng: np.random.Generator, density: NDArray[np.float64], slide: _Slide) -> None:
    size = rng.uniform(1.0, 2.2)
    window = Window.around(tuple(rng.uniform(0, SIZE[0] - 1, 2)), 4 * size, SIZE)
    level = outline(rng, window.shape, window.centre, (size, size * 0.8), 0.0, 0.15)
    density[window.at] += slide.purple * rng.uniform(0.3, 0.7) * inside(level, 0.15)[..., None]
