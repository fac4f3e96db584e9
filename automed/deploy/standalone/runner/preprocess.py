"""What training did to an image before the model saw it, in NumPy.

Ports of OpenCV's arithmetic, compared with it bit by bit. ``clahe`` and ``denoise`` have no exact
port: they ask for OpenCV, and nothing else does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .refused import RefusedError
from .resize import resize
from .stain import macenko, reinhard

Image = NDArray[np.uint8]
"""Pixels, shape (height, width, channels), 0 to 255."""
Box = tuple[slice, slice]
"""Rows and columns."""

CROP = "crop"
_LUMA = np.array([9798, 19235, 3735], np.int32)
"""Of red, green and blue, in 2^-15: Rec. 601, as OpenCV has it."""
_EDGE_TOLERANCE, _EDGE_SHARE, _LEAST_SIDE = 10, 0.99, 0.25


def prepare(image: Image, preprocess: str, size: tuple[int, int]) -> tuple[Image, Box]:
    """Crop, resize and filter an image as before training.

    Args:
        image: As read.
        preprocess: Steps joined by ``+``, or ``raw``.
        size: Height and width that the model takes.

    Returns:
        uint8, shape (*size, channels), and which part of the image it shows.

    Raises:
        RefusedError: A step is unknown, or needs OpenCV and it is not installed.
    """
    names = [] if preprocess == "raw" else preprocess.split("+")
    whole = (slice(0, image.shape[0]), slice(0, image.shape[1]))
    box = crop_box(image) if CROP in names else whole
    ready = resize(image[box], size)
    for name in names:
        if name != CROP:
            ready = _step(name)(ready)
    return ready, box


def check(preprocess: str) -> None:
    """Refuse steps that cannot be done here.

    Raises:
        RefusedError: A step is unknown, or needs OpenCV and it is not installed.
    """
    for name in preprocess.split("+"):
        if name not in ("raw", CROP):
            _step(name)
        if name in NEED_OPENCV:
            _opencv(name)


def _step(name: str) -> Any:  # noqa: ANN401 - a function from an image to an image
    if name not in STEPS:
        raise RefusedError(f"there is no preprocessing {name!r}; known are {', '.join(STEPS)}")
    return STEPS[name]


def luma(image: Image) -> Image:
    """Rec. 601 grey of RGB, shape (height, width)."""
    sums = image.astype(np.int32) @ _LUMA
    return ((sums + (1 << 14)) >> 15).astype(np.uint8)


def crop_box(image: Image) -> Box:
    """What of an image lies inside empty borders of one colour, each side its own.

    A line is empty where 99 % of it lies within 10 grey levels of its side's first line. Where
    less than a quarter of height or width would remain, nothing is cut.
    """
    whole = (slice(0, image.shape[0]), slice(0, image.shape[1]))
    box, cut = None, whole
    while box != cut:  # without its left border, a row at the top may be empty
        box = cut
        cut = _smaller(image, box)
        if any(_length(c) < _LEAST_SIDE * _length(w) for c, w in zip(cut, whole, strict=True)):
            return whole
    return cut


def _smaller(image: Image, box: Box) -> Box:
    rows, columns = box
    inside = image[box]
    across = inside.swapaxes(0, 1)
    return (
        slice(rows.start + _empty_lines(inside), rows.stop - _empty_lines(inside[::-1])),
        slice(columns.start + _empty_lines(across), columns.stop - _empty_lines(across[::-1])),
    )


def _length(lines: slice) -> int:
    return int(lines.stop - lines.start)


def _empty_lines(lines: Image) -> int:
    colour = np.median(lines[0], axis=0)
    for count, line in enumerate(lines):
        alike = (np.abs(line - colour) <= _EDGE_TOLERANCE).all(axis=1)
        if alike.mean() < _EDGE_SHARE:
            return count
    return len(lines)


def otsu(image: Image) -> Image:
    """What is at or below Otsu's threshold of the grey image, closed by a 5x5 ellipse; else 0."""
    return _kept(image, bright=False)


def otsu_bright(image: Image) -> Image:
    """What is above Otsu's threshold; else as `otsu`."""
    return _kept(image, bright=True)


