"""What tissue and cells are drawn from: clouds, outlines, light and the camera."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
"""Values of one channel, shape (height, width)."""


def clouds(
    rng: np.random.Generator, shape: tuple[int, int], cell: float, octaves: int = 3
) -> Plane:
    """Smooth noise of mean 0 and standard deviation 1: value noise (Perlin-like) in octaves.

    Args:
        rng: Where the draws come from.
        shape: Height and width.
        cell: Size of the largest features, in pixels.
        octaves: Each adds features of half the size and half the strength.
    """
    total = np.zeros(shape, dtype=np.float32)
    for octave in range(octaves):
        step = max(cell / 2**octave, 1.0)
        down, across = (_spline(length, step, rng.random()) for length in shape)
        coarse = rng.standard_normal((down.shape[1], across.shape[1])).astype(np.float32)
        total += down @ coarse @ across.T / 2**octave
    return np.asarray((total - total.mean()) / (total.std() + 1e-6), dtype=np.float32)


def _spline(length: int, step: float, offset: float) -> Plane:
    """Weights of cubic B-splines every ``step`` pixels, shape (length, splines)."""
    place = offset + np.arange(length) / step
    cell = place.astype(np.int64)
    t = place - cell
    weights = np.zeros((length, int(cell[-1]) + 4), dtype=np.float32)
    pixels = np.arange(length)
    weights[pixels, cell] = (1 - t) ** 3 / 6
    weights[pixels, cell + 1] = (3 * t**3 - 6 * t**2 + 4) / 6
    weights[pixels, cell + 2] = (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6
    weights[pixels, cell + 3] = t**3 / 6
    return weights


def grid(shape: tuple[int, int]) -> tuple[Plane, Plane]:
    """The row and the column of each pixel."""
    rows, columns = np.indices(shape, dtype=np.float32)
    return rows, columns


@dataclass(frozen=True)
class Window:
    """The part of an image around a place: small things are drawn there, not everywhere.

    Attributes:
        at: Rows and columns of the image.
        shape: Height and width of the window.
        centre: Row and column of the place within the window.
    """

    at: tuple[slice, slice]
    shape: tuple[int, int]
    centre: tuple[float, float]

    @classmethod
    def around(cls, place: tuple[float, float], reach: float, shape: tuple[int, int]) -> Window:
        """Everything within ``reach`` of a place inside an image of ``shape``."""
        starts = [max(0, int(p - reach)) for p in place]
        stops = [min(n, int(p + reach) + 2) for p, n in zip(place, shape, strict=True)]
        return cls(
            at=(slice(starts[0], stops[0]), slice(starts[1], stops[1])),
            shape=(stops[0] - starts[0], stops[1] - starts[1]),
            centre=(place[0] - starts[0], place[1] - starts[1]),
        )


def outline(
    rng: np.random.Generator,
    shape: tuple[int, int],
    centre: tuple[float, float],
    radii: tuple[float, float],
    angle: float,
    roughness: float = 0.0,
    lobes: int = 6,
) -> Plane:
    """Distance from the centre in units of a wobbly ellipse's radius: below 1 lies inside.

    Args:
        rng: Where the wobble comes from.
        shape: Height and width.
        centre: Row and column.
        radii: Half axes, in pixels.
        angle: Turn of the first axis from the columns' direction, in radians.
        roughness: Relative amplitude of the wobble.
        lobes: Highest angular frequency of the wobble.
    """
    rows, columns = grid(shape)
    down, right = rows - np.float32(centre[0]), columns - np.float32(centre[1])
    sine, cosine = np.float32(np.sin(angle)), np.float32(np.cos(angle))
    along = (right * cosine + down * sine) / np.float32(radii[0])
    across = (down * cosine - right * sine) / np.float32(radii[1])
    turns = np.linspace(-np.pi, np.pi, 181)
    wobble = np.ones_like(turns)
    for frequency in range(2, lobes + 1):
        strength = roughness * rng.normal() / np.sqrt(frequency)
        wobble += strength * np.cos(frequency * turns + rng.uniform(0, 2 * np.pi))
    radius = np.interp(np.arctan2(across, along), turns, np.clip(wobble, 0.4, 1.8))
    return np.asarray(np.hypot(along, across) / radius, dtype=np.float32)


def inside(level: Plane, softness: float) -> Plane:
    """1 within an outline, 0 outside, with an edge of relative width ``softness``."""
    return np.asarray(1 / (1 + np.exp(np.clip((level - 1) / softness, -30, 30))), dtype=np.float32)


def shade(height: Plane, light: tuple[float, float], gloss: float) -> tuple[Plane, Plane]:
    """Lambert and Blinn-Phong shading of a height field, seen and lit from above.

    Args:
        height: In pixels.
        light: Tilt of the light, down and right.
        gloss: Exponent of the highlight: higher is smaller.

    Returns:
        The diffuse part (1 where the light falls straight) and the specular part, each in [0, 1].
    """
    down = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3) / 8
    right = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3) / 8
    length = np.sqrt(down**2 + right**2 + 1)

    def facing(tilt: tuple[float, float]) -> Plane:
        size = np.sqrt(tilt[0] ** 2 + tilt[1] ** 2 + 1)
        return np.asarray(np.clip((1 - down * tilt[0] - right * tilt[1]) / length / size, 0, 1))

    half = (light[0] / 2, light[1] / 2)
    return facing(light), facing(half) ** gloss


def camera(
    rng: np.random.Generator, scene: NDArray[np.float32], blur: float, noise: float
) -> NDArray[np.uint8]:
    """What a sensor makes of a scene in [0, 1]: blur, shot and read noise, 8 bits."""
    seen = cv2.GaussianBlur(scene, (0, 0), blur) if blur > 0 else scene
    seen = np.clip(seen, 0, 1)
    grain = rng.standard_normal(seen.shape).astype(np.float32)
    seen = seen + noise * grain * np.sqrt(0.3 + seen)
    return np.asarray(np.clip(seen * 255 + 0.5, 0, 255), dtype=np.uint8)
