"""The folders of BraTS, from 2018 to 2023."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from automed.data.audit import audit
from automed.data.dataset import open_dataset
from automed.data.read_sample import read_sample
from automed.data.split import make_split
from automed.domain.errors import DataError
from automed.registry.tasks import load_task

TASK = load_task("brain_tumor")
OLD = ("flair", "t1", "t1ce", "t2")
NEW = ("t2f", "t1n", "t1c", "t2w")
SHAPE = (14, 12, 8)


def brain(case: int, channel: int) -> np.ndarray:
    values = np.random.default_rng(10 * case + channel).integers(50, 600, SHAPE)
    values[:3] = values[..., :2] = 0
    return values.astype(np.int16)


def tumour(case: int, enhancing: int) -> np.ndarray:
    values = np.random.default_rng(case).integers(0, 4, SHAPE).astype(np.uint8)
    values[values == 3] = enhancing
    values[brain(case, 0) == 0] = 0
    return values


def write_case(root: Path, write_nifti, case: int, *, name: str, new: bool = False, seg="seg"):
    between = "-" if new else "_"
    for channel, sequence in enumerate(NEW if new else OLD):
        path = root / name / f"{name}{between}{sequence}.nii.gz"
        write_nifti(path, brain(case, channel))
    labels = tumour(case, 3 if new else 4)
    write_nifti(root / name / f"{name}{between}{seg}.nii.gz", labels)


@pytest.fixture
def brats(tmp_path: Path, write_nifti) -> Path:
    for case in range(5):
        name = f"BraTS20_Training_{case + 1:03}"
        write_case(tmp_path, write_nifti, case, name=name, seg="Segm" if case == 4 else "seg")
    (tmp_path / "name_mapping.csv").write_text("Grade,BraTS_2020_subject_ID\nHGG,x\n")
    return tmp_path


def test_each_slice_with_brain_is_a_sample(brats: Path) -> None:
    dataset = open_dataset(brats, TASK)
    assert dataset.layout == "brats"
    assert len(dataset.samples) == 5 * 6
    assert dataset.grouped_by == "patient (name of the case)"
    assert "flair, t1, t1ce, t2" in dataset.notes[0]
    sample = dataset.by_id["BraTS20_Training_003/004"]
    assert (sample.slice, sample.group) == (4, "BraTS20_Training_003")
    image, mask = read_sample(dataset, sample, TASK)
    assert image.shape == (12, 14, 4)
    for channel in range(4):
        values = brain(2, channel)
        low, high = np.percentile(values[values != 0], [0.1, 99.9])
        expected = ((values[..., 4].T - low) / (high - low) * 255).clip(0, 255)
        np.testing.assert_allclose(image[..., channel], expected, atol=0.6)
    expected = np.array([0, 1, 2, 9, 3])[tumour(2, 4)[..., 4].T]
    np.testing.assert_array_equal(mask, expected)


def test_no_patient_is_cut(brats: Path) -> None:
    dataset = open_dataset(brats, TASK)
    split = make_split(dataset, TASK.split, seed=0)
    groups = [
        {dataset.by_id[i].group for i in part} for part in (split.train, split.val, split.test)
    ]
    assert sum(map(len, groups)) == 5


def test_the_audit_knows_the_facts(brats: Path) -> None:
    found = audit(open_dataset(brats, TASK), TASK)
    lines = dict(found.summary.lines())
    assert found.errors == ()
    assert lines["samples"] == "30 (brats)"
    assert lines["images"] == "20 .nii.gz; all 12x14 (height x width)"
    assert lines["volumes"] == "5, 6 slices of each on average"
    assert lines["channels"] == "4"
    assert "oedema" in lines["classes"]


def test_2023_writes_3_for_the_enhancing_tumour(tmp_path: Path, write_nifti) -> None:
    for case in range(3):
        name = f"BraTS-GLI-{case // 2:05}-{case % 2:03}"
        write_case(tmp_path, write_nifti, case, name=name, new=True)
    dataset = open_dataset(tmp_path, TASK)
    assert dataset.mask_values == (1, 2, 3)
    assert {s.group for s in dataset.samples} == {"BraTS-GLI-00000", "BraTS-GLI-00001"}
    _, mask = read_sample(dataset, dataset.by_id["BraTS-GLI-00000-001/005"], TASK)
    np.testing.assert_array_equal(mask, tumour(1, 3)[..., 5].T)
    assert [w.code for w in audit(dataset, TASK).warnings if w.code == "stray-values"] == []


def test_grades_in_folders_of_their_own(tmp_path: Path, write_nifti) -> None:
    for case in range(4):
        grade = "HGG" if case % 2 else "LGG"
        write_case(tmp_path / "set" / grade, write_nifti, case, name=f"Brats18_{case}_1")
    dataset = open_dataset(tmp_path, TASK)
    assert dataset.layout == "brats"
    assert len({sample.group for sample in dataset.samples}) == 4
    assert "HGG/Brats18_1_1/003" in dataset.by_id


def test_a_binary_task_takes_the_whole_tumour(brats: Path) -> None:
    task = TASK.replace(classes=("tumour",), mask_values=())
    dataset = open_dataset(brats, task)
    _, mask = read_sample(dataset, dataset.by_id["BraTS20_Training_001/003"], task)
    np.testing.assert_array_equal(mask, tumour(0, 4)[..., 3].T > 0)


def test_a_task_with_other_channels_is_told(brats: Path) -> None:
    task = TASK.replace(channels=3)
    dataset = open_dataset(brats, task)
    with pytest.raises(DataError, match="has 4 channels"):
        read_sample(dataset, dataset.samples[0], task)


def test_a_missing_sequence_is_named(brats: Path) -> None:
    next(brats.glob("*_002/*_t1ce.nii.gz")).unlink()
    with pytest.raises(DataError, match="1 case") as caught:
        open_dataset(brats, TASK)
    assert "BraTS20_Training_002: t1ce" in str(caught.value)


def test_cases_without_a_mask_are_listed(brats: Path) -> None:
    next(brats.glob("*_002/*_seg.nii.gz")).unlink()
    dataset = open_dataset(brats, TASK)
    assert dataset.images_alone == ("BraTS20_Training_002/BraTS20_Training_002_flair.nii.gz",)
    assert len(dataset.samples) == 4 * 6


def test_two_years_in_one_folder_are_refused(brats: Path, write_nifti) -> None:
    write_case(brats, write_nifti, 9, name="BraTS-GLI-00009-000", new=True)
    with pytest.raises(DataError, match="mixes"):
        open_dataset(brats, TASK)


def test_a_change_in_any_sequence_changes_the_digest(brats: Path, write_nifti) -> None:
    before = open_dataset(brats, TASK).digest
    write_nifti(next(brats.glob("*_003/*_t2.nii.gz")), brain(77, 3))
    assert open_dataset(brats, TASK).digest != before
