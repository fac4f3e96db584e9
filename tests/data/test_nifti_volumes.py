"""NIfTI volumes: slices, orientation, intensities, and folders of volumes."""

from __future__ import annotations

import itertools
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from nibabel.orientations import inv_ornt_aff, ornt_transform

from automed.data import volume
from automed.data.audit import audit
from automed.data.cache import build_cache
from automed.data.dataset import open_dataset
from automed.data.read_sample import read_sample
from automed.data.slices import read_slice
from automed.data.split import make_split
from automed.data.volume import filled_slices, read_label_volume, read_volume
from automed.data.window import Window
from automed.domain.data_options import DataOptions
from automed.domain.errors import DataError
from automed.registry.tasks import load_task

LUNG = load_task("lung_nodule")
BRAIN = load_task("brain_tumor")
GREY = LUNG.replace(window="auto", image_size=(16, 16))
RNG = np.random.default_rng(0)
SHAPE = (12, 10, 6)  # x, y, z: columns, rows, slices


def scan(seed: int = 0, dtype: type = np.int16) -> np.ndarray:
    """A body within air; the first and the last slice show only air."""
    values = np.random.default_rng(seed).integers(100, 900, SHAPE).astype(dtype)
    values[:2] = values[..., 0] = values[..., -1] = 0
    return values


def turned(values: np.ndarray, axes: str) -> tuple[np.ndarray, np.ndarray]:
    """The same LPS volume stored with other axes, and its affine."""
    start = nib.orientations.axcodes2ornt("LPS")
    change = ornt_transform(start, nib.orientations.axcodes2ornt(axes))
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ inv_ornt_aff(change, values.shape)
    return nib.orientations.apply_orientation(values, change), affine


def test_slices_are_rows_and_columns_as_radiologists_see_them(tmp_path, write_nifti) -> None:
    values = np.zeros(SHAPE, np.uint8)
    values[0, 1, 2] = 200  # the patient's right, in front, two slices up
    seen = read_volume(write_nifti(tmp_path / "a.nii", values), None)
    assert seen.shape == (6, 10, 12, 1)
    assert np.argwhere(seen).tolist() == [[2, 1, 0, 0]]


@pytest.mark.parametrize("axes", ["RAS", "LAS", "ASL", "SPR", "PIR"])
def test_the_files_own_axes_do_not_matter(axes: str, tmp_path: Path, write_nifti) -> None:
    values = scan()
    expected = read_volume(write_nifti(tmp_path / "a.nii", values), None)
    stored, affine = turned(values, axes)
    path = write_nifti(tmp_path / "b.nii.gz", stored, affine)
    np.testing.assert_array_equal(read_volume(path, None), expected)
    assert filled_slices(path) == ((6, 10, 12), (1, 2, 3, 4))


def test_percentiles_are_those_of_the_volume_without_its_background(tmp_path, write_nifti) -> None:
    values = scan(dtype=np.float32)
    seen = read_volume(write_nifti(tmp_path / "a.nii", values), None)[..., 0]
    low, high = np.percentile(values[values != 0], [0.1, 99.9])
    expected = ((values - low) / (high - low) * 255).clip(0, 255)
    np.testing.assert_allclose(seen, expected.transpose(2, 1, 0), atol=0.6)


def test_slices_of_a_volume_share_one_line(tmp_path: Path, write_nifti) -> None:
    """A slice that is dark in the volume stays dark; stretched by itself it would not."""
    values = np.full(SHAPE, 100, np.int16)
    values[..., 3] = RNG.integers(500, 1000, SHAPE[:2])
    values[::2, ::2, 2] = 110
    seen = read_volume(write_nifti(tmp_path / "a.nii", values), None)
    assert seen[2].max() < 10 < 100 < seen[3].min()


def test_uint8_stays_and_a_window_is_in_real_units(tmp_path: Path, write_nifti) -> None:
    small = RNG.integers(0, 200, SHAPE).astype(np.uint8)
    seen = read_volume(write_nifti(tmp_path / "a.nii", small), None)
    np.testing.assert_array_equal(seen[..., 0], small.transpose(2, 1, 0))
    image = nib.Nifti1Image(scan(), np.eye(4))
    image.header.set_slope_inter(2, -1024)  # stored 0 is air
    raw = np.round((scan().astype(float) + 1024) / 2).astype(np.int16)
    image = nib.Nifti1Image(raw, np.diag([-1.0, -1.0, 1.0, 1.0]), image.header)
    nib.save(image, tmp_path / "b.nii")
    real = np.asanyarray(nib.load(tmp_path / "b.nii").dataobj)
    seen = read_volume(tmp_path / "b.nii", Window(40, 400))[..., 0]
    expected = ((real - 39.5) / 399 + 0.5) * 255
    np.testing.assert_allclose(seen, expected.clip(0, 255).transpose(2, 1, 0), atol=0.6)


