"""Each step of preprocessing against another implementation, and on images with nothing in them."""

import cv2
import numpy as np
import pytest
from skimage.color import lab2rgb, rgb2lab
from skimage.filters import median as median_filter
from skimage.metrics import peak_signal_noise_ratio

from automed.data.preprocess import (
    PREPROCESS,
    clahe,
    denoise,
    grey_world,
    macenko,
    median,
    reinhard,
)

COLOUR = {"grey_world", "macenko", "reinhard"}
ANY = sorted(set(PREPROCESS) - COLOUR)


def noise(seed=0, shape=(40, 48, 3)):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def tissue(seed=0, haematoxylin=(0.65, 0.70, 0.29), eosin=(0.07, 0.99, 0.11), amount=1.0):
    """Beer-Lambert's law for two stains on glass: nuclei in blue, stroma in pink."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices((64, 64))
    nuclei = np.zeros((64, 64))
    for _ in range(14):
        row, column = rng.uniform(0, 64, 2)
        nuclei[(rows - row) ** 2 + (columns - column) ** 2 < rng.uniform(9, 30)] = 1
    stroma = 0.4 + 0.3 * np.sin(rows / 5) * np.cos(columns / 7)
    stroma[:, :12] = 0  # bare glass
    amounts = amount * np.stack([nuclei * (columns >= 12), stroma], axis=-1)
    amounts *= rng.uniform(0.8, 1.2, amounts.shape)
    density = amounts @ np.array([haematoxylin, eosin])
    return np.clip(240 * np.exp(-density), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", PREPROCESS)
@pytest.mark.parametrize("seed", range(3))
def test_every_step_keeps_type_and_shape_and_is_deterministic(name, seed):
    image = tissue(seed)
    before = image.copy()
    first, second = PREPROCESS[name](image), PREPROCESS[name](image)
    assert first.dtype == np.uint8
    assert first.shape == image.shape
    assert (first == second).all()
    assert (image == before).all()
    assert (first != image).any()


@pytest.mark.parametrize("name", ANY)
@pytest.mark.parametrize("channels", [1, 2, 4, 7])
def test_steps_without_colour_take_any_number_of_channels(name, channels):
    image = noise(shape=(24, 32, channels))
    result = PREPROCESS[name](image)
    assert result.dtype == np.uint8
    assert result.shape == image.shape


FLAT = {
    "black": np.zeros((24, 32, 3), np.uint8),
    "white": np.full((24, 32, 3), 255, np.uint8),
    "one colour": np.broadcast_to(np.uint8([180, 60, 130]), (24, 32, 3)).copy(),
    "one speck": np.pad(np.full((1, 1, 3), 90, np.uint8), ((9, 14), (9, 22), (0, 0))),
    "grey ramp": np.repeat(np.tile(np.arange(32, dtype=np.uint8) * 8, (24, 1))[..., None], 3, 2),
    "nearly blank glass": np.full((24, 32, 3), 243, np.uint8) + noise(1, (24, 32, 3)) // 64,
    "a single pixel": np.full((1, 1, 3), 77, np.uint8),
}


@pytest.mark.parametrize("image", FLAT.values(), ids=FLAT)
@pytest.mark.parametrize("name", PREPROCESS)
def test_images_with_nothing_in_them(name, image):
    result = PREPROCESS[name](image)
    assert result.dtype == np.uint8
    assert result.shape == image.shape


@pytest.mark.parametrize("image", FLAT.values(), ids=FLAT)
@pytest.mark.parametrize("step", [macenko, reinhard])
def test_without_stains_nothing_changes(step, image):
    assert (step(image) == image).all()


def test_clahe_equalizes_lightness_and_keeps_colour():
    image = cv2.GaussianBlur(noise(), (9, 9), 3) // 2 + 60
    result = clahe(image)
    before, after = rgb2lab(image), rgb2lab(result)
    assert after[..., 0].std() > 1.5 * before[..., 0].std()
    assert np.abs(after[..., 1:] - before[..., 1:]).mean() < 2
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(2.0, (8, 8)).apply(lab[..., 0].copy())
    assert (result == cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)).all()
    assert (
        clahe(image[..., :1])[..., 0] == cv2.createCLAHE(2.0, (8, 8)).apply(image[..., 0])
    ).all()


def test_grey_world_undoes_a_coloured_light():
    scene = cv2.GaussianBlur(noise(shape=(64, 64, 3)), (5, 5), 2)
    lit = np.rint(scene * np.array([0.9, 0.7, 0.5])).astype(np.uint8)
    result = grey_world(lit)
    assert np.ptp(result.reshape(-1, 3).mean(axis=0)) < 0.5
    brightness = lit.mean() / scene.mean()
    balanced = scene * scene.mean() / scene.reshape(-1, 3).mean(axis=0)
    assert np.abs(result - brightness * balanced).max() < 2


def test_grey_world_leaves_a_black_channel_black():
    image = noise()
    image[..., 1] = 0
    assert not grey_world(image)[..., 1].any()


def stain_directions(image):
    """An independent estimate: extreme directions of optical density in its plane, by SVD."""
    density = -np.log((image.reshape(-1, 3) + 1.0) / 240)
    density = density[(density > 0.15).all(axis=1)]
    _, _, axes = np.linalg.svd(density, full_matrices=False)
    plane = density @ axes[:2].T
    angles = np.arctan2(plane[:, 1], plane[:, 0] * np.sign(plane[:, 0].sum()))
    ends = np.percentile(angles, [1, 99])
    first = axes[0] * np.sign(plane[:, 0].sum())
    found = [np.cos(a) * first + np.sin(a) * axes[1] for a in ends]
    return sorted(found, key=lambda direction: -direction[0])


def test_macenko_brings_two_laboratories_together():
    one = tissue(3)
    other = tissue(3, haematoxylin=(0.55, 0.78, 0.30), eosin=(0.20, 0.95, 0.25), amount=0.6)
    apart = np.abs(one.astype(float) - other).mean()
    together = np.abs(macenko(one).astype(float) - macenko(other)).mean()
    assert together < apart / 2


def test_macenko_gives_the_stains_of_the_reference():
    for direction, expected in zip(
        stain_directions(macenko(tissue(5))),
        [(0.5626, 0.7201, 0.4062), (0.2159, 0.8012, 0.5581)],
        strict=True,
    ):
        cosine = direction @ expected / np.linalg.norm(direction) / np.linalg.norm(expected)
        assert cosine > 0.995


def test_reinhard_is_that_of_scikit_images_lab():
    image = tissue(2)
    lab = rgb2lab(image)
    means, stds = lab.mean((0, 1)), lab.std((0, 1))
    goal = (np.array([65.22132, 28.934267, -14.142519]), np.array([15.800227, 9.263783, 6.0213304]))
    expected = 255 * lab2rgb((lab - means) / stds * goal[1] + goal[0])
    # Colours outside of RGB's gamut are clipped a little differently.
    assert np.percentile(np.abs(reinhard(image) - expected), 99) < 3


def test_reinhard_reaches_its_reference():
    lab = rgb2lab(reinhard(tissue(2) // 2 + 60))
    assert np.abs(lab.mean((0, 1)) - [65.2, 28.9, -14.1]).max() < 4


@pytest.mark.parametrize("channels", [1, 3])
def test_denoising_comes_closer_to_the_clean_image(channels):
    clean = np.full((64, 64, channels), 90, np.uint8)
    clean[16:48, 16:48] = 170
    rng = np.random.default_rng(0)
    noisy = np.clip(clean + rng.normal(0, 3, clean.shape), 0, 255).astype(np.uint8)
    gain = peak_signal_noise_ratio(clean, denoise(noisy)) - peak_signal_noise_ratio(clean, noisy)
    assert gain > 3


def test_median_is_that_of_scikit_image():
    image = noise()
    square = np.ones((3, 3))
    for channel in range(3):
        expected = median_filter(image[..., channel], square, mode="nearest")
        assert (median(image)[..., channel] == expected).all()