def _kept(image: Image, *, bright: bool) -> Image:
    channels = image.shape[2]
    grey = luma(image) if channels == 3 else np.rint(image.mean(axis=2)).astype(np.uint8)
    above = grey > _otsu_threshold(grey)
    mask = _closed(above if bright else ~above)
    kept = np.where(mask, grey, 0).astype(np.uint8)
    return np.repeat(kept[..., None], channels, axis=2)


def _otsu_threshold(grey: Image) -> int:
    """The level that parts the histogram with most variance between (Otsu 1979)."""
    shares = np.bincount(grey.ravel(), minlength=256) * (1.0 / grey.size)
    mean = float(np.dot(np.arange(256.0), np.bincount(grey.ravel(), minlength=256))) / grey.size
    below = lower = 0.0
    best, level = 0.0, 0
    least = float(np.finfo(np.float32).eps)
    for value, share in enumerate(map(float, shares)):
        lower *= below
        below += share
        rest = 1.0 - below
        if min(below, rest) < least or max(below, rest) > 1.0 - least:
            continue
        lower = (lower + value * share) / below
        upper = (mean - below * lower) / rest
        variance = below * rest * (lower - upper) * (lower - upper)
        if variance > best:
            best, level = variance, value
    return level


def _closed(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Dilated, then eroded, by OpenCV's 5x5 ellipse; what lies outside does not count."""
    return ~_dilated(~_dilated(mask))


def _dilated(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    height, width = mask.shape
    padded = np.pad(mask, 2)
    inside = [(y, x) for y in (1, 2, 3) for x in range(5)] + [(0, 2), (4, 2)]
    views = [padded[y : y + height, x : x + width] for y, x in inside]
    return np.asarray(np.any(views, axis=0))


def grey_world(image: Image) -> Image:
    """Each colour scaled so that the image is grey on average (Buchsbaum 1980)."""
    means = image.reshape(-1, 3).mean(axis=0, dtype=np.float64)
    gains = means.mean() / np.where(means > 0, means, 1)
    return np.asarray(np.clip(np.rint(image * gains), 0, 255), np.uint8)


def median(image: Image) -> Image:
    """The median of 3x3 pixels in each channel, edges repeated."""
    height, width = image.shape[:2]
    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)), mode="edge")
    views = [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    return np.asarray(np.partition(np.stack(views), 4, axis=0)[4])


def clahe(image: Image) -> Image:
    """OpenCV's contrast-limited equalization, clip limit 2, 8x8 tiles; of L* for colours."""
    cv2 = _opencv("clahe")
    equalizer = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8))
    if image.shape[2] != 3:
        planes = np.moveaxis(image, 2, 0)
        equalized = [equalizer.apply(np.ascontiguousarray(p)) for p in planes]
        return np.stack(equalized, axis=2).astype(np.uint8)
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    lab[..., 0] = equalizer.apply(np.ascontiguousarray(lab[..., 0]))
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8)


def denoise(image: Image) -> Image:
    """OpenCV's non-local means with its defaults; in L*a*b* for colours."""
    cv2 = _opencv("denoise")
    if image.shape[2] == 3:
        return np.asarray(cv2.fastNlMeansDenoisingColored(image), np.uint8)
    planes = np.moveaxis(image, 2, 0)
    clean = [cv2.fastNlMeansDenoising(np.ascontiguousarray(p)) for p in planes]
    return np.stack(clean, axis=2).astype(np.uint8)


def _opencv(step: str) -> Any:  # noqa: ANN401 - a module
    try:
        import cv2
    except ImportError:
        raise RefusedError(
            f"the preprocessing {step!r} needs OpenCV: pip install opencv-python-headless"
        ) from None
    return cv2


STEPS = {
    "otsu": otsu, "otsu_bright": otsu_bright, "clahe": clahe, "grey_world": grey_world,
    "macenko": macenko, "reinhard": reinhard, "denoise": denoise, "median": median,
}  # fmt: skip
"""By name: what is done at the model's input size."""
NEED_OPENCV = ("clahe", "denoise")