def test_a_fourth_axis_holds_channels_each_with_its_own_line(tmp_path: Path, write_nifti) -> None:
    values = np.stack([scan(n) * (1 + 30 * n) for n in range(4)], axis=-1).astype(np.int32)
    path = write_nifti(tmp_path / "a.nii.gz", values)
    seen = read_slice([path], 3, 4, "auto")
    assert seen.shape == (10, 12, 4)
    for channel in range(4):
        alone = write_nifti(tmp_path / f"{channel}.nii", values[..., channel])
        np.testing.assert_array_equal(seen[..., channel], read_slice([alone], 3, 1, "auto")[..., 0])


def test_grey_is_repeated_for_colour_and_other_numbers_are_named(tmp_path, write_nifti) -> None:
    path = write_nifti(tmp_path / "a.nii", scan())
    grey = read_slice([path], 2, 1, "auto")
    np.testing.assert_array_equal(read_slice([path], 2, 3, "auto"), np.repeat(grey, 3, axis=2))
    with pytest.raises(DataError, match=r"a\.nii has 1 channels") as caught:
        read_slice([path], 2, 4, "auto")
    assert "4 channels, as the task says" in str(caught.value)


@pytest.mark.parametrize("damage", ["truncated", "empty", "text", "gone", "complex"])
def test_what_cannot_be_read_is_named(damage: str, tmp_path: Path, write_nifti) -> None:
    kind = np.complex64 if damage == "complex" else np.int16
    path = write_nifti(tmp_path / "a.nii.gz", scan(dtype=kind))
    content = {"truncated": path.read_bytes()[:300], "empty": b"", "text": b"not an image"}
    path.unlink() if damage == "gone" else path.write_bytes(content.get(damage, path.read_bytes()))
    with pytest.raises(DataError, match=r"a\.nii\.gz"):
        read_volume(path, None)


def test_labels_are_whole_numbers(tmp_path: Path, write_nifti) -> None:
    labels = RNG.integers(0, 5, SHAPE)
    path = write_nifti(tmp_path / "a.nii", labels.astype(np.float32))
    np.testing.assert_array_equal(read_label_volume(path), labels.transpose(2, 1, 0))
    with pytest.raises(DataError, match="fractions"):
        read_label_volume(write_nifti(tmp_path / "b.nii", labels.astype(np.float32) / 2))


# Folders ----------------------------------------------------------------------------------------


def folders(root: Path, write_nifti, images: str, labels: str, count: int = 4) -> Path:
    for case in range(count):
        write_nifti(root / images / f"case_{case}.nii.gz", scan(case))
        write_nifti(root / labels / f"case_{case}.nii.gz", (scan(case) > 500).astype(np.uint8))
    return root


@pytest.mark.parametrize(
    ("images", "labels"), [("images", "masks"), ("images", "labels"), ("imagesTr", "labelsTr")]
)
def test_paired_folders_of_volumes(images: str, labels: str, tmp_path: Path, write_nifti) -> None:
    dataset = open_dataset(folders(tmp_path, write_nifti, images, labels), GREY)
    assert dataset.layout == "paired_folders"
    assert len(dataset.samples) == 16
    assert "4 volumes of 6 slices" in dataset.notes[0]
    assert "8 without anything" in dataset.notes[0]
    assert dataset.grouped_by == "volume (its file)"
    assert len({sample.group for sample in dataset.samples}) == 4
    image, mask = read_sample(dataset, dataset.by_id["case_2/003"], GREY)
    assert image.shape == (10, 12, 1)
    np.testing.assert_array_equal(mask, (scan(2) > 500)[..., 3].T)


def test_a_mask_with_other_axes_still_fits(tmp_path: Path, write_nifti) -> None:
    root = folders(tmp_path, write_nifti, "images", "masks")
    stored, affine = turned((scan(1) > 500).astype(np.uint8), "RAS")
    write_nifti(root / "masks" / "case_1.nii.gz", stored, affine)
    dataset = open_dataset(root, GREY)
    _, mask = read_sample(dataset, dataset.by_id["case_1/002"], GREY)
    np.testing.assert_array_equal(mask, (scan(1) > 500)[..., 2].T)


def test_the_audit_counts_volumes_and_names_what_does_not_fit(tmp_path, write_nifti) -> None:
    root = folders(tmp_path, write_nifti, "images", "masks")
    summary = audit(open_dataset(root, GREY), GREY).summary
    assert (summary.volumes, summary.samples, summary.formats) == (4, 16, {".nii.gz": 4})
    assert ("volumes", "4, 4 slices of each on average") in summary.lines()
    write_nifti(root / "masks" / "case_1.nii.gz", np.ones((12, 10, 5), np.uint8))
    (root / "images" / "case_3.nii.gz").write_bytes(b"damaged")
    found = audit(open_dataset(root, GREY), GREY)
    assert [e.code for e in found.errors] == ["unreadable"]
    assert set(found.errors[0].files) == {"masks/case_1.nii.gz", "images/case_3.nii.gz"}
    assert "5x10x12 (slices x height x width)" in found.errors[0].message


def test_a_table_of_patients_comes_before_the_volumes(tmp_path: Path, write_nifti) -> None:
    root = folders(tmp_path, write_nifti, "images", "masks")
    rows = [f"case_{case}.nii.gz,p{case // 2}" for case in range(4)]
    (root / "patients.csv").write_text("\n".join(["image,patient", *rows]))
    dataset = open_dataset(root, GREY)
    assert dataset.grouped_by == "patient (patients.csv, column patient)"
    assert {sample.group for sample in dataset.samples} == {"p0", "p1"}


