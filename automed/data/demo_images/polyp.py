"""Colonoscopy: wet pink mucosa with folds and a lumen; in most frames a polyp of low contrast.

The scene is a height field with a colour: folds and polyps are bumps, lit from the endoscope, so
that shading, highlights and rims come from one light, and a bump alone does not tell a polyp from
a fold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
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
    shade,
)

SIZE = (192, 256)
SEQUENCES = 20
FRAMES = 3
COUNT = SEQUENCES * FRAMES
TABLE = "sequences.csv"
ABOUT = (
    "Frames of 20 made-up colonoscopies: `images/N.png` with `masks/N.png` (white: polyp; six "
    "masks are empty). `sequences.csv` tells which frames belong together."
)

EMPTY = {(2, 1), (5, 0), (9, 2), (12, 0), (15, 1), (18, 2)}
"""(sequence, frame) without a polyp."""


@dataclass(frozen=True)
class _Patient:
    """What the frames of one sequence share."""

    mucosa: NDArray[np.float32]
    polyp: NDArray[np.float32]
    radius: float
    stretch: float
    roughness: float
    bulge: float
    grain: float
    place: NDArray[np.float64]
    lumen: NDArray[np.float64]
    shape_seed: int


def pictures(seed: int) -> Iterator[Picture]:
    """All frames, numbered from 1 through the sequences."""
    for sequence in range(SEQUENCES):
        patient = _patient(np.random.default_rng([seed, sequence]))
        for frame in range(FRAMES):
            rng = np.random.default_rng([seed, sequence, frame])
            pixels, mask = _frame(rng, patient, with_polyp=(sequence, frame) not in EMPTY)
            number = str(sequence * FRAMES + frame + 1)
            row = {"frame": number, "sequence": str(sequence + 1)}
            yield Picture(f"images/{number}.png", pixels, mask, row)


def _patient(rng: np.random.Generator) -> _Patient:
    height, width = SIZE
    mucosa = np.array([0.80, 0.47, 0.40]) * rng.uniform(0.85, 1.12)
    mucosa = mucosa * (1 + rng.normal(0, [0.02, 0.09, 0.12]))
    redder = np.array([1.04, 0.88, 0.88]) ** rng.uniform(-0.7, 1.4)
    lumen_angle = rng.uniform(0, 2 * np.pi)
    centre = np.array([height, width]) / 2
    away = np.array([np.sin(lumen_angle), np.cos(lumen_angle)])
    return _Patient(
        mucosa=mucosa.astype(np.float32),
        polyp=(mucosa * redder).astype(np.float32),
        radius=float(rng.uniform(15, 52)),
        stretch=float(rng.uniform(0.62, 0.95)),
        roughness=float(rng.uniform(0.03, 0.10)),
        bulge=float(rng.uniform(0.25, 0.65)),
        grain=float(rng.uniform(0.3, 1.6)),
        place=centre - away * rng.uniform(0.05, 0.22) * np.array([height, width]),
        lumen=centre + away * rng.uniform(0.15, 0.38) * np.array([height, width]),
        shape_seed=int(rng.integers(2**31)),
    )


def _frame(
    rng: np.random.Generator, patient: _Patient, *, with_polyp: bool
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    drift = rng.normal(0, 9, 2)
    relief, depth = _folds(rng, patient.lumen + drift)
    view = _view(rng)
    if with_polyp:
        level, bump = _polyp(rng, patient, patient.place + 1.5 * drift)
    else:
        level, bump = np.full(SIZE, 9, np.float32), np.zeros(SIZE, np.float32)
    body = inside(level, 0.06)
    relief = relief * (1 - 0.8 * body) + bump
    diffuse, shine = shade(relief, tuple(rng.uniform(-0.5, 0.5, 2)), gloss=70)
    colour = _colours(rng, patient, body)
    light = diffuse**1.4 * depth * _falloff(rng)
    wet = np.clip(clouds(rng, SIZE, 7) * 0.5 + 0.25, 0, 1) * (shine > 0.93)
    glare = cv2.GaussianBlur(wet.astype(np.float32), (0, 0), 0.7) * np.clip(depth * 1.4, 0, 1)
    scene = colour * light[..., None] + 0.95 * glare[..., None]
    _debris(rng, scene, light)
    pixels = camera(rng, scene, blur=float(rng.uniform(0.5, 1.1)), noise=0.014)
    pixels[~view] = rng.integers(0, 8)
    return pixels, (level < 1) & view


def _folds(rng: np.random.Generator, lumen: NDArray[np.float64]) -> tuple[Plane, Plane]:
    """The height of the wall, and how much light comes back: little from the lumen."""
    rows, columns = grid(SIZE)
    warp = 16 * clouds(rng, SIZE, 90, 2)
    distance = np.hypot(rows - lumen[0], (columns - lumen[1]) * 0.85) + warp
    relief = 3.0 * clouds(rng, SIZE, 70, 2) + 0.22 * clouds(rng, SIZE, 12, 2)
    ring = rng.uniform(30, 50)
    while ring < 260:
        wide = rng.uniform(6, 12)
        strength = np.clip(0.6 + 0.6 * clouds(rng, SIZE, 110, 1), 0, 1.6) * rng.uniform(4, 10)
        relief += strength * np.exp(-(((distance - ring) / wide) ** 2))
        ring += rng.uniform(34, 70)
    opening = rng.uniform(18, 34)
    depth = 0.10 + 0.95 / (1 + np.exp(-(distance - opening) / 11))
    return relief.astype(np.float32), depth.astype(np.float32)


def _polyp(
    rng: np.random.Generator, patient: _Patient, place: NDArray[np.float64]
) -> tuple[Plane, Plane]:
    """The outline of the polyp in this frame, and its height."""
    same = np.random.default_rng(patient.shape_seed)  # the shape stays, the view of it changes
    radius = patient.radius * rng.uniform(0.85, 1.15)
    turn = same.uniform(0, np.pi) + rng.normal(0, 0.25)
    level = outline(
        same, SIZE, (float(place[0]), float(place[1])),
        (radius, radius * patient.stretch * rng.uniform(0.93, 1.07)), turn, patient.roughness, 5,
    )  # fmt: skip
    dome = np.clip(1 - (level / 1.1) ** 2, 0, 1) ** 0.75  # the foot reaches beyond the outline
    lobes = 1 + 0.08 * patient.grain * clouds(same, SIZE, radius * 0.6, 2)
    return level, (patient.bulge * radius * dome * lobes).astype(np.float32)


def _colours(rng: np.random.Generator, patient: _Patient, body: Plane) -> NDArray[np.float32]:
    mix = body[..., None]
    colour = patient.mucosa * (1 - mix) + patient.polyp * mix
    colour = colour * (1 + 0.05 * clouds(rng, SIZE, 60, 2)[..., None])
    pits = 0.05 * patient.grain * clouds(rng, SIZE, 3.5, 2) * body
    colour = colour * (1 + pits[..., None])
    vessels = np.exp(-((clouds(rng, SIZE, 46, 3) / 0.05) ** 2)) * (1 - 0.7 * body)
    vessels *= np.clip(clouds(rng, SIZE, 80, 1) * 0.6 + 0.3, 0, 1)
    redden = np.array([0.06, 0.20, 0.16], dtype=np.float32)
    shaded: NDArray[np.float32] = (colour * (1 - vessels[..., None] * redden)).astype(np.float32)
    return shaded


def _falloff(rng: np.random.Generator) -> Plane:
    """Brightest near the middle of the view, darker towards the rim."""
    rows, columns = grid(SIZE)
    row, column = np.array(SIZE) / 2 + rng.normal(0, 14, 2)
    apart = np.hypot((rows - row) / SIZE[0], (columns - column) / SIZE[1])
    return np.asarray(1.28 - 0.95 * apart**1.5, dtype=np.float32)


def _debris(rng: np.random.Generator, scene: NDArray[np.float32], light: Plane) -> None:
    """Remains of food and bubbles, brighter and yellower than the wall."""
    for _ in range(rng.poisson(1.6)):
        size = rng.uniform(1.5, 7)
        window = Window.around(tuple(rng.uniform(0, 0.99, 2) * SIZE), 3 * size, SIZE)
        radii, turn = (size, size * 0.7), rng.uniform(0, np.pi)
        level = outline(rng, window.shape, window.centre, radii, turn, 0.25)
        colour = np.array([0.88, 0.72, 0.28]) * rng.uniform(0.7, 1.05) * light[window.at][..., None]
        cover = (inside(level, 0.12) * rng.uniform(0.6, 0.95))[..., None]
        scene[window.at] = scene[window.at] * (1 - cover) + colour * cover


def _view(rng: np.random.Generator) -> NDArray[np.bool_]:
    """The octagon that an endoscope's screen shows."""
    rows, columns = grid(SIZE)
    down, right = abs(rows - SIZE[0] / 2), abs(columns - SIZE[1] / 2)
    corner = SIZE[0] / 2 + SIZE[1] / 2 - rng.uniform(44, 56)
    return np.asarray(
        (right < SIZE[1] / 2 - 4) & (down < SIZE[0] / 2 - 3) & (down + right < corner)
    )
