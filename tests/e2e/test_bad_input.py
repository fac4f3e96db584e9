"""Bad input ends with exit code 2 and a message that names what was found and the next step."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

QUICK = ("--no-pretrained", "--budget", 1, "--epochs", 1, "--image-size", 32)


def refused(done, *parts: str) -> None:
    assert done.code == 2, done.out + done.err
    text = " ".join(done.err.split())
    assert "error:" in text
    for part in parts:
        assert part in text, text
    assert "Traceback" not in done.err


def test_an_unknown_task(automed) -> None:
    refused(automed("search", "polpy"), "'polpy'", "did you mean 'polyp'", "automed tasks")


def test_an_empty_folder(automed, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused(automed("search", "polyp", "--data", tmp_path / "empty", *QUICK), "empty")


def test_a_missing_folder(automed, tmp_path: Path) -> None:
    refused(automed("search", "polyp", "--data", tmp_path / "nowhere", *QUICK), "nowhere")


def test_images_without_masks(automed, small_pairs: Path) -> None:
    for mask in (small_pairs / "masks").iterdir():
        mask.unlink()
    (small_pairs / "masks").rmdir()
    refused(automed("search", "polyp", "--data", small_pairs, *QUICK), "mask")


def test_some_images_without_masks(automed, small_pairs: Path) -> None:
    (small_pairs / "masks" / "07.png").unlink()
    refused(automed("search", "polyp", "--data", small_pairs, *QUICK), "07.png")


def test_a_mask_of_another_size(automed, small_pairs: Path) -> None:
    cv2.imwrite(str(small_pairs / "masks" / "03.png"), np.full((20, 20), 255, np.uint8))
    refused(automed("search", "polyp", "--data", small_pairs, *QUICK), "03.png", "20x20", "40x48")


@pytest.mark.parametrize("content", [b"", b"not an image"])
def test_an_unreadable_file(automed, small_pairs: Path, content: bytes) -> None:
    (small_pairs / "images" / "05.png").write_bytes(content)
    refused(automed("data", "add", "polyp", small_pairs), "05.png")


def test_a_truncated_file(automed, small_pairs: Path) -> None:
    file = small_pairs / "images" / "05.png"
    file.write_bytes(file.read_bytes()[:-200])
    refused(automed("data", "add", "polyp", small_pairs), "05.png")


def test_one_class_only(automed, small_pairs: Path, tmp_path: Path) -> None:
    (tmp_path / "classes").mkdir()
    (small_pairs / "images").rename(tmp_path / "classes" / "Benign")
    done = automed("search", "leukemia", "--data", tmp_path / "classes", *QUICK)
    refused(done, "Benign", "class")


def test_a_group_that_spans_everything(automed, small_pairs: Path) -> None:
    rows = "".join(f"{n:02d},a\n" for n in range(20))
    (small_pairs / "patients.csv").write_text("image,patient\n" + rows)
    refused(automed("search", "polyp", "--data", small_pairs, *QUICK), "group", "patient")


@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        (("--set", "training.los=bce"), ("training.los", "did you mean 'training.loss'")),
        (("--set", "training.loss=hinge"), ("hinge", "bce+dice")),
        (("--set", "training.learning_rate=1"), ("1.0", "1e-05 to 0.01")),
        (("--set", "training.patience=0"), ("training.patience", "greater than")),
        (("--set", "training.loss"), ("--set key=value",)),
        (("--fix", "model.encodr=x"), ("model.encodr", "did you mean 'model.encoder'")),
        (("--fix", "model.encoder=resnet999"), ("resnet999", "regnety_016")),
        (("--budget", "0"), ("--budget", "at least 1")),
        (("--budget", "-3"), ("--budget", "-3")),
        (("--epochs", "0"), ("--epochs",)),
        (("--image-size", "big"), ("--image-size", "288x384")),
        (("--image-size", "8"), ("--image-size", "at least 16")),
        (("--max-gflops", "-1"), ("--max-gflops",)),
        (("--sampler", "magic"), ("magic", "tpe")),
        (("--device", "cuda:99"), ("cuda:99",)),
        (("--group-pattern", "("), ("--group-pattern",)),
        (("--group-pattern", "abc"), ("--group-pattern", "(group)")),
        (("--mask-values", "all"), ("mask",)),
        (("--weights", "/nowhere"), ("/nowhere",)),
        (("--layout", "spiral"), ("spiral",)),
    ],
)
def test_a_flag_that_cannot_be(automed, small_pairs: Path, flags, parts) -> None:
    without = [f for f in QUICK]
    for flag in flags[::2]:
        if flag in without:
            index = without.index(flag)
            del without[index : index + 2]
    if "--weights" in flags:
        without.remove("--no-pretrained")
    refused(automed("search", "polyp", "--data", small_pairs, *without, *flags), *parts)


def test_a_constraint_that_nothing_can_meet(automed, small_pairs: Path) -> None:
    few = ("--fix", "model.architecture=unet", "--fix", "model.encoder=tf_mobilenetv3_small_075")
    done = automed(
        "search", "polyp", "--data", small_pairs, *QUICK, *few, "--max-gflops", "0.00001"
    )
    refused(done, "GFLOPs", "at most 1e-05", "--max-gflops 0.00")


@pytest.mark.parametrize("path", ["/proc/automed", "{file}/below"])
def test_an_unwritable_workspace(automed, tmp_path: Path, path: str) -> None:
    (tmp_path / "file").touch()
    path = path.format(file=tmp_path / "file")
    refused(automed("search", "polyp", *QUICK, "--workspace", path), path, "--workspace")


def test_resume_of_nothing(automed) -> None:
    refused(automed("search", "polyp", "--resume"), "polyp", "automed search polyp")
    refused(automed("search", "polyp", "--resume", "--name", "gone"), "gone")
    refused(automed("front", "gone"), "gone", "automed studies")


def test_resume_refuses_other_settings(automed) -> None:
    refused(automed("search", "polyp", "--resume", "--seed", 3), "--seed")


def test_a_study_name_that_is_no_folder_name(automed, small_pairs: Path) -> None:
    done = automed("search", "polyp", "--data", small_pairs, *QUICK, "--name", "../up")
    refused(done, "--name", "../up")


def test_too_few_samples_to_train_on(automed, small_pairs: Path) -> None:
    for number in range(3, 20):
        for part in ("images", "masks"):
            (small_pairs / part / f"{number:02d}.png").unlink()
    refused(automed("search", "polyp", "--data", small_pairs, *QUICK), "3 samples", "at least 2")