def test_a_manifest_of_volumes(tmp_path: Path, write_nifti) -> None:
    root = folders(tmp_path, write_nifti, "a", "b")
    rows = [f"a/case_{case}.nii.gz,b/case_{case}.nii.gz,g{case}" for case in range(4)]
    (root / "manifest.csv").write_text("\n".join(["image,mask,group", *rows]))
    dataset = open_dataset(root, GREY)
    assert dataset.layout == "manifest"
    assert len(dataset.samples) == 16
    assert {sample.group for sample in dataset.samples} == {"g0", "g1", "g2", "g3"}


def test_nnunet_channels(tmp_path: Path, write_nifti) -> None:
    task = BRAIN.replace(channels=2, classes=("lesion",), mask_values=())
    for case, channel in itertools.product(range(3), range(2)):
        path = tmp_path / "imagesTr" / f"liver_{case:03}_{channel:04}.nii.gz"
        write_nifti(path, scan(10 * case + channel))
    for case in range(3):
        label = (scan(case) > 500).astype(np.uint8)
        write_nifti(tmp_path / "labelsTr" / f"liver_{case:03}.nii.gz", label)
    dataset = open_dataset(tmp_path, task)
    assert dataset.layout == "nnunet"
    sample = dataset.by_id["liver_001/002"]
    assert sample.images == (
        "imagesTr/liver_001_0000.nii.gz",
        "imagesTr/liver_001_0001.nii.gz",
    )
    image, _ = read_sample(dataset, sample, task)
    for channel in range(2):
        alone = read_slice([dataset.root / sample.images[channel]], 2, 1, "auto")
        np.testing.assert_array_equal(image[..., channel], alone[..., 0])
    (tmp_path / "imagesTr" / "liver_001_0001.nii.gz").unlink()
    with pytest.raises(DataError, match="different channels") as caught:
        open_dataset(tmp_path, task)
    assert "liver_001 (0000)" in str(caught.value)


def test_the_digest_is_that_of_the_content(tmp_path: Path, write_nifti) -> None:
    root = folders(tmp_path, write_nifti, "images", "masks")
    before = open_dataset(root, GREY).digest
    assert open_dataset(root, GREY).digest == before
    write_nifti(root / "masks" / "case_1.nii.gz", (scan(1) > 400).astype(np.uint8))
    assert open_dataset(root, GREY).digest != before


def test_slices_of_one_volume_are_no_twins(tmp_path: Path, write_nifti) -> None:
    """Whoever waives groups may split slice by slice, although all lie in one file."""
    root = folders(tmp_path, write_nifti, "images", "masks", count=1)
    for case in range(2, 5):  # copies of one another, and tied for that
        write_nifti(root / "images" / f"copy_{case}.nii.gz", scan(9))
        write_nifti(root / "masks" / f"copy_{case}.nii.gz", (scan(9) > 500).astype(np.uint8))
    dataset = open_dataset(root, GREY, DataOptions(no_groups="a test"))
    split = make_split(dataset, GREY.split, seed=0)
    parts = {part: {s for s in ids if s.startswith("case_0")} for part, ids in split.model_dump(
        include={"train", "val", "test"}).items()}  # fmt: skip
    assert sum(map(bool, parts.values())) > 1
    for index in range(1, 5):
        copies = {f"copy_{case}/{index:03}" for case in range(2, 5)}
        assert any(copies <= set(ids) for ids in (split.train, split.val, split.test))


def test_a_volume_is_decompressed_once_for_all_of_its_slices(
    tmp_path: Path, write_nifti, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folders(tmp_path, write_nifti, "images", "masks")
    dataset = open_dataset(root, GREY)
    reads: list[str] = []
    original = volume._read

    def counted(path: Path, **given):
        reads.append(path.name)
        return original(path, **given)

    monkeypatch.setattr(volume, "_read", counted)
    cache = build_cache(dataset, GREY, tmp_path / "cache")
    assert cache.images.shape == (16, 16, 16, 1)
    assert sorted(reads) == sorted(2 * [f"case_{case}.nii.gz" for case in range(4)])


def test_several_classes_in_a_volume_reach_the_cache(tmp_path: Path, write_nifti) -> None:
    task = BRAIN.replace(channels=1, image_size=(20, 24))
    for case in range(3):
        write_nifti(tmp_path / "images" / f"{case}.nii.gz", scan(case))
        labels = np.array([0, 1, 2, 4], np.uint8)[scan(case) % 4]
        write_nifti(tmp_path / "labels" / f"{case}.nii.gz", labels)
    dataset = open_dataset(tmp_path, task)
    cache = build_cache(dataset, task, tmp_path / "cache")
    row = cache.targets[cache.index(["1/002"])[0]]
    np.testing.assert_array_equal(row[::2, ::2], (scan(1) % 4)[..., 2].T)
    assert set(np.unique(cache.targets)) == {0, 1, 2, 3}
