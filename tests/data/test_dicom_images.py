"""DICOM files as images: units, windows, inversion, colours, compression."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from pydicom.uid import (
    MPEG4HP41,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from automed.data.audit import audit
from automed.data.dataset import open_dataset
from automed.data.readers import read_image, read_mask
from automed.domain.errors import DataError
from automed.registry.tasks import load_task

HU = np.array([[-2000, -1350, -600], [0, 149, 1000]])
CT = {"RescaleSlope": 2, "RescaleIntercept": -1024}


def ct(values: np.ndarray = HU) -> np.ndarray:
    """Hounsfield units as a scanner stores them under ``CT``."""
    return ((values + 1024) // 2).astype(np.int16)


def lung(hu: np.ndarray) -> np.ndarray:
    return (((hu + 600.5) / 1499 + 0.5) * 255).clip(0, 255)


def test_slope_and_window_are_applied(tmp_path: Path, write_dicom) -> None:
    path = write_dicom(tmp_path / "a.dcm", ct(), **CT)
    seen = read_image(path, 1, "lung")[..., 0]
    np.testing.assert_allclose(seen, lung(ct() * 2.0 - 1024), atol=1)
    assert seen[0, 0] == 0
    assert seen[1, 2] == 255


def test_numbers_for_a_window(tmp_path: Path, write_dicom) -> None:
    path = write_dicom(tmp_path / "a.dcm", ct(), **CT)
    assert (read_image(path, 1, "-600/1500") == read_image(path, 1, "lung")).all()


def test_auto_is_the_files_own_window_the_first_of_several(tmp_path: Path, write_dicom) -> None:
    own = {"WindowCenter": [-600, 40], "WindowWidth": [1500, 400]}
    path = write_dicom(tmp_path / "a.dcm", ct(), **CT, **own)
    assert (read_image(path, 1) == read_image(path, 1, "lung")).all()
    assert (read_image(path, 1, "bone") != read_image(path, 1, "lung")).any()


def test_without_a_window_the_whole_range_is_shown(tmp_path: Path, write_dicom) -> None:
    values = np.array([[100, 200], [300, 500]], np.uint16)
    seen = read_image(write_dicom(tmp_path / "a.dcm", values), 1)[..., 0]
    np.testing.assert_allclose(seen, (values - 100) / 400 * 255, atol=0.51)


def test_eight_bits_stay(tmp_path: Path, write_dicom) -> None:
    values = np.array([[10, 20], [30, 40]], np.uint8)
    seen = read_image(write_dicom(tmp_path / "a.dcm", values), 3)
    np.testing.assert_array_equal(seen, np.dstack([values] * 3))


def test_monochrome1_is_shown_inverted(tmp_path: Path, write_dicom) -> None:
    normal = write_dicom(tmp_path / "a.dcm", ct(), **CT)
    inverse = write_dicom(tmp_path / "b.dcm", ct(), **CT, PhotometricInterpretation="MONOCHROME1")
    assert (read_image(inverse, 1, "bone") == 255 - read_image(normal, 1, "bone")).all()


def test_colours_are_kept(tmp_path: Path, write_dicom) -> None:
    values = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    np.testing.assert_array_equal(read_image(write_dicom(tmp_path / "a.dcm", values), 3), values)


def test_a_mask_in_dicom(tmp_path: Path, write_dicom) -> None:
    values = np.array([[0, 1], [1, 0]], np.uint8)
    mask = read_mask(write_dicom(tmp_path / "a.dcm", values), "half")
    np.testing.assert_array_equal(mask, values == 1)


SMOOTH = np.add.outer(np.arange(32) * 40, np.arange(48) * 25).astype(np.uint16)


@pytest.mark.parametrize(
    ("syntax", "encode"),
    [
        (JPEGLSLossless, imagecodecs.jpegls_encode),
        (JPEGLosslessSV1, lambda v: imagecodecs.ljpeg_encode(v, bitspersample=16)),
        (JPEG2000Lossless, lambda v: imagecodecs.jpeg2k_encode(v, level=0, codecformat="j2k")),
    ],
    ids=["JPEG-LS", "lossless JPEG", "JPEG 2000"],
)
def test_compressed_files_read_like_others(syntax, encode, tmp_path: Path, write_dicom) -> None:
    plain = write_dicom(tmp_path / "a.dcm", SMOOTH)
    packed = write_dicom(
        tmp_path / "b.dcm", SMOOTH, payload=encode(SMOOTH), TransferSyntaxUID=syntax
    )
    assert (read_image(packed, 1, "400/900") == read_image(plain, 1, "400/900")).all()


def test_lossy_jpeg_is_close(tmp_path: Path, write_dicom) -> None:
    values = (SMOOTH // 10).clip(0, 255).astype(np.uint8)
    payload = imagecodecs.jpeg8_encode(values, level=95)
    path = write_dicom(
        tmp_path / "a.dcm", values, payload=payload, TransferSyntaxUID=JPEGBaseline8Bit
    )
    np.testing.assert_allclose(read_image(path, 1)[..., 0], values, atol=4)


def test_run_lengths_need_no_package(tmp_path: Path, write_dicom) -> None:
    import pydicom

    path = write_dicom(tmp_path / "a.dcm", SMOOTH)
    before = read_image(path, 1)
    image = pydicom.dcmread(path)
    image.compress(RLELossless)
    image.save_as(path)
    assert (read_image(path, 1) == before).all()


@pytest.mark.parametrize(
    ("syntax", "name", "package"),
    [(HTJ2KLossless, "High-Throughput JPEG 2000", "pylibjpeg-openjpeg"), (MPEG4HP41, "MPEG-4", "")],
)
def test_an_unknown_compression_is_named(
    syntax, name: str, package: str, tmp_path: Path, write_dicom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pydicom.pixels.decoders.base.Decoder.is_available", False)
    path = write_dicom(tmp_path / "a.dcm", SMOOTH, payload=b"\0\0", TransferSyntaxUID=syntax)
    with pytest.raises(DataError, match=r"a\.dcm") as caught:
        read_image(path, 1)
    assert name in str(caught.value)
    assert package in str(caught.value)


def test_several_frames_and_no_pixels_are_named(tmp_path: Path, write_dicom) -> None:
    path = write_dicom(tmp_path / "a.dcm", SMOOTH, NumberOfFrames=7)
    with pytest.raises(DataError, match="7 frames"):
        read_image(path, 1)
    (tmp_path / "b.dcm").write_bytes(path.read_bytes()[:900])
    with pytest.raises(DataError, match=r"b\.dcm"):
        read_image(tmp_path / "b.dcm", 1)


def test_class_folders_of_dicom_files(tmp_path: Path, write_dicom) -> None:
    """DICOM files are images in every layout that takes images."""
    rng = np.random.default_rng(0)
    for label in ("Benign", "Early"):
        for index in range(6):
            values = rng.integers(0, 900, (12, 10)).astype(np.int16)
            write_dicom(tmp_path / label / f"{index}.dcm", values)
    task = load_task("leukemia").replace(classes=())
    dataset = open_dataset(tmp_path, task)
    assert (dataset.layout, dataset.classes) == ("class_folders", ("Benign", "Early"))
    found = audit(dataset, task)
    assert found.errors == ()
    assert found.summary.formats == {".dcm": 12}


@pytest.mark.parametrize(
    ("patients", "source"),
    [("aabbcc", "patient (DICOM header, PatientID)"), ("xxxxxx", None), ("aabb  ", None)],
    ids=["named", "anonymized", "not all named"],
)
def test_patients_in_the_headers_are_groups(
    patients: str, source: str | None, tmp_path: Path, write_dicom
) -> None:
    for label in ("Benign", "Early"):
        for index, patient in enumerate(patients):
            path = tmp_path / label / f"{index}.dcm"
            write_dicom(path, SMOOTH + np.uint16(index), PatientID=patient.strip())
    dataset = open_dataset(tmp_path, load_task("leukemia").replace(classes=()))
    assert dataset.grouped_by == source
    expected = set(patients) if source else {None}
    assert {sample.group for sample in dataset.samples} == expected


def test_paired_folders_of_dicom_and_png(tmp_path: Path, write_dicom) -> None:
    from PIL import Image

    from automed.data.read_sample import read_sample

    truth = np.eye(16, dtype=np.uint8)
    (tmp_path / "masks").mkdir()
    for index in range(4):
        values = (np.indices((16, 16)).sum(axis=0) * 50 + index).astype(np.int16)
        write_dicom(tmp_path / "images" / f"{index}.dcm", values, **CT)
        Image.fromarray(truth * 255).save(tmp_path / "masks" / f"{index}.png")
    task = load_task("lung_nodule")
    dataset = open_dataset(tmp_path, task)
    assert dataset.layout == "paired_folders"
    image, mask = read_sample(dataset, dataset.by_id["2"], task)
    assert image.shape == (16, 16, 1)
    np.testing.assert_array_equal(mask, truth)
    other, _ = read_sample(dataset, dataset.by_id["2"], task.replace(window="bone"))
    assert (image != other).any(), "the task's window counts"
    with pytest.raises(DataError, match="no window 'lungs'; did you mean 'lung'"):
        audit(dataset, task.replace(window="lungs"))
