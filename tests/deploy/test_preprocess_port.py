"""The bundle's preprocessing gives the pixels of training, bit for bit."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automed.data.preprocess.chain import PREPROCESS, read_chain
from automed.data.readers import read_image
from automed.data.resize import resize_image
from automed.deploy.standalone.runner.preprocess import STEPS, check, crop_box, luma, prepare
from automed.deploy.standalone.runner.refused import RefusedError

COLOUR_ONLY = {"grey_world", "macenko", "reinhard"}
CHAINS = (
    "raw", "crop", "otsu", "otsu_bright", "grey_world+median", "crop+macenko", "crop+reinhard+otsu",
    "median+clahe", "denoise",
)  # fmt: skip


def trained(image, chain, size):
    steps = read_chain(chain, image.shape[2])
    cropped, _ = steps.at_native_size(image, None)
    return steps.at_final_size(resize_image(cropped, size))


def test_every_step_of_training_is_there():
    assert list(STEPS) == list(PREPROCESS)


@pytest.mark.parametrize("chain", CHAINS)
def test_chains_give_the_pixels_of_training(chain, picture):
    for seed in range(3):
        image = picture(seed)
        image[:9], image[:, -7:] = 3, 250  # borders to cut off
        ready, _ = prepare(image, chain, (32, 48))
        assert np.array_equal(ready, trained(image, chain, (32, 48)))


@settings(max_examples=40)
@given(
    st.integers(0), st.sampled_from([1, 3]), st.sampled_from(sorted({*PREPROCESS} - {"denoise"})),
    st.integers(1, 255), st.integers(4, 40),
)  # fmt: skip
def test_steps_agree_on_any_pixels(seed, channels, name, levels, side):
    if channels == 1 and name in COLOUR_ONLY:
        return
    source = np.random.default_rng(seed)
    image = (source.integers(0, levels, (side, side + 3, channels)) + source.integers(0, 20)).clip(
        0, 255
    ).astype(np.uint8)  # fmt: skip
    assert np.array_equal(STEPS[name](image.copy()), PREPROCESS[name](image.copy()))


@settings(max_examples=60)
@given(st.integers(0), st.tuples(*[st.integers(0, 25)] * 4), st.integers(0, 30))
def test_the_same_borders_are_cut_off(seed, borders, noise):
    source = np.random.default_rng(seed)
    image = source.integers(60, 256, (60, 70, 3), dtype=np.uint8)
    top, bottom, left, right = borders
    dark = source.integers(0, noise + 1, image.shape, dtype=np.uint8)
    inside = np.zeros((60, 70), bool)
    inside[top : 60 - bottom, left : 70 - right] = True
    image = np.where(inside[..., None], image, dark)
    chain = read_chain("crop", 3)
    assert np.array_equal(image[crop_box(image)], chain.at_native_size(image, None)[0])


@pytest.mark.parametrize("name", ["macenko", "reinhard"])
@pytest.mark.parametrize("contrast", [0, 2, 4, 6, 8, 12, 20, 40])
def test_images_without_stains_to_be_told_apart_are_left_alone_alike(name, contrast, picture):
    faint = np.array([150, 90, 160]) + (picture(0).astype(int) - 128) * contrast // 256
    image = faint.clip(0, 255).astype(np.uint8)
    found = STEPS[name](image.copy())
    assert np.array_equal(found, PREPROCESS[name](image.copy()))
    assert contrast > 2 or np.array_equal(found, image)


def test_grey_is_opencvs():
    import cv2

    image = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    assert np.array_equal(luma(image), cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))


def test_only_what_needs_opencv_asks_for_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    check("crop+otsu+median+macenko+reinhard+grey_world+otsu_bright")
    for name in ("clahe", "denoise"):
        with pytest.raises(RefusedError, match="pip install opencv-python-headless"):
            check(f"crop+{name}")


def test_an_unknown_step_is_refused():
    with pytest.raises(RefusedError, match="'blur'"):
        check("crop+blur")


@pytest.mark.real_data
@pytest.mark.parametrize(
    "folder", ["polyp/Kvasir-SEG", "leukemia/ALL_4class", "cell/segmentation_WBC"]
)
def test_real_images_give_the_pixels_of_training(folder, real_data):
    files = sorted(p for p in (real_data / folder).rglob("*") if p.suffix in (".jpg", ".bmp"))
    assert files
    for path in files[:: len(files) // 2]:
        image = read_image(path, 3)
        for chain in ("raw", "crop+otsu", "macenko", "reinhard+median"):
            ready, _ = prepare(image, chain, (96, 128))
            assert np.array_equal(ready, trained(image, chain, (96, 128))), (path, chain)
