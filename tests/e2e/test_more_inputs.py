"""Searches beyond binary masks of colour images: paper 4's rule, volumes, several classes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import generate_uid

from automed.domain.trial import TrialState
from automed.search.view import read_study

QUICK = (
    "--no-pretrained", "--epochs", 2, "--image-size", 32, "--budget", 2,
    "--fix", "model.architecture=unet", "--fix", "model.encoder=tf_mobilenetv3_small_075",
    "--set", "training.batch_size=4",
)  # fmt: skip


def searched(automed, workspace: Path, task: str, *flags: object):
    """The trials of a search that must succeed, and what was printed."""
    done = automed("search", task, "--name", "s", *QUICK, *flags)
    assert done.code == 0, done.out + done.err
    trials = [t for t in read_study(workspace / "studies" / "s").trials if t.charged]
    assert [t.state for t in trials] == [TrialState.COMPLETE] * 2
    return trials, done.out


@pytest.mark.thorough
def test_the_update_rule_of_paper_4(automed, small_pairs: Path, workspace: Path) -> None:
    trials, _ = searched(
        automed, workspace, "polyp", "--data", small_pairs,
        "--fix", "training.optimizer=signmomentum", "--fix", "training.learning_rate=0.01",
    )  # fmt: skip
    for trial in trials:
        assert trial.config["training.optimizer"] == "signmomentum"
        assert {"training.alpha", "training.gamma"} <= set(trial.config)
        lines = (workspace / f"studies/s/trials/{trial.number:04d}/history.jsonl").read_text()
        first, second = (json.loads(line)["metrics"] for line in lines.splitlines())
        assert first["train_loss"] != second["train_loss"]


@pytest.mark.thorough
def test_brain_tumours_from_nifti(automed, tmp_path: Path, workspace: Path, write_nifti) -> None:
    root = tmp_path / "brats"
    for case in range(10):
        draw = np.random.default_rng(case)
        labels = np.zeros((24, 24, 4), np.uint8)
        labels[4:20, 6:18] = 2
        labels[7:14, 8:15] = 4
        labels[9:12, 10:13] = 1
        name = f"BraTS20_Training_{case + 1:03}"
        for sequence in ("flair", "t1", "t1ce", "t2"):
            values = draw.integers(50, 90, labels.shape) + 100 * labels.astype(np.int64)
            write_nifti(root / name / f"{name}_{sequence}.nii.gz", values.astype(np.int16))
        write_nifti(root / name / f"{name}_seg.nii.gz", labels)
    trials, _ = searched(automed, workspace, "brain_tumor", "--data", root)
    for trial in trials:
        metrics = trial.result.metrics
        assert {"dice_necrotic_core", "dice_oedema", "dice_enhancing_tumour"} <= set(metrics)
        assert trial.result.cost.input_shape == (4, 32, 32)
        assert len(trial.result.normalization.mean) == 4
    split = json.loads((workspace / "studies/s/split.json").read_text())
    patients = [{i.split("/")[0] for i in split[part]} for part in ("train", "val", "test")]
    assert [len(part) for part in patients] == [8, 1, 1]
    assert not patients[0] & (patients[1] | patients[2])


def test_lung_nodules_from_dicom(automed, tmp_path: Path, workspace: Path, write_dicom) -> None:
    root = tmp_path / "lidc"
    for patient in range(10):
        write_scan(root / f"LIDC-IDRI-{patient:04}" / "study" / "series", write_dicom)
    trials, out = searched(
        automed, workspace, "lung_nodule", "--data", root, "--set", "data.window=lung"
    )
    assert all(trial.result.cost.input_shape == (1, 32, 32) for trial in trials)
    spec = json.loads((workspace / "studies/s/study.json").read_text())
    assert spec["task"]["window"] == "lung"
    assert "front.png" in out


def write_scan(folder: Path, write_dicom) -> None:
    """Six slices of a lung; one reader outlines a square in four of them."""
    series, rois = generate_uid(), []
    top, bottom = [(x, 12) for x in range(10, 20)], [(x, 22) for x in range(20, 10, -1)]
    right, left = [(20, y) for y in range(12, 22)], [(10, y) for y in range(22, 12, -1)]
    square = top + right + bottom + left
    for index in range(6):
        values = np.full((32, 32), 170, np.int16)
        values[13:22, 11:20] = 1100
        uid = generate_uid()
        write_dicom(
            folder / f"{index}.dcm", values, SOPInstanceUID=uid, SeriesInstanceUID=series,
            RescaleSlope=1, RescaleIntercept=-1024, PatientID=folder.parts[-3],
        )  # fmt: skip
        edges = "".join(
            f"<edgeMap><xCoord>{x}</xCoord><yCoord>{y}</yCoord></edgeMap>" for x, y in square
        )
        if index < 4:
            rois.append(
                f"<roi><imageZposition>{index}</imageZposition><imageSOP_UID>{uid}</imageSOP_UID>"
                f"<inclusion>TRUE</inclusion>{edges}</roi>"
            )
    (folder / "1.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?><LidcReadMessage xmlns="http://www.nih.gov">'
        f"<ResponseHeader><SeriesInstanceUid>{series}</SeriesInstanceUid></ResponseHeader>"
        "<readingSession><unblindedReadNodule><noduleID>1</noduleID>"
        f"{''.join(rois)}</unblindedReadNodule></readingSession></LidcReadMessage>"
    )


def test_nucleus_and_cytoplasm_of_real_cells(automed, real_data: Path, workspace: Path) -> None:
    folder = real_data / "cell" / "segmentation_WBC" / "Dataset 1"
    trials, _ = searched(automed, workspace, "white_cell", "--data", folder)
    for trial in trials:
        assert {"dice_cytoplasm", "dice_nucleus"} <= set(trial.result.metrics)
    pictures = automed("front", "s", "-o", workspace / "plots")
    assert pictures.code == 0
    assert list((workspace / "plots").glob("*.png"))
