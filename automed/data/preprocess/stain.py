"""Stain normalization of haematoxylin and eosin images, by torchstain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torchstain.numpy.normalizers import NumpyMacenkoNormalizer, NumpyReinhardNormalizer
from torchstain.numpy.utils.rgb2lab import rgb2lab

_LIGHT = 240
"""Transmitted light that torchstain takes for white."""
_LEAST_DENSITY = 0.15
"""Optical density below which torchstain takes a pixel for background."""
_LEAST_TISSUE = 0.02
"""Below, the 99th percentile that Macenko scales by would lie in the background."""
_LEAST_SPREAD = 1e-4
"""Variance of optical density across the main stain; rounding to 8 bits alone gives 1e-5."""

_REINHARD_MEANS = np.array([65.22132, 28.934267, -14.142519])
_REINHARD_STDS = np.array([15.800227, 9.263783, 6.0213304])
_LEAST_COLOUR_STD = 0.5
"""On the scales of CIE L*a*b*; below, a channel holds little but rounding."""


def macenko(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Bring the two stains of an image to reference stains and amounts.

    Macenko et al., "A method for normalizing histology slides for quantitative analysis", ISBI
    2009, as torchstain implements it. The reference is that of the authors' implementation, as
    torchstain ships it (``HERef``, ``maxCRef``): haematoxylin (.5626, .7201, .4062) and eosin
    (.2159, .8012, .5581) in optical density, 99th percentiles 1.9705 and 1.0308.

    An image without two stains to be told apart comes back unchanged: where less than 2 % of the
    pixels are stained (blank glass), or all stained pixels have one hue (a single colour, grey).
    So it is for tissue that fills the picture. Of blood smears, mostly bright plasma, it would
    change some and not others, and teach the difference: take `reinhard` there.

    Args:
        image: Shape (height, width, 3), RGB, 0 to 255.
    """
    if not _has_two_stains(image):
        return image
    normalized, _, _ = NumpyMacenkoNormalizer().normalize(
        image, Io=_LIGHT, beta=_LEAST_DENSITY, stains=False
    )
    return np.asarray(normalized, dtype=np.uint8)


def reinhard(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Bring mean and standard deviation of each channel in CIE L*a*b* to reference values.

    Reinhard et al., "Color transfer between images", IEEE CG&A 21 (2001), as torchstain implements
    it. The reference is slideflow's preset "v3", an average over about 50,000 tiles of some 450
    slides of TCGA: means 65.2, 28.9, -14.1 and standard deviations 15.8, 9.3, 6.0.

    An image in which L, a or b hardly varies (a single colour, grey, blank glass) comes back
    unchanged: stretched to the reference, its rounding errors would become colours.

    Args:
        image: Shape (height, width, 3), RGB, 0 to 255.
    """
    if not _has_colours(image):
        return image
    normalizer = NumpyReinhardNormalizer()
    normalizer.target_means, normalizer.target_stds = _REINHARD_MEANS, _REINHARD_STDS
    return np.asarray(normalizer.normalize(image), dtype=np.uint8)


def _has_two_stains(image: NDArray[np.uint8]) -> bool:
    density = -np.log((image.reshape(-1, 3).astype(float) + 1) / _LIGHT)
    stained = density[(density >= _LEAST_DENSITY).all(axis=1)]
    if len(stained) < max(_LEAST_TISSUE * len(density), 2):
        return False
    across = np.linalg.eigvalsh(np.cov(stained.T))[1]
    return bool(across >= _LEAST_SPREAD)


def _has_colours(image: NDArray[np.uint8]) -> bool:
    lab = rgb2lab(image.astype(np.float32) / 255).reshape(-1, 3)
    spread = lab.std(axis=0, dtype=np.float64) / (2.55, 1, 1)
    return bool(spread.min() >= _LEAST_COLOUR_STD)
