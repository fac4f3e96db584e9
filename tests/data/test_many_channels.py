"""Images with as many channels as the task has, in arrays, TIFF and PNG."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from automed.data.intensity import to_uint8
from automed.data.readers import read_image
from automed.domain.errors import DataError

RNG = np.random.default_rng(0)
FIVE = RNG.integers(0, 256, (9, 12, 5), dtype=np.uint8)


def tiff_as(kind: str, path: Path, values: np.ndarray) -> None:
    first = np.ascontiguousarray(np.moveaxis(values, -1, 0))
    if kind == "samples":
        tifffile.imwrite(path, values, photometric="minisblack", planarconfig="contig")
    elif kind == "planes":
        tifffile.imwrite(path, first, photometric="minisblack", planarconfig="separate")
    elif kind == "pages":
        tifffile.imwrite(path, first, photometric="minisblack")
    elif kind == "imagej":
        tifffile.imwrite(path, first, imagej=True, metadata={"axes": "CYX"})
    elif kind == "ome":
        tifffile.imwrite(path, first, ome=True, metadata={"axes": "CYX"})
    else:
        with tifffile.TiffWriter(path) as writer:
            for page in first:
                writer.write(page, photometric="minisblack")


@pytest.mark.parametrize("kind", ["samples", "planes", "pages", "imagej", "ome", "one by one"])
def test_tiff_channels_and_pages(kind: str, tmp_path: Path) -> None:
    tiff_as(kind, tmp_path / "a.tif", FIVE)
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif", 5), FIVE)


@pytest.mark.parametrize("channels", [2, 4, 5])
def test_arrays_with_channels_last_or_first(channels: int, tmp_path: Path) -> None:
    values = RNG.integers(0, 256, (9, 12, channels), dtype=np.uint8)
    np.save(tmp_path / "last.npy", values)
    np.save(tmp_path / "first.npy", np.moveaxis(values, -1, 0))
    for name in ("last.npy", "first.npy"):
        np.testing.assert_array_equal(read_image(tmp_path / name, channels), values)


def test_a_png_of_four_channels_for_a_task_of_four(tmp_path: Path) -> None:
    values = RNG.integers(0, 256, (9, 12, 4), dtype=np.uint8)
    Image.fromarray(values, "RGBA").save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png", 4), values)


def test_each_of_many_channels_has_a_line_of_its_own(tmp_path: Path) -> None:
    """A weak stain beside a strong one must not become black."""
    values = RNG.integers(0, 60_000, (40, 40, 5)).astype(np.uint16)
    values[..., 3] //= 100
    np.save(tmp_path / "a.npy", values)
    seen = read_image(tmp_path / "a.npy", 5)
    for channel in range(5):
        alone = to_uint8(values[..., channel : channel + 1])[..., 0]
        np.testing.assert_array_equal(seen[..., channel], alone)
    assert seen[..., 3].std() > 50


@pytest.mark.parametrize("wanted", [2, 4, 6])
@pytest.mark.parametrize("suffix", [".npy", ".tif"])
def test_another_number_of_channels_is_named(wanted: int, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    np.save(path, FIVE) if suffix == ".npy" else tiff_as("pages", path, FIVE)
    with pytest.raises(DataError, match="has 5 channels") as caught:
        read_image(path, wanted)
    assert f"a{suffix}" in str(caught.value)
    assert f"{wanted} channels, as the task says" in str(caught.value)


@pytest.mark.parametrize("values", [FIVE[..., 0], FIVE[..., :3]], ids=["grey", "colour"])
def test_grey_and_colour_are_too_few_for_more(values: np.ndarray, tmp_path: Path) -> None:
    Image.fromarray(np.ascontiguousarray(values)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"a\.png has [13] channels"):
        read_image(tmp_path / "a.png", 4)


def test_many_channels_are_too_many_for_colour(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", FIVE)
    with pytest.raises(DataError, match=r"a\.npy") as caught:
        read_image(tmp_path / "a.npy", 3)
    assert "5 channels" in str(caught.value)


def test_a_stack_is_no_picture_for_colour(tmp_path: Path) -> None:
    tiff_as("pages", tmp_path / "a.tif", FIVE)
    with pytest.raises(DataError, match=r"a\.tif"):
        read_image(tmp_path / "a.tif", 3)
