"""read_image: every type and format becomes uint8 (H, W, channels), by one stated rule each."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageOps

from automed.data.decode import MAX_PIXELS
from automed.data.intensity import to_uint8
from automed.data.readers import read_image
from automed.domain.errors import DataError

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (20, 30), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)


def lossless(path: Path) -> None:
    Image.fromarray(COLOUR).save(path)


SAME: dict[str, Callable[[Path], Any]] = {
    "a.png": lossless,
    "a.bmp": lossless,
    "a.ppm": lossless,
    "a.tif": lossless,
    "a.webp": lambda p: Image.fromarray(COLOUR).save(p, lossless=True),
    "lzw.tif": lambda p: tifffile.imwrite(p, COLOUR, compression="lzw"),
    "planar.tif": lambda p: tifffile.imwrite(
        p, COLOUR.transpose(2, 0, 1), photometric="rgb", planarconfig="separate"
    ),
    "unnamed axis.tif": lambda p: tifffile.imwrite(
        p, COLOUR.transpose(2, 0, 1), photometric="minisblack"
    ),
    "cmyk.tif": lambda p: Image.fromarray(COLOUR).convert("CMYK").save(p),
    "hwc.npy": lambda p: np.save(p, COLOUR),
    "chw.npy": lambda p: np.save(p, COLOUR.transpose(2, 0, 1)),
    "wide integers.npy": lambda p: np.save(p, COLOUR.astype(np.int64)),
    "unit floats.npy": lambda p: np.save(p, COLOUR / np.float32(255)),
    "png named.jpg": lambda p: Image.fromarray(COLOUR).save(p, format="PNG"),
    "opaque alpha.png": lambda p: Image.fromarray(
        np.dstack([COLOUR, np.full((20, 30), 255, np.uint8)])
    ).save(p),
    "forgotten alpha.png": lambda p: Image.fromarray(
        np.dstack([COLOUR, np.zeros((20, 30), np.uint8)])
    ).save(p),
    "Ünïcode 図 a.png": lossless,
}


@pytest.mark.parametrize("name", SAME)
def test_every_container_gives_the_same_pixels(name: str, tmp_path: Path) -> None:
    SAME[name](tmp_path / name)
    image = read_image(tmp_path / name, 3)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, COLOUR)


def test_grey_becomes_three_channels_and_colour_one(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "grey.png")
    Image.fromarray(COLOUR).save(tmp_path / "colour.png")
    np.testing.assert_array_equal(read_image(tmp_path / "grey.png", 3), np.dstack([GREY] * 3))
    np.testing.assert_array_equal(read_image(tmp_path / "grey.png", 1), GREY[..., None])
    luma = np.asarray(Image.fromarray(COLOUR).convert("L")).astype(int)
    one = read_image(tmp_path / "colour.png", 1)
    assert one.shape == (20, 30, 1)
    assert np.abs(one[..., 0].astype(int) - luma).max() <= 1


@pytest.mark.parametrize("name", ["bits.png", "bits.bmp", "bits.tif", "bits.pbm"])
def test_one_bit_becomes_black_and_white(name: str, tmp_path: Path) -> None:
    Image.fromarray(GREY > 128).save(tmp_path / name)
    np.testing.assert_array_equal(
        read_image(tmp_path / name, 1)[..., 0], np.where(GREY > 128, 255, 0)
    )


def test_a_tiff_whose_white_is_zero_is_turned_round(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", GREY, photometric="miniswhite")
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif", 1)[..., 0], 255 - GREY)


@pytest.mark.parametrize("name", ["palette.png", "palette.gif", "palette.tif"])
def test_palettes_become_their_colours(name: str, tmp_path: Path) -> None:
    image = Image.fromarray(COLOUR).quantize(8)
    image.save(tmp_path / name)
    np.testing.assert_array_equal(read_image(tmp_path / name, 3), np.asarray(image.convert("RGB")))


def test_transparent_parts_lie_on_black(tmp_path: Path) -> None:
    half = np.full((20, 30), 255, np.uint8)
    half[:10] = 0
    half[10, 0] = 51
    expected = COLOUR.copy()
    expected[:10] = 0
    expected[10, 0] = np.round(COLOUR[10, 0] * 0.2)
    Image.fromarray(np.dstack([COLOUR, half])).save(tmp_path / "a.png")
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.dstack([COLOUR, half]),
        photometric="rgb",
        extrasamples=["unassalpha"],
    )
    for name in ("a.png", "a.tif"):
        np.testing.assert_array_equal(read_image(tmp_path / name, 3), expected)


def test_grey_with_alpha_and_palette_with_alpha(tmp_path: Path) -> None:
    alpha = np.where(np.arange(30) < 15, 0, 255).astype(np.uint8) * np.ones((20, 1), np.uint8)
    Image.fromarray(np.dstack([GREY, alpha])).save(tmp_path / "la.png")
    np.testing.assert_array_equal(
        read_image(tmp_path / "la.png", 1)[..., 0], np.where(alpha == 255, GREY, 0)
    )
    palette = Image.fromarray(np.dstack([COLOUR, alpha])).quantize(16)
    palette.save(tmp_path / "pa.png")
    assert not read_image(tmp_path / "pa.png", 3)[:, :15].any()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif"])
def test_orientation_is_applied(name: str, orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    if name == "a.tif":  # Pillow itself turns such files twice, so it is no oracle for them
        tifffile.imwrite(tmp_path / name, GREY, extratags=[(274, 3, 1, orientation, True)])
        oracle = tmp_path / "oracle.png"
    else:
        oracle = tmp_path / name
    Image.fromarray(GREY).save(oracle, exif=exif)
    with Image.open(oracle) as stored:
        expected = np.asarray(ImageOps.exif_transpose(stored))
    np.testing.assert_array_equal(read_image(tmp_path / name, 1)[..., 0], expected)


@pytest.mark.parametrize("factor", [10, 257])
def test_sixteen_bit_colour_keeps_its_channels_and_is_stretched(
    factor: int, tmp_path: Path
) -> None:
    wide = COLOUR.astype(np.uint16) * np.uint16(factor)
    cv2.imwrite(str(tmp_path / "a.png"), wide[..., ::-1])
    np.save(tmp_path / "a.npy", wide)
    tifffile.imwrite(tmp_path / "a.tif", wide, photometric="rgb")
    low, high = np.percentile(wide, (0.1, 99.9))
    expected = ((wide - low) * (255 / (high - low))).round().clip(0, 255).astype(np.uint8)
    for name in ("a.png", "a.npy", "a.tif"):
        np.testing.assert_array_equal(read_image(tmp_path / name, 3), expected)


@example(np.array([[[-1.2e-308, np.inf, 0.0]]]))  # no number is 255 of their widths
@given(
    hnp.arrays(
        st.sampled_from([np.uint16, np.int16, np.float32, np.float64, np.uint8, np.bool_]),
        hnp.array_shapes(min_dims=3, max_dims=3, max_side=6),
    )
)
def test_intensities_keep_their_order_whatever_the_type(values: Any) -> None:
    out = to_uint8(values)
    assert out.dtype == np.uint8
    assert out.shape == values.shape
    finite = np.isfinite(values)
    order = np.argsort(values[finite], kind="stable")
    assert (np.diff(out[finite][order].astype(int)) >= 0).all()
    assert not out[~finite].any()


def test_a_bright_pixel_does_not_darken_a_dim_image() -> None:
    dim = RNG.integers(600, 1600, (100, 100, 3)).astype(np.uint16)
    dim[0, 0] = 65535
    assert to_uint8(dim)[1:].mean() > 100


def test_values_below_256_of_a_wider_type_are_not_stretched() -> None:
    np.testing.assert_array_equal(to_uint8(np.array([[[3], [90]]], np.uint16)), [[[3], [90]]])


def test_two_stains_stay_two_channels(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", COLOUR[..., :2])
    tifffile.imwrite(
        tmp_path / "a.tif", COLOUR[..., :2].transpose(2, 0, 1), metadata={"axes": "CYX"}
    )
    for name in ("a.npy", "a.tif"):
        image = read_image(tmp_path / name, 3)
        np.testing.assert_array_equal(image[..., :2], COLOUR[..., :2])
        assert not image[..., 2].any()


def _bomb() -> bytes:
    stream = io.BytesIO()
    Image.new("1", (10_000, MAX_PIXELS // 10_000 + 1)).save(stream, format="PNG")
    return stream.getvalue()


REFUSED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "empty.png": (lambda p: p.write_bytes(b""), "is empty"),
    "text.png": (lambda p: p.write_text("no image"), "no image of a known format"),
    "postscript.png": (lambda p: p.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n"), "known format"),
    "folder.png": (lambda p: p.mkdir(), "cannot be opened"),
    "bomb.png": (lambda p: p.write_bytes(_bomb()), "megapixels"),
    "stack.tif": (lambda p: tifffile.imwrite(p, np.stack([GREY] * 7)), "stack of 7"),
    "stains.npy": (lambda p: np.save(p, np.dstack([GREY] * 5)), "5 channels"),
    "four.npy": (lambda p: np.save(p, np.dstack([COLOUR, GREY])), "4 channels"),
    "pickle.npy": (lambda p: np.save(p, np.array([{}], object)), "allow_pickle"),
    "text.npy": (lambda p: np.save(p, np.array([["a"]])), "real numbers"),
    "line.npy": (lambda p: np.save(p, np.arange(5)), "shape"),
    "nothing.npy": (lambda p: np.save(p, np.zeros((0, 5))), "shape"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_image_is_refused_by_name(name: str, tmp_path: Path) -> None:
    write, reason = REFUSED[name]
    write(tmp_path / name)
    with pytest.raises(DataError, match=reason) as caught:
        read_image(tmp_path / name, 3)
    assert name in caught.value.problem
    assert "0x" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.png cannot be opened"):
        read_image(tmp_path / "gone.png", 3)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize(
    "name", ["a.png", "a.jpg", "a.bmp", "a.gif", "a.webp", "a.ppm", "a.npy", "a.tif", "jpeg.tif"]
)
def test_a_truncated_file_is_refused_in_every_format(
    name: str, share: float, tmp_path: Path
) -> None:
    path = tmp_path / name
    if name == "a.npy":
        np.save(path, COLOUR)
    elif name == "jpeg.tif":
        tifffile.imwrite(path, COLOUR, compression="jpeg", photometric="rgb")
    else:
        Image.fromarray(COLOUR).save(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(DataError, match=name):
        read_image(path, 3)


@given(st.binary(max_size=200), st.integers(0, 60))
def test_damaged_bytes_raise_only_data_errors(noise: bytes, start: int) -> None:
    stream = io.BytesIO()
    Image.fromarray(GREY).save(stream, format="TIFF" if len(noise) % 2 else "PNG")
    data = stream.getvalue()
    damaged = data[:start] + noise + data[start + len(noise) :]
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        file.write(damaged)
        file.flush()
        try:
            image = read_image(Path(file.name), 3)
        except DataError:
            return
    assert image.dtype == np.uint8


def test_damaged_exif_does_not_damage_the_picture(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(
        tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01\x03"
    )
    assert read_image(tmp_path / "a.jpg", 1).shape == (20, 30, 1)
