"""Stain normalization of haematoxylin and eosin images, in NumPy.

The arithmetic is that of torchstain 1.4 (Copyright (c) 2020 EIDOSlab, MIT licence), whose Macenko
is adapted from https://github.com/schaugf/HEnorm_python and whose Reinhard from HistomicsTK and
StainTools; its colour conversion is scikit-image's. Which images are left alone is automed's rule.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

_LIGHT, _LEAST_DENSITY = 240, 0.15
_LEAST_TISSUE, _LEAST_SPREAD = 0.02, 1e-4
_STAINS = np.array([[0.5626, 0.2159], [0.7201, 0.8012], [0.4062, 0.5581]])
_AMOUNTS = np.array([1.9705, 1.0308])

_MEANS = np.array([65.22132, 28.934267, -14.142519])
_STDS = np.array([15.800227, 9.263783, 6.0213304])
_LEAST_COLOUR_STD = 0.5

_TO_XYZ = np.array(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
)
_WHITE = (0.95047, 1.0, 1.08883)


def macenko(image: Image) -> Image:
    """Two stains brought to reference stains and amounts (Macenko et al., ISBI 2009).

    Left alone: images without two stains to be told apart.
    """
    density = -np.log((image.reshape(-1, 3).astype(float) + 1) / _LIGHT)
    stained = density[(density >= _LEAST_DENSITY).all(axis=1)]
    if len(stained) < max(_LEAST_TISSUE * len(density), 2):
        return image
    covariance = np.cov(stained.T)
    if np.linalg.eigvalsh(covariance)[1] < _LEAST_SPREAD:
        return image
    stains = _stains(stained, np.linalg.eigh(covariance)[1][:, 1:3])
    amounts = np.linalg.lstsq(stains, density.T, rcond=None)[0]
    most = np.array([np.percentile(amounts[0], 99), np.percentile(amounts[1], 99)])
    scaled = np.divide(amounts, np.divide(most, _AMOUNTS)[:, np.newaxis])
    normalized = np.multiply(_LIGHT, np.exp(-_STAINS.dot(scaled)))
    normalized[normalized > 255] = 255
    return np.reshape(normalized.T, image.shape).astype(np.uint8)


def _stains(stained: NDArray[np.float64], plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """Haematoxylin and eosin in optical density, the columns of an array (3, 2)."""
    on_plane = stained.dot(plane)
    angles = np.arctan2(on_plane[:, 1], on_plane[:, 0])
    ends = [
        plane.dot(np.array([(np.cos(angle), np.sin(angle))]).T)
        for angle in (np.percentile(angles, 1), np.percentile(angles, 99))
    ]
    first, second = ends if ends[0][0] > ends[1][0] else ends[::-1]
    return np.array((first[:, 0], second[:, 0])).T


def reinhard(image: Image) -> Image:
    """Mean and deviation of L*, a* and b* brought to reference values (Reinhard et al. 2001).

    Left alone: images whose L*, a* or b* hardly varies.
    """
    lab = _to_lab(image.astype(np.float32) / np.float32(255))
    spread = lab.reshape(-1, 3).std(axis=0, dtype=np.float64) / (2.55, 1, 1)
    if spread.min() < _LEAST_COLOUR_STD:
        return image
    planes = [lab[..., 0] / 2.55, lab[..., 1] - 128, lab[..., 2] - 128]
    statistics = np.array([(np.mean(plane), np.std(plane)) for plane in planes])
    moved = [
        (plane - mean) / std * new_std + new_mean
        for plane, mean, std, new_mean, new_std in zip(
            planes, *statistics.T, _MEANS, _STDS, strict=True
        )
    ]
    merged = np.stack([moved[0] * 2.55, moved[1] + 128, moved[2] + 128], axis=-1)
    return (_to_rgb(merged) * 255).astype(np.uint8)


def _to_lab(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """L* times 2.55, and a* and b* plus 128, of RGB in [0, 1]."""
    linear = rgb.copy()
    high = linear > 0.04045
    linear[high] = np.power((linear[high] + 0.055) / 1.055, 2.4)
    linear[~high] /= 12.92
    xyz = np.dot(linear, _TO_XYZ.T.astype(linear.dtype)) / np.asarray(_WHITE, linear.dtype)
    high = xyz > 0.008856
    xyz[high] = np.cbrt(xyz[high])
    xyz[~high] = 7.787 * xyz[~high] + 16.0 / 116.0
    x, y, z = xyz[..., 0], xyz[..., 1], xyz[..., 2]
    lightness, a, b = (116.0 * y) - 16.0, 500.0 * (x - y), 200.0 * (y - z)
    lightness *= 2.55
    a += 128
    b += 128
    return np.stack([lightness, a, b], axis=-1)


def _to_rgb(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    lab[..., 0] /= 2.55
    lab[..., 1:] -= 128
    y = (lab[..., 0] + 16.0) / 116.0
    xyz = np.stack([(lab[..., 1] / 500.0) + y, y, y - (lab[..., 2] / 200.0)], axis=-1)
    high = xyz > 0.2068966
    xyz[high] = np.power(xyz[high], 3.0)
    xyz[~high] = (xyz[~high] - 16.0 / 116.0) / 7.787
    xyz *= np.array(_WHITE, dtype=xyz.dtype)
    rgb = np.matmul(xyz, np.linalg.inv(_TO_XYZ).T)
    high = rgb > 0.0031308
    rgb[high] = 1.055 * np.power(rgb[high], 1 / 2.4) - 0.055
    rgb[~high] *= 12.92
    return np.asarray(np.clip(rgb, 0, 1))
