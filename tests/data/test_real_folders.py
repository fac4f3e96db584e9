"""Every real folder opens, passes its audit and has the counts that its source states."""

from __future__ import annotations

from pathlib import Path

import pytest

from automed.data.audit import audit
from automed.data.dataset import open_dataset
from automed.data.readers import read_image, read_masks
from automed.domain.errors import DataError
from automed.registry.tasks import load_task

pytestmark = pytest.mark.real_data

PAIRS, ONE, CLASSES = "paired_folders", "one_folder", "class_folders"
SEQUENCE = "sequence (sequences.csv, column sequence)"
PLATE = "plate (metadata.csv, column plate)"
FOLDERS = [
    ("cell", "cell/dsb2018_pairs", 394, PAIRS, None, 0),
    ("cell", "cell/dsb2018_stage1_native", 36, "object_masks", None, 0),
    ("cell", "cell/segmentation_WBC/Dataset 1", 200, ONE, None, 1),
    ("cell", "cell/segmentation_WBC/Dataset 2", 20, ONE, None, 0),
    pytest.param("polyp", "polyp/Kvasir-SEG", 240, PAIRS, None, 0, marks=pytest.mark.thorough),
    ("polyp", "polyp/CVC-ClinicDB/PNG", 245, PAIRS, SEQUENCE, 0),
    ("polyp", "polyp/CVC-ClinicDB/TIF", 4, PAIRS, SEQUENCE, 0),
    ("leukemia", "leukemia/ALL_4class", 1300, CLASSES, None, 6),
    pytest.param(
        "breast_cell",
        "breast_cell/BBBC021_MCF7_subset/png8_derived",
        1500,
        CLASSES,
        PLATE,
        0,
        marks=pytest.mark.thorough,
    ),
    ("breast_cell", "breast_cell/BBBC021_MCF7_subset/data_subset", 400, CLASSES, PLATE, 0),
]


@pytest.mark.parametrize(
    ("name", "folder", "count", "layout", "grouped_by", "copies"), FOLDERS, ids=str
)
def test_a_real_folder(
    name: str,
    folder: str,
    count: int,
    layout: str,
    grouped_by: str | None,
    copies: int,
    real_data: Path,
) -> None:
    task = load_task(name)
    dataset = open_dataset(real_data / folder, task)
    assert (len(dataset.samples), dataset.layout) == (count, layout)
    assert dataset.grouped_by == grouped_by
    found = audit(dataset, task)
    found.raise_for_errors()
    assert len(found.summary.duplicates) == copies
    if task.kind == "segmentation":
        assert found.summary.empty_masks == found.summary.full_masks == 0


def test_the_thirteen_sequences_and_six_plates_are_found(real_data: Path) -> None:
    polyp = open_dataset(real_data / "polyp/CVC-ClinicDB/PNG", load_task("polyp"))
    assert len({sample.group for sample in polyp.samples}) == 13
    cells = open_dataset(
        real_data / "breast_cell/BBBC021_MCF7_subset/png8_derived", load_task("breast_cell")
    )
    assert len({sample.group for sample in cells.samples}) == 6


def test_the_union_of_objects_equals_the_derived_masks(real_data: Path) -> None:
    """dsb2018_pairs was made from the same files by somebody else's code."""
    task = load_task("cell")
    native = open_dataset(real_data / "cell/dsb2018_stage1_native", task)
    derived = open_dataset(real_data / "cell/dsb2018_pairs", task)
    both = sorted(native.by_id.keys() & derived.by_id.keys())
    assert len(both) >= 20
    for identity in both:
        united = read_masks(native.mask_paths(native.by_id[identity]), "half")
        single = read_masks(derived.mask_paths(derived.by_id[identity]), "half")
        assert (united == single).all(), identity


def test_frames_in_tiff_equal_those_in_png(real_data: Path) -> None:
    task = load_task("polyp")
    tiff = open_dataset(real_data / "polyp/CVC-ClinicDB/TIF", task)
    png = open_dataset(real_data / "polyp/CVC-ClinicDB/PNG", task)
    both = tiff.by_id.keys() & png.by_id.keys()
    assert both
    for identity in both:
        pair = (tiff.image_path(tiff.by_id[identity]), png.image_path(png.by_id[identity]))
        assert (read_image(pair[0], 3) == read_image(pair[1], 3)).all()


@pytest.mark.parametrize(
    ("name", "folder", "choices"),
    [
        ("cell", "cell/segmentation_WBC", ["Dataset 1", "Dataset 2"]),
        ("polyp", "polyp/CVC-ClinicDB", ["PNG", "TIF"]),
        ("breast_cell", "breast_cell/BBBC021_MCF7_subset", ["data_subset", "png8_derived"]),
    ],
)
def test_several_data_sets_in_one_folder_are_for_the_user_to_choose(
    name: str, folder: str, choices: list[str], real_data: Path
) -> None:
    with pytest.raises(DataError, match="2 data sets") as caught:
        open_dataset(real_data / folder, load_task(name))
    for choice in choices:
        assert choice in str(caught.value)
