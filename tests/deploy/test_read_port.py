"""What the bundle's reader accepts, it reads as training did; the rest it refuses."""

from __future__ import annotations

import io

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from automed.data.readers import read_image as trained
from automed.deploy.predict import read_any
from automed.deploy.standalone.runner.read import read_image
from automed.deploy.standalone.runner.refused import RefusedError


def noise(*shape, dtype=np.uint8, high=256, seed=0):
    return np.random.default_rng(seed).integers(0, high, shape).astype(dtype)


def saved(values, kind, mode=None, **options):
    buffer = io.BytesIO()
    image = Image.fromarray(values) if mode is None else Image.fromarray(values).convert(mode)
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def npy(values):
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def tiff(values, **options):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer.getvalue()


def turned(number):
    exif = Image.Exif()
    exif[274] = number
    return saved(noise(21, 30, 3), "JPEG", exif=exif)


PICTURES = {
    "png colour": saved(noise(20, 31, 3), "PNG"),
    "png grey": saved(noise(20, 31), "PNG"),
    "png 1 bit": saved(noise(20, 31), "PNG", "1"),
    "png 16 bit grey": saved(noise(20, 31, dtype=np.uint16, high=5000), "PNG"),
    "png 16 bit grey that is 8 bit": saved(noise(20, 31, dtype=np.uint16), "PNG"),
    "png alpha": saved(noise(20, 31, 4), "PNG"),
    "png full alpha": saved(np.dstack([noise(20, 31, 3), np.full((20, 31), 255, np.uint8)]), "PNG"),
    "png grey and alpha": saved(noise(20, 31, 2), "PNG"),
    "png palette": saved(noise(20, 31, 3), "PNG", "P"),
    "png transparent palette": saved(noise(20, 31, 3), "PNG", "P", transparency=3),
    "jpeg colour": saved(noise(20, 31, 3), "JPEG"),
    "jpeg grey": saved(noise(20, 31), "JPEG"),
    "jpeg cmyk": saved(noise(20, 31, 3), "JPEG", "CMYK"),
    **{f"jpeg turned {number}": turned(number) for number in range(1, 9)},
    "bmp": saved(noise(20, 31, 3), "BMP"),
    "gif": saved(noise(20, 31, 3), "GIF", "P"),
    "webp": saved(noise(20, 31, 4), "WEBP", lossless=True),
    "pgm": saved(noise(20, 31), "PPM"),
    "tiff colour": tiff(noise(20, 31, 3), photometric="rgb"),
    "tiff grey": tiff(noise(20, 31), photometric="minisblack"),
    "tiff 16 bit": tiff(noise(20, 31, dtype=np.uint16, high=4000), photometric="minisblack"),
    "tiff deflate": tiff(
        noise(20, 31, 3), photometric="rgb", compression="deflate", predictor=True
    ),
    "tiff lzw of Pillow": saved(noise(20, 31, 3), "TIFF", compression="tiff_lzw"),
    "npy colour": npy(noise(20, 31, 3)),
    "npy 16 bit channels first": npy(noise(3, 20, 31, dtype=np.uint16, high=9000)),
    "npy two channels": npy(noise(20, 31, 2)),
    "npy floats": npy(np.random.default_rng(0).random((20, 31))),
    "npy with holes": npy(np.where(noise(20, 31) > 200, np.nan, noise(20, 31, seed=1) * 3.0)),
}

REFUSED = {
    "png 16 bit colour": imagecodecs.png_encode(noise(20, 31, 3, dtype=np.uint16, high=60000)),
    "png 16 bit alpha": imagecodecs.png_encode(noise(20, 31, 4, dtype=np.uint16, high=60000)),
    "tiff inverted": tiff(noise(20, 31), photometric="miniswhite"),
    "tiff planar": tiff(noise(3, 20, 31), photometric="rgb", planarconfig="separate"),
    "tiff palette": saved(noise(20, 31, 3), "TIFF", "P"),
    "tiff jpeg": tiff(noise(32, 48, 3), photometric="rgb", compression="jpeg"),
    "tiff float": tiff(np.random.default_rng(0).random((20, 31)).astype(np.float32)),
    "tiff turned": tiff(noise(20, 31), photometric="minisblack", extratags=[(274, 3, 1, 3, True)]),
    "tiff grey and alpha": tiff(
        noise(20, 31, 2),
        photometric="minisblack",
        extrasamples=["unassalpha"],
        planarconfig="contig",
    ),
    "tiff alpha": tiff(noise(20, 31, 4), photometric="rgb", extrasamples=["unassalpha"]),
}


