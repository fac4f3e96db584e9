"""Nuclei in fluorescence: bright on dark, touching, some dim, some fields out of focus."""

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
)

SIZE = (128, 128)
COUNT = 60
TABLE = None
ABOUT = "Made-up nuclei in fluorescence: `images/NNN.png` (grey) with `masks/NNN.png` (white)."


@dataclass(frozen=True)
class _Field:
    """What the nuclei of one image share."""

    radius: float
    stretch: float
    brightness: float
    spread: float
    grain: float
    defocus: float


def pictures(seed: int) -> Iterator[Picture]:
    """All images, numbered from 001."""
    for number in range(1, COUNT + 1):
        pixels, mask = _image(np.random.default_rng([seed, number]))
        yield Picture(f"images/{number:03d}.png", pixels, mask)


def _image(rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    field = _Field(
        radius=float(rng.uniform(4.5, 11)),
        stretch=float(rng.uniform(0.65, 0.95)),
        brightness=float(rng.choice([0.16, 0.3, 0.5]) * rng.uniform(0.75, 1.25)),
        spread=float(rng.uniform(0.15, 0.45)),
        grain=float(rng.uniform(0.06, 0.25)),
        defocus=float(rng.choice([0.6, 0.8, 1.1, 2.0])),
    )
    light = _background(rng, field)
    mask = np.zeros(SIZE, dtype=bool)
    for place in _places(rng, field):
        window = Window.around(place, 2.2 * field.radius, SIZE)
        level, glow = _nucleus(rng, field, window)
        under = light[window.at]
        light[window.at] = np.maximum(under, glow) + 0.25 * np.minimum(under, glow)
        mask[window.at] |= level < 1
    light = light + 0.10 * cv2.GaussianBlur(light, (0, 0), 9)  # light from other planes
    for _ in range(rng.poisson(2)):
        window = Window.around(tuple(rng.uniform(0, SIZE[0] - 1, 2)), 6, SIZE)
        light[window.at] += _speck(rng, window)
    return camera(rng, light.astype(np.float32), field.defocus, noise=0.016), mask


def _background(rng: np.random.Generator, field: _Field) -> Plane:
    """Uneven illumination and glow of cells far out of focus, which are not annotated."""
    rows, columns = grid(SIZE)
    tilt = rng.normal(0, 0.00022, 2)
    base = rng.uniform(0.015, 0.07) + tilt[0] * rows + tilt[1] * columns
    base += 0.006 * clouds(rng, SIZE, 60, 2)
    for _ in range(rng.poisson(1.2)):
        place = rng.uniform(0, SIZE[0], 2)
        radii = np.full(2, field.radius * rng.uniform(1.2, 2.2))
        blur = outline(rng, SIZE, (place[0], place[1]), (radii[0], radii[1]), 0.0)
        base += field.brightness * rng.uniform(0.12, 0.35) * np.exp(-(blur**2))
    return np.asarray(np.clip(base, 0.005, 1), dtype=np.float32)


def _places(rng: np.random.Generator, field: _Field) -> list[tuple[float, float]]:
    """Centres in loose clusters; neighbours may touch and overlap a little."""
    most = int(rng.uniform(0.08, 0.42) * SIZE[0] * SIZE[1] / (np.pi * field.radius**2))
    hubs = rng.uniform(0, SIZE[0], (max(1, most // 4), 2))
    placed: list[tuple[float, float]] = []
    for _ in range(6 * max(most, 3)):
        if len(placed) >= max(most, 3):
            break
        near = hubs[rng.integers(len(hubs))] + rng.normal(0, 2.6 * field.radius, 2)
        place = near if rng.random() < 0.7 else rng.uniform(0, SIZE[0], 2)
        apart = field.radius * rng.uniform(1.35, 2.1)
        place = np.clip(place, 0, SIZE[0] - 1)
        if all(np.hypot(place[0] - r, place[1] - c) > apart for r, c in placed):
            placed.append((float(place[0]), float(place[1])))
    return placed


def _nucleus(rng: np.random.Generator, field: _Field, window: Window) -> tuple[Plane, Plane]:
    """The outline and the light of one nucleus; one in twenty is a small bright mitosis."""
    dividing = rng.random() < 0.05
    radius = field.radius * (0.55 if dividing else rng.uniform(0.8, 1.2))
    radii = (radius, radius * float(np.clip(field.stretch + rng.normal(0, 0.08), 0.45, 1)))
    turn = rng.uniform(0, np.pi)
    level = outline(rng, window.shape, window.centre, radii, turn, 0.06, 4)
    strength = field.brightness * np.exp(field.spread * rng.normal()) * (2.2 if dividing else 1)
    chromatin = 1 + field.grain * clouds(rng, window.shape, max(radius * 0.7, 3), 2)
    thickness = np.sqrt(np.clip(1.15 - np.minimum(level, 1.07) ** 2, 0, 1))
    glow = strength * inside(level, 0.05) * (0.45 + 0.55 * thickness) * chromatin
    return level, np.clip(glow, 0, 1).astype(np.float32)


def _speck(rng: np.random.Generator, window: Window) -> Plane:
    """A grain of dust: small, bright, not a nucleus."""
    size = rng.uniform(0.8, 1.8)
    apart = outline(rng, window.shape, window.centre, (size, size), 0.0)
    return (rng.uniform(0.15, 0.6) * np.exp(-(apart**2))).astype(np.float32)
