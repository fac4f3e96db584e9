"""Images and masks in two folders whose names say nothing: told from classes by a few pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray

from automed.data.dataset import open_dataset
from automed.data.proposal_look import open_unknown
from automed.domain.data_options import DataOptions
from automed.domain.errors import DataError
from automed.registry.tasks import load_task

CELL, LEUKEMIA = load_task("cell"), load_task("leukemia")
AUTO = DataOptions()
Draw = Callable[[int], NDArray[np.uint8]]


def photo(seed: int) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).normal(0, 12, (60, 80, 3))
    rows, columns = np.mgrid[:60, :80]
    return (130 + 70 * np.sin((columns + seed) / 15 + rows / 9)[..., None] + noise).clip(
        0, 255
    ).astype(np.uint8)  # fmt: skip


def bright_field(seed: int) -> NDArray[np.uint8]:
    """A few stained cells on white."""
    image = np.full((60, 80, 3), 255, np.uint8)
    image[20:30, 20:32] = photo(seed)[20:30, 20:32]
    return image


def fluorescence(seed: int) -> NDArray[np.uint8]:
    """A few glowing cells on black."""
    image = np.zeros((60, 80, 3), np.uint8)
    image[20:30, 20:32] = photo(seed)[20:30, 20:32]
    return image


def mask(seed: int) -> NDArray[np.uint8]:
    found = np.zeros((60, 80), np.uint8)
    if seed % 3:  # some are empty
        cv2.circle(found, (30 + seed, 28), 15, 255, -1)
    return found


def label_map(seed: int) -> NDArray[np.uint8]:
    found = mask(seed) // 255
    found[50:, :20] = 2
    return found


def soft(seed: int) -> NDArray[np.uint8]:
    """A mask with wide soft edges."""
    return cv2.GaussianBlur(mask(1 + 3 * (seed % 3)), (7, 7), 0)


def folders(root: Path, **drawn: tuple[Draw, str]) -> Path:
    for folder, (draw, name) in drawn.items():
        (root / folder).mkdir(parents=True)
        for number in range(8):
            cv2.imwrite(str(root / folder / name.format(number)), draw(number))
    return root


def kinds(root: Path) -> tuple[str, str]:
    dataset, task = open_unknown(root, "mine", None, AUTO)
    return task.kind, dataset.layout


@pytest.mark.parametrize(("images", "masks"), [("Bilder", "Masken"), ("a", "b"), ("z", "b")])
@pytest.mark.parametrize("name", ["X{:02}_Maske.jpg", "X{:02}.jpg", "pre_X{:02}.png"])
@pytest.mark.parametrize("drawn", [photo, bright_field, fluorescence])
def test_masks_are_told_by_their_pixels(
    images: str, masks: str, name: str, drawn: Draw, tmp_path: Path
) -> None:
    root = folders(tmp_path, **{images: (drawn, "X{:02}.jpg"), masks: (mask, name)})
    assert kinds(root) == ("segmentation", "paired_folders")
    samples = open_dataset(root, CELL).samples
    assert [(s.image, s.masks) for s in samples] == [
        (f"{images}/X{n:02}.jpg", (f"{masks}/{name.format(n)}",)) for n in range(8)
    ]
    with pytest.raises(DataError, match="this looks like paired_folders with 8 samples"):
        open_dataset(root, LEUKEMIA)


def test_maps_of_several_classes_and_volumes_are_masks(tmp_path: Path) -> None:
    flat = folders(tmp_path / "flat", left=(photo, "{}.png"), right=(label_map, "{}.png"))
    assert kinds(flat) == ("segmentation", "paired_folders")
    for folder, draw in (("left", photo), ("right", label_map)):
        (tmp_path / "deep" / folder).mkdir(parents=True)
        for number in range(3):
            slices = [np.atleast_3d(draw(number + z))[..., 0] for z in range(4)]
            values = np.stack(slices, axis=-1).astype(np.int16)
            path = tmp_path / "deep" / folder / f"{number}.nii.gz"
            nib.save(nib.Nifti1Image(values, np.eye(4)), path)
    assert kinds(tmp_path / "deep") == ("segmentation", "paired_folders")


@pytest.mark.parametrize("one", [photo, bright_field, fluorescence])
@pytest.mark.parametrize("other", [photo, bright_field, fluorescence])
def test_classes_that_are_numbered_alike_stay_classes(
    one: Draw, other: Draw, tmp_path: Path
) -> None:
    root = folders(tmp_path, benign=(one, "{}.png"), early=(lambda n: other(n + 50), "{}.png"))
    assert kinds(root) == ("classification", "class_folders")


def test_four_classes_stay_classes(tmp_path: Path) -> None:
    names = ("Benign", "Early", "Pre", "Pro")
    root = folders(tmp_path, **{name: (photo, f"{name}-{{}}.jpg") for name in names})
    assert kinds(root) == ("classification", "class_folders")


@pytest.mark.parametrize("beside", [photo, mask])
@pytest.mark.parametrize("task", [CELL, LEUKEMIA])
def test_what_is_not_clear_is_asked(task: object, beside: Draw, tmp_path: Path) -> None:
    root = folders(tmp_path, a=(beside, "X{}.png"), b=(soft, "X{}_p.png"))
    with pytest.raises(DataError, match="whether one of the folders holds masks") as caught:
        open_dataset(root, task)  # type: ignore[arg-type]
    for part in ("images/", "masks/", "manifest.csv", "--layout class_folders"):
        assert part in str(caught.value.hint)
    classes = open_unknown(root, "mine", None, DataOptions(layout="class_folders"))
    assert classes[1].kind == "classification"
    (root / "b").rename(root / "masks")
    assert kinds(root) == ("segmentation", "paired_folders")


def test_masks_of_two_folders_of_pictures_are_asked_for(tmp_path: Path) -> None:
    root = folders(
        tmp_path, a=(photo, "{}.png"), b=(mask, "{}.png"), overlay=(bright_field, "{}.png")
    )
    with pytest.raises(DataError, match="whether one of the folders holds masks"):
        open_unknown(root, "mine", None, AUTO)


def test_a_folder_for_each_patient_is_no_folder_of_masks(tmp_path: Path) -> None:
    for patient in ("P1", "P2"):
        folders(tmp_path / patient, a=(photo, "{}.png"), b=(mask, "{}.png"))
    with pytest.raises(DataError, match="holds 2 data sets"):
        open_unknown(tmp_path, "mine", None, AUTO)


def test_a_folder_for_a_layout_of_the_other_kind_says_so(tmp_path: Path) -> None:
    root = folders(tmp_path, a=(photo, "{}.png"), b=(mask, "{}.png"))
    with pytest.raises(DataError, match="this layout is for segmentation"):
        open_dataset(root, LEUKEMIA, DataOptions(layout="paired_folders"))
    probe = open_unknown(root, "mine", None, DataOptions(layout="paired_folders"))[1]
    assert probe.kind == "segmentation"