@pytest.fixture
def file_of(tmp_path):
    def file(data, name="a"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return file


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_read_as_in_training(name, channels, file_of):
    path = file_of(PICTURES[name])
    expected = trained(path, channels)
    found = read_image(path, channels)
    assert found.dtype == np.uint8
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("name", REFUSED)
def test_what_pillow_reads_otherwise_is_refused_and_left_to_automed(name, file_of):
    path = file_of(REFUSED[name])
    with pytest.raises(RefusedError, match=str(path)):
        read_image(path, 3)
    assert np.array_equal(read_any(path, 3, "auto"), trained(path, 3))


@pytest.mark.parametrize(
    ("data", "channels"),
    [
        (npy(noise(20, 31, 5)), 5),
        (npy(noise(4, 20, 31)), 4),
        (npy(noise(20, 31, 4, dtype=np.uint16, high=3000)), 4),
        (PICTURES["png alpha"], 4),
        (PICTURES["png grey and alpha"], 2),
    ],
)
def test_channels_that_are_measurements_stay(data, channels, file_of):
    path = file_of(data)
    assert np.array_equal(read_image(path, channels), trained(path, channels))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"no image", "no image of a known format"),
        (PICTURES["jpeg colour"][:300], "[Tt]runcated"),
        (PICTURES["png colour"][:300], "."),
        (npy(noise(4, 20, 31, 3)), "not one picture"),
        (npy(np.array([["a"]])), "not one picture"),
    ],
)
def test_damaged_files_are_refused_by_name(data, words, file_of):
    path = file_of(data)
    with pytest.raises(RefusedError, match=f"{path}: .*({words})"):
        read_image(path, 3)
    with pytest.raises(RefusedError, match=str(path)):
        read_any(path, 3, "auto")


def test_another_number_of_channels_is_refused(file_of):
    with pytest.raises(RefusedError, match="3 channels, expected 4"):
        read_image(file_of(PICTURES["png colour"]), 4)


def test_missing_files_and_bombs_are_refused(tmp_path, file_of):
    with pytest.raises(RefusedError, match="No such file"):
        read_image(tmp_path / "none.png", 3)
    bomb = saved(np.zeros((9500, 9500), np.uint8), "PNG")
    with pytest.raises(RefusedError, match="megapixels"):
        read_image(file_of(bomb), 3)


@pytest.mark.real_data
def test_every_file_of_the_real_data_is_read_as_in_training_or_refused(real_data):
    files = sorted(p for p in (real_data / "polyp/CVC-ClinicDB").rglob("*.tif"))
    files += sorted((real_data / "cell/dsb2018_pairs").rglob("*.png"))[:6]
    files += sorted((real_data / "breast_cell").rglob("*.npy"))[:3]
    assert len(files) >= 12
    for path in files:
        assert np.array_equal(read_any(path, 3, "auto"), trained(path, 3)), path


def test_dicom_is_read_by_automed_through_the_window_of_training(write_dicom, tmp_path):
    values = noise(20, 31, dtype=np.int16, high=2000) - np.int16(1000)
    path = write_dicom(
        tmp_path / "a.dcm", values, Modality="CT", RescaleSlope=1, RescaleIntercept=0
    )
    with pytest.raises(RefusedError):
        read_image(path, 1)
    assert np.array_equal(read_any(path, 1, "lung"), trained(path, 1, "lung"))


def test_volumes_say_what_to_do(write_nifti, tmp_path):
    path = write_nifti(tmp_path / "a.nii.gz", noise(8, 9, 4))
    with pytest.raises(RefusedError, match="slices"):
        read_any(path, 1, "auto")
