"""Manifests: a CSV file lists images with labels or masks, however people write one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from automed.data.dataset import open_dataset
from automed.domain.data_options import DataOptions
from automed.domain.errors import DataError
from automed.registry.tasks import load_task

CELL = load_task("cell")
LEUKEMIA = load_task("leukemia")


def draw(root: Path, *names: str) -> None:
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), number, np.uint8)).save(root / name)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    draw(tmp_path, *(f"{d}/{i}.png" for d in ("pictures", "truth") for i in range(4)))
    return tmp_path


SPELLINGS = {
    "plain": "path,label\npictures/0.png,a\npictures/1.png,b\npictures/2.png,a\npictures/3.png,b\n",
    "other columns, case, order": "Label;extra;Image Path\na;x;pictures/0.png\nb;x;pictures/1.png\n"
    "a;x;pictures/2.png\nb;x;pictures/3.png\n",
    "windows": "\ufeffFilename\tClass\r\n.\\pictures\\0.png\ta\r\npictures\\1.png\tb\r\n"
    "pictures\\2.png\ta\r\npictures\\3.png\tb\r\n",
    "quoted, blank lines": 'image,diagnosis\n"pictures/0.png","a"\n\npictures/1.png, b \n'
    "pictures/2.png,a\npictures/3.png,b\n\n",
    "upper-case endings": "image,dx\npictures/0.PNG,a\npictures/1,b\npictures/2,a\npictures/3,b\n",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_labels_however_they_are_written(spelling: str, root: Path) -> None:
    (root / "anything.csv").write_text(SPELLINGS[spelling], encoding="utf-8", newline="")
    dataset = open_dataset(root, LEUKEMIA)
    assert dataset.layout == "manifest"
    assert {s.image: s.label for s in dataset.samples} == {
        f"pictures/{i}.png": "ab"[i % 2] for i in range(4)
    }
    assert dataset.notes[0].startswith("read from anything.csv")


def test_latin_1_is_read(root: Path) -> None:
    draw(root, "Körper/9.png")
    text = "path,label\nKörper/9.png,gesund\npictures/1.png,kränk\n"
    (root / "manifest.csv").write_bytes(text.encode("latin-1"))
    assert open_dataset(root, LEUKEMIA).classes == ("gesund", "kränk")


def test_names_alone_suffice_where_they_are_unique(tmp_path: Path) -> None:
    """HAM10000: image_id without an ending, images in two folders."""
    draw(tmp_path, "part_1/ISIC_1.png", "part_2/ISIC_2.png")
    (tmp_path / "HAM10000_metadata.csv").write_text(
        "lesion_id,image_id,dx\nL1,ISIC_1,nv\nL2,ISIC_2,mel\n"
    )
    dataset = open_dataset(tmp_path, LEUKEMIA)
    assert [(s.image, s.label, s.group) for s in dataset.samples] == [
        ("part_1/ISIC_1.png", "nv", "L1"),
        ("part_2/ISIC_2.png", "mel", "L2"),
    ]


def test_masks_and_groups(root: Path) -> None:
    (root / "manifest.csv").write_text(
        "image,mask,group\n"
        + "".join(f"pictures/{i}.png,truth/{i}.png,p{i // 2}\n" for i in range(4))
        + "pictures/3.png,truth/0.png,p1\n"
    )
    dataset = open_dataset(root, CELL)
    assert dataset.grouped_by == "group (manifest.csv, column group)"
    assert [s.group for s in dataset.samples] == ["p0", "p0", "p1", "p1"]
    assert dataset.by_id["pictures/3"].masks == ("truth/3.png", "truth/0.png")


def test_the_group_that_the_task_wants_is_preferred(root: Path) -> None:
    rows = "".join(f"pictures/{i}.png,{'ab'[i % 2]},h,p{i}\n" for i in range(4))
    (root / "manifest.csv").write_text("path,label,hospital,Patient ID\n" + rows)
    assert open_dataset(root, LEUKEMIA).grouped_by == "Patient ID (manifest.csv, column Patient ID)"


def test_parts_in_several_manifests_are_taken_together(root: Path) -> None:
    (root / "train.csv").write_text("path,label\npictures/0.png,a\npictures/1.png,b\n")
    (root / "test.csv").write_text("path,label\npictures/2.png,a\npictures/3.png,b\n")
    assert sorted(open_dataset(root, LEUKEMIA).by_id) == [
        "test/pictures/2", "test/pictures/3", "train/pictures/0", "train/pictures/1",
    ]  # fmt: skip


def test_several_manifests_of_one_folder_are_not_guessed_between(root: Path) -> None:
    for name in ("expert_1.csv", "expert_2.csv"):
        (root / name).write_text("path,label\npictures/0.png,a\npictures/1.png,b\n")
    with pytest.raises(DataError, match="2 data sets") as caught:
        open_dataset(root, LEUKEMIA)
    assert "expert_1" in str(caught.value)


def test_a_table_about_other_files_is_no_manifest(tmp_path: Path) -> None:
    draw(tmp_path, "a/1.png", "b/2.png")
    (tmp_path / "other.csv").write_text("path,label\nx/9.png,q\nx/8.png,r\n")
    assert open_dataset(tmp_path, LEUKEMIA).layout == "class_folders"
    with pytest.raises(DataError, match="do not exist"):
        open_dataset(tmp_path, LEUKEMIA, DataOptions(layout="manifest"))


FLAWS = {
    "path,label\npictures/0.png,a\npictures/1.png,b\npictures/7.png,b\n": "pictures/7.png",
    "path,label\npictures/0.png,a\npictures/1.png,\n": "no label for pictures/1.png",
    "path,label\npictures/0.png,a\npictures/0.png,b\n": "several labels",
    "path,label,group\npictures/0.png,a,\npictures/1.png,b,1\n": "no group for pictures/0.png",
    "path,label,group\npictures/0.png,a,1\npictures/0.png,a,2\n": "several groups",
    "path,label\npictures/0.png,a,b,c\npictures/1.png,b\n": "longer than its header",
    'path,label\npictures/0.png,a\n"pictures/1.png,b\n': "no CSV file",
}


@pytest.mark.parametrize("text", FLAWS)
def test_a_flaw_is_named_with_the_file(text: str, root: Path) -> None:
    (root / "manifest.csv").write_text(text)
    with pytest.raises(DataError, match=r"manifest\.csv") as caught:
        open_dataset(root, LEUKEMIA)
    assert FLAWS[text] in str(caught.value)


def test_a_missing_mask_is_named(root: Path) -> None:
    (root / "manifest.csv").write_text("image,mask\npictures/0.png,truth/77.png\n")
    with pytest.raises(DataError, match="mask that does not exist") as caught:
        open_dataset(root, CELL)
    assert "truth/77.png" in str(caught.value)
