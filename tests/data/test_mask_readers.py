"""read_mask: which pixels are foreground, for all the ways in which masks are written."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from automed.data.readers import read_mask, read_masks
from automed.domain.errors import DataError

TRUTH = np.zeros((24, 40), bool)
TRUTH[4:15, 10:30] = True


def save(path: Path, values: object) -> Path:
    array = np.asarray(values)
    if path.suffix == ".npy":
        np.save(path, array)
    elif path.suffix == ".tif":
        white = "miniswhite" if path.name.startswith("inverting") else None
        tifffile.imwrite(path, array, photometric=white)
    else:
        Image.fromarray(array).save(path)
    return path


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("0-255.png", TRUTH * np.uint8(255)),
        ("0-1.png", TRUTH * np.uint8(1)),
        ("1-bit.png", TRUTH),
        ("1-bit.bmp", TRUTH),
        ("1-bit.tif", TRUTH),
        ("inverting table.tif", TRUTH * np.uint8(255)),
        ("bool.npy", TRUTH),
        ("bool with channel.npy", TRUTH[..., None]),
        ("unit float.npy", TRUTH * 1.0),
        ("float.tif", (TRUTH * 255).astype(np.float32)),
        ("int64 0-1.npy", TRUTH * np.int64(1)),
        ("sixteen bit.png", TRUTH * np.uint16(65535)),
        ("sixteen bit 0-1.tif", TRUTH * np.uint16(1)),
        ("128 and 255.png", np.where(TRUTH, np.where(np.arange(40) < 20, 128, 255), 25)),
        ("white.png", np.dstack([TRUTH * np.uint8(255)] * 3)),
        ("red.png", np.dstack([TRUTH * np.uint8(255), TRUTH * 0, TRUTH * 0])),
        ("not a number.npy", np.where(TRUTH, 1.0, np.nan)),
    ],
)
def test_half_range_finds_the_foreground(name: str, values: object, tmp_path: Path) -> None:
    array = np.asarray(values)
    if name.endswith(("128 and 255.png", "red.png")):
        array = array.astype(np.uint8)
    mask = read_mask(save(tmp_path / name, array), "half")
    assert mask.dtype == np.bool_
    np.testing.assert_array_equal(mask, TRUTH)


def test_jpeg_masks_lose_nothing_but_their_edges(tmp_path: Path) -> None:
    Image.fromarray(TRUTH * np.uint8(255)).save(tmp_path / "a.jpg", quality=80)
    np.testing.assert_array_equal(read_mask(tmp_path / "a.jpg", "half"), TRUTH)


@pytest.mark.parametrize("name", ["noise.jpg", "noise.tif"])
def test_an_empty_jpeg_mask_with_ones_in_it_is_empty(name: str, tmp_path: Path) -> None:
    noise = np.zeros((64, 64), np.uint8)
    noise[::8] = 1
    if name.endswith("jpg"):
        Image.fromarray(noise).save(tmp_path / name, quality=100)
        with Image.open(tmp_path / name) as stored:
            assert np.asarray(stored).max() == 1
    else:
        tifffile.imwrite(tmp_path / name, noise, compression="jpeg", compressionargs={"level": 100})
        assert tifffile.imread(tmp_path / name).max() == 1
    assert not read_mask(tmp_path / name, "half").any()


def test_grey_edges_are_cut_at_half(tmp_path: Path) -> None:
    edge = np.array([[0, 126, 127, 128, 255]], np.uint8)
    mask = read_mask(save(tmp_path / "a.png", np.dstack([edge] * 3)), "half")
    np.testing.assert_array_equal(mask, [[False, False, False, True, True]])


def test_nonzero_takes_labels(tmp_path: Path) -> None:
    labels = np.array([[0, 1, 2, 300]], np.uint16)
    path = save(tmp_path / "a.tif", labels)
    np.testing.assert_array_equal(read_mask(path, "nonzero"), [[False, True, True, True]])
    assert not read_mask(path, "half").any()


@pytest.mark.parametrize("rule", ["half", "nonzero"])
def test_a_coloured_palette_is_a_label_map(rule: str, tmp_path: Path) -> None:
    """As Pascal VOC's: label 8 is the dark (64, 0, 0), and no background."""
    image = Image.fromarray(np.where(TRUTH, 8, 0).astype(np.uint8), "L").convert("P")
    image.putpalette([0, 0, 0] + [128, 0, 0] * 7 + [64, 0, 0])
    image.save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png", rule), TRUTH)  # type: ignore[arg-type]


def test_a_palette_without_black_counts_from_index_one(tmp_path: Path) -> None:
    image = Image.fromarray(TRUTH.astype(np.uint8), "L").convert("P")
    image.putpalette([10, 200, 10, 200, 10, 10])
    image.save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png", "half"), TRUTH)


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.tif"])
def test_a_grey_palette_is_a_picture_even_when_its_order_is_reversed(
    name: str, tmp_path: Path
) -> None:
    image = Image.fromarray((~TRUTH).astype(np.uint8), "L").convert("P")
    image.putpalette([255, 255, 255, 0, 0, 0])
    image.save(tmp_path / name)
    np.testing.assert_array_equal(read_mask(tmp_path / name, "half"), TRUTH)


def test_alpha_is_the_mask_where_only_alpha_varies(tmp_path: Path) -> None:
    values = np.zeros((24, 40, 4), np.uint8)
    values[..., 3] = TRUTH * 255
    np.testing.assert_array_equal(read_mask(save(tmp_path / "a.png", values), "half"), TRUTH)


def test_an_opaque_alpha_is_no_foreground(tmp_path: Path) -> None:
    values = np.dstack([TRUTH * np.uint8(255)] * 3 + [np.full(TRUTH.shape, 255, np.uint8)])
    np.testing.assert_array_equal(read_mask(save(tmp_path / "a.png", values), "half"), TRUTH)
    blank = np.dstack([np.zeros_like(values[..., :3]), np.full(TRUTH.shape, 255, np.uint8)])
    for rule in ("half", "nonzero"):
        assert not read_mask(save(tmp_path / "b.png", blank), rule).any()  # type: ignore[arg-type]


def test_orientation_turns_masks_as_it_turns_images(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(TRUTH * np.uint8(255)).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png", "half"), np.rot90(TRUTH, -1))


def test_sixteen_bit_colour_masks_keep_their_values(tmp_path: Path) -> None:
    values = np.zeros((24, 40, 3), np.uint16)
    values[..., 1] = TRUTH * 40_000
    cv2.imwrite(str(tmp_path / "a.png"), values)
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png", "half"), TRUTH)


def test_masks_of_objects_are_united(tmp_path: Path) -> None:
    left, right = TRUTH.copy(), TRUTH.copy()
    left[:, 20:] = False
    right[:, :20] = False
    paths = [save(tmp_path / f"{i}.png", m * np.uint8(255)) for i, m in enumerate((left, right))]
    np.testing.assert_array_equal(read_masks(paths, "half"), TRUTH)


def test_masks_of_one_image_must_agree_in_size(tmp_path: Path) -> None:
    paths = [save(tmp_path / "a.png", TRUTH), save(tmp_path / "b.png", TRUTH.T)]
    with pytest.raises(DataError, match=r"b\.png") as caught:
        read_masks(paths, "half")
    assert "40x24" in str(caught.value)
    assert "24x40" in str(caught.value)
