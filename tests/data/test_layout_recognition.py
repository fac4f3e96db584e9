"""open_dataset on generated folders: every layout, by whatever names people give the folders."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from automed.data.dataset import Dataset, open_dataset
from automed.data.layouts import LAYOUTS
from automed.domain.data_options import DataOptions
from automed.domain.errors import DataError
from automed.domain.task import ClassificationTask, SegmentationTask
from automed.registry.tasks import load_task

POLYP = load_task("polyp")
LEUKEMIA = load_task("leukemia")
AnyTask = SegmentationTask | ClassificationTask


def draw(root: Path, names: Iterable[str]) -> Path:
    """Write images, all different, masks too."""
    for number, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
    return root


def pairs(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    return {sample.image: sample.masks for sample in dataset.samples}


def expect(root: Path, layout: str, expected: dict[str, tuple[str, ...]]) -> Dataset:
    draw(root, [*expected, *(mask for masks in expected.values() for mask in masks)])
    dataset = open_dataset(root, POLYP)
    assert dataset.layout == layout
    assert pairs(dataset) == expected
    assert len(dataset.by_id) == len(expected), "ids are unique"
    return dataset


FOLDERS = [
    ("images", "masks"),
    ("image", "mask"),
    ("Original", "Ground Truth"),
    ("img", "gt"),
    ("imgs", "labels"),
    ("IMAGES", "GroundTruth"),
    ("JPEGImages", "SegmentationClass"),
    ("train_images", "train_masks"),
    ("Frames", "annotations"),
    ("input", "target"),
    ("CXR_png", "masks"),
    ("ISIC2018_Task1-2_Training_Input", "ISIC2018_Task1_Training_GroundTruth"),
]


@pytest.mark.parametrize(("images", "masks"), FOLDERS)
def test_paired_folders_are_known_by_many_names(images: str, masks: str, tmp_path: Path) -> None:
    expected = {f"{images}/a{i}.bmp": (f"{masks}/a{i}.png",) for i in range(4)}
    expect(tmp_path, "paired_folders", expected)


STEMS = [
    ("{}.png", "{}.png"),
    ("{}.jpg", "{}_mask.png"),
    ("ISIC_{}.jpg", "ISIC_{}_Segmentation.png"),
    ("{}.tif", "{}-gt.tif"),
    ("{}.bmp", "{}_anno.bmp"),
    ("image_{}.png", "mask_{}.png"),
    ("case_{}_img.png", "case_{}_label.png"),
    ("{}.JPG", "{}.png"),
    ("{}_training.tif", "{}_manual1.gif"),
    ("slide{} HE.png", "slide{} nuclei.png"),
    ("{} (ground truth of).png", "{}.png"),
    ("{}.tif", "p{}.tif"),
]


@pytest.mark.parametrize(("image", "mask"), STEMS)
def test_names_may_differ_by_a_word(image: str, mask: str, tmp_path: Path) -> None:
    numbers = (1, 2, 10, 11, 21, 110)
    expect(
        tmp_path,
        "paired_folders",
        {f"images/{image.format(i)}": (f"masks/{mask.format(i)}",) for i in numbers},
    )


def test_sub_folders_are_matched_with_sub_folders(tmp_path: Path) -> None:
    expected = {
        f"images/{case}/{i}.png": (f"masks/{case}/{i}.png",) for case in "ab" for i in range(2)
    }
    dataset = expect(tmp_path, "paired_folders", expected)
    assert [sample.id for sample in dataset.samples] == ["a/0", "a/1", "b/0", "b/1"]


def test_sub_folders_may_differ_where_names_do_not_repeat(tmp_path: Path) -> None:
    """BKAI-IGH NeoPolyp: train/train/x.jpeg, train_gt/train_gt/x.jpeg."""
    expected = {f"train/train/{x}.jpg": (f"train_gt/train_gt/{x}.jpg",) for x in "abcd"}
    expect(tmp_path, "paired_folders", expected)


def test_images_may_lie_beside_the_folder_of_masks(tmp_path: Path) -> None:
    expect(tmp_path, "paired_folders", {f"{i}.jpg": (f"masks/{i}.png",) for i in range(3)})


def test_decomposed_unicode_of_a_mac_matches(tmp_path: Path) -> None:
    expect(tmp_path, "paired_folders", {"images/Ko\u0308rper 1.png": ("masks/K\u00f6rper 1.png",)})


def test_of_classes_and_objects_the_classes_are_taken(tmp_path: Path) -> None:
    draw(tmp_path, ["SegmentationObject/a.png", "SegmentationObject/b.png"])
    expected = {f"JPEGImages/{x}.jpg": (f"SegmentationClass/{x}.png",) for x in "ab"}
    expect(tmp_path, "paired_folders", expected)


def test_two_folders_of_masks_are_not_guessed_between(tmp_path: Path) -> None:
    """DRIVE: mask/ is the field of view, 1st_manual/ the truth."""
    draw(tmp_path, [f"{d}/{i}.png" for d in ("images", "mask", "1st_manual") for i in range(3)])
    with pytest.raises(DataError, match="several folders") as caught:
        open_dataset(tmp_path, POLYP)
    assert "1st_manual" in str(caught.value)


def test_unrelated_names_are_refused_with_examples(tmp_path: Path) -> None:
    draw(tmp_path, ["images/anna.png", "images/bert.png", "masks/p7.png", "masks/q8.png"])
    with pytest.raises(DataError, match="mask of its name") as caught:
        open_dataset(tmp_path, POLYP)
    assert "anna.png" in str(caught.value)
    assert "p7.png" in str(caught.value)


def test_images_and_masks_alone_are_kept_for_the_audit(tmp_path: Path) -> None:
    draw(tmp_path, [f"images/{i}.png" for i in range(5)] + [f"masks/{i}.png" for i in range(1, 6)])
    dataset = open_dataset(tmp_path, POLYP)
    assert [s.id for s in dataset.samples] == ["1", "2", "3", "4"]
    assert dataset.images_alone == ("images/0.png",)
    assert dataset.masks_alone == ("masks/5.png",)


def test_images_without_any_masks_are_refused(tmp_path: Path) -> None:
    draw(tmp_path, ["images/1.png", "images/2.png"])
    (tmp_path / "masks").mkdir()
    with pytest.raises(DataError, match="no masks") as caught:
        open_dataset(tmp_path, POLYP)
    for layout in LAYOUTS.values():
        assert (layout.name in str(caught.value)) == ("segmentation" in layout.kinds)


def test_pranet_takes_training_and_test_sets(tmp_path: Path) -> None:
    expected = {f"TrainDataset/image/{i}.png": (f"TrainDataset/mask/{i}.png",) for i in range(3)}
    for name in ("CVC-300", "Kvasir"):
        expected |= {
            f"TestDataset/{name}/images/{i}.png": (f"TestDataset/{name}/masks/{i}.png",)
            for i in range(2)
        }
    dataset = expect(tmp_path, "pranet", expected)
    assert "TestDataset/Kvasir/1" in dataset.by_id
    assert any("TrainDataset (3)" in note for note in dataset.notes)


@pytest.mark.parametrize("part", ["TrainDataset", "TestDataset/CVC-300"])
def test_pranet_takes_what_there_is(part: str, tmp_path: Path) -> None:
    expect(tmp_path, "pranet", {f"{part}/images/{i}.png": (f"{part}/masks/{i}.png",) for i in "ab"})


def test_one_folder_with_words(tmp_path: Path) -> None:
    expect(tmp_path, "one_folder", {f"{i:03}.png": (f"{i:03}_mask.png",) for i in range(4)})


def test_one_folder_unites_numbered_masks(tmp_path: Path) -> None:
    """BUSI: benign (1).png, benign (1)_mask.png, benign (1)_mask_1.png."""
    expected = {f"benign ({i}).png": (f"benign ({i})_mask.png",) for i in range(1, 4)}
    expected["benign (2).png"] += ("benign (2)_mask_1.png",)
    dataset = expect(tmp_path, "one_folder", expected)
    assert any("united" in note for note in dataset.notes)


def _flat(path: Path, value: int) -> None:
    pixels = np.zeros((8, 8), np.uint8)
    pixels[2:5] = value
    Image.fromarray(pixels).save(path)


@pytest.mark.parametrize(
    ("image", "mask"), [("bmp", "png"), ("png", "bmp"), ("JPG", "png"), ("png", "tif")]
)
def test_one_folder_with_two_formats_sees_which_are_masks(
    image: str, mask: str, tmp_path: Path
) -> None:
    draw(tmp_path, [f"{i:03}.{image}" for i in range(4)])
    for i in range(4):
        _flat(tmp_path / f"{i:03}.{mask}", 255)
    dataset = open_dataset(tmp_path, POLYP)
    assert dataset.layout == "one_folder"
    assert pairs(dataset) == {f"{i:03}.{image}": (f"{i:03}.{mask}",) for i in range(4)}


def test_masks_of_objects_are_listed_for_union(tmp_path: Path) -> None:
    expected = {
        f"stage1_train/{x}/images/{x}.png": tuple(
            f"stage1_train/{x}/masks/{x}{i}.png" for i in range(3)
        )
        for x in ("ab", "cd", "ef")
    }
    dataset = expect(tmp_path, "object_masks", expected)
    assert list(dataset.by_id) == ["ab", "cd", "ef"]


def test_an_image_folder_without_masks_of_objects_is_alone(tmp_path: Path) -> None:
    draw(tmp_path, ["a/images/a.png", "a/masks/1.png", "b/images/b.png"])
    dataset = open_dataset(tmp_path, POLYP)
    assert dataset.layout == "object_masks"
    assert dataset.images_alone == ("b/images/b.png",)


def test_parts_of_a_split_are_one_data_set(tmp_path: Path) -> None:
    parts = ("train", "val", "test")
    expected = {f"{p}/images/{i}.png": (f"{p}/masks/{i}.png",) for p in parts for i in range(2)}
    dataset = expect(tmp_path, "paired_folders", expected)
    assert "train/0" in dataset.by_id
    assert any("own split" in note for note in dataset.notes)


def test_a_test_part_without_masks_is_left_out_and_said(tmp_path: Path) -> None:
    draw(tmp_path, ["test/images/7.png"])
    expected = {f"train/images/{i}.png": (f"train/masks/{i}.png",) for i in range(2)}
    dataset = expect(tmp_path, "paired_folders", expected)
    assert dataset.notes == ("1 other images are not used; they lie in test/images/",)


def test_a_wrapping_folder_is_entered(tmp_path: Path) -> None:
    expect(
        tmp_path,
        "paired_folders",
        {f"Kvasir-SEG/data/images/{i}.jpg": (f"Kvasir-SEG/data/masks/{i}.jpg",) for i in range(3)},
    )


def test_several_data_sets_are_listed_with_the_commands_to_choose(tmp_path: Path) -> None:
    root = tmp_path / "my data"
    for name, count in (("PNG", 3), ("TIF", 2)):
        ending = name.lower()
        draw(
            root / name,
            [f"{d}/{i}.{ending}" for d in ("Original", "Ground Truth") for i in range(count)],
        )
    with pytest.raises(DataError, match="2 data sets") as caught:
        open_dataset(root, POLYP)
    text = str(caught.value)
    assert "PNG (paired_folders, 3 samples)" in text
    assert f"automed data check {shlex.quote(str(root / 'PNG'))} --task polyp" in text
    together = open_dataset(root, POLYP, DataOptions(layout="paired_folders"))
    assert sorted(together.by_id) == ["PNG/0", "PNG/1", "PNG/2", "TIF/0", "TIF/1"]


def test_what_systems_leave_behind_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "__MACOSX" / "images").mkdir(parents=True)
    draw(tmp_path, ["__MACOSX/images/._1.png", ".thumbnails/1.png", "images/.hidden.png"])
    for name in ("Thumbs.db", ".DS_Store", "SOURCE.md"):
        (tmp_path / name).write_text("x")
        (tmp_path / "__MACOSX" / name).write_text("x")
    dataset = expect(
        tmp_path, "paired_folders", {f"images/{i}.png": (f"masks/{i}.png",) for i in "ab"}
    )
    assert dataset.notes == ()


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    real = draw(tmp_path / "real", ["images/1.png", "masks/1.png"])
    (real / "images" / "again").symlink_to(real)
    root = tmp_path / "set"
    root.mkdir()
    (root / "linked").symlink_to(real)
    assert len(open_dataset(root, POLYP).samples) == 1


CLASSES = [f"{name}/{i}.jpg" for name in ("Benign", "Early", "Pre B") for i in range(2)]


def test_class_folders(tmp_path: Path) -> None:
    dataset = open_dataset(draw(tmp_path, CLASSES), LEUKEMIA)
    assert dataset.layout == "class_folders"
    assert dataset.classes == ("Benign", "Early", "Pre B")
    assert dataset.by_id["Pre B/1"].label == "Pre B"
    assert dataset.by_id["Pre B/1"].image == "Pre B/1.jpg"


def test_class_folders_in_a_wrapping_folder(tmp_path: Path) -> None:
    dataset = open_dataset(draw(tmp_path, [f"Original/{name}" for name in CLASSES]), LEUKEMIA)
    assert dataset.classes == ("Benign", "Early", "Pre B")
    assert "Benign/0" in dataset.by_id


@pytest.mark.parametrize("parts", [("train", "test"), ("fold_0", "fold_1", "fold_2")])
def test_class_folders_in_the_parts_of_a_split(parts: tuple[str, ...], tmp_path: Path) -> None:
    draw(tmp_path, [f"{part}/{name}" for part in parts for name in CLASSES])
    dataset = open_dataset(tmp_path, LEUKEMIA)
    assert dataset.classes == ("Benign", "Early", "Pre B")
    assert len(dataset.by_id) == 6 * len(parts)


def test_patient_folders_in_class_folders(tmp_path: Path) -> None:
    names = ["Benign/p1/1.png", "Benign/p2/1.png", "Pro/p3/1.png", "Pro/p4/1.png"]
    dataset = open_dataset(draw(tmp_path, names), LEUKEMIA, DataOptions(group_pattern=r"/(p\d)/"))
    assert dataset.classes == ("Benign", "Pro")
    assert [s.group for s in dataset.samples] == ["p1", "p2", "p3", "p4"]


def test_equal_stems_in_a_class_keep_their_endings(tmp_path: Path) -> None:
    names = ["a/1.png", "a/1.jpg", "a/2.png", "b/1.png"]
    dataset = open_dataset(draw(tmp_path, names), LEUKEMIA)
    assert sorted(dataset.by_id) == ["a/1.jpg", "a/1.png", "a/2", "b/1"]


def test_class_folders_deep_inside_with_deeper_images(tmp_path: Path) -> None:
    """BreakHis: benign/SOB/<type>/<patient>/40X/, malignant/SOB/..."""
    top = "BreaKHis/slides/breast"
    names = [f"{top}/{c}/SOB/{t}/p/40X/1.png" for c, t in [("benign", "a"), ("malignant", "d")]]
    for options in (DataOptions(), DataOptions(layout="class_folders")):
        dataset = open_dataset(draw(tmp_path, names), LEUKEMIA, options)
        assert dataset.classes == ("benign", "malignant")
        assert "sub-folders of benign, malignant" in dataset.notes[0]


def test_a_copy_of_the_class_folders_among_them_is_left_out(tmp_path: Path) -> None:
    """The malaria set: cell_images/{Parasitized, Uninfected, cell_images/{...}}."""
    classes = ("Parasitized", "Uninfected")
    names = [f"{top}{c}/1.png" for top in ("", "cell_images/") for c in classes]
    dataset = open_dataset(draw(tmp_path / "cell_images", names), LEUKEMIA)
    assert dataset.classes == classes
    assert len(dataset.samples) == 2
    assert "cell_images/ repeats the class folders" in dataset.notes[0]


def test_variants_of_one_data_set_are_no_classes(tmp_path: Path) -> None:
    draw(tmp_path, [f"{v}/{name}" for v in ("native", "png8") for name in CLASSES])
    with pytest.raises(DataError, match="2 data sets") as caught:
        open_dataset(tmp_path, LEUKEMIA)
    assert "--layout class_folders" in str(caught.value)
    told = open_dataset(tmp_path, LEUKEMIA, DataOptions(layout="class-folders"))
    assert told.classes == ("native", "png8")


@pytest.mark.parametrize(
    "names",
    [
        ["images/1.png", "masks/1.png"],
        [
            "PNG/Original/1.png",
            "PNG/Ground Truth/1.png",
            "TIF/Original/1.tif",
            "TIF/Ground Truth/1.tif",
        ],
        ["A/1.bmp", "A/1.png", "B/2.bmp", "B/2.png"],
        ["x/images/x.png", "x/masks/1.png", "y/images/y.png", "y/masks/1.png"],
    ],
)
def test_masks_are_never_taken_for_a_class(names: list[str], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="which class") as caught:
        open_dataset(draw(tmp_path, names), LEUKEMIA)
    assert "segmentation" in str(caught.value)


def test_parts_of_a_split_are_no_classes(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="which class"):
        open_dataset(draw(tmp_path, ["train/1.png", "test/2.png"]), LEUKEMIA)


def test_class_folders_for_a_segmentation_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no masks") as caught:
        open_dataset(draw(tmp_path, CLASSES), POLYP)
    assert "class_folders with 6 samples" in str(caught.value)


@pytest.mark.parametrize("names", [["Benign/1.png", "Benign/2.png"], ["w/Benign/1.png"]])
def test_one_class_only_is_refused(names: list[str], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="one class"):
        open_dataset(draw(tmp_path, names), LEUKEMIA)


def test_classes_of_the_task_must_be_those_of_the_folder(tmp_path: Path) -> None:
    task = LEUKEMIA.replace(classes=("Benign", "Early", "Pre B", "Pro"))
    assert open_dataset(draw(tmp_path, CLASSES), task).classes == task.classes
    draw(tmp_path, ["Other/1.png"])
    with pytest.raises(DataError, match="does not have") as caught:
        open_dataset(tmp_path, task)
    assert "Other" in str(caught.value)


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no folder"):
        open_dataset(tmp_path / "gone" / "deeper", POLYP)


def test_a_file_instead_of_a_folder(tmp_path: Path) -> None:
    draw(tmp_path, ["1.png"])
    with pytest.raises(DataError, match="is a file") as caught:
        open_dataset(tmp_path / "1.png", POLYP)
    assert str(tmp_path) in str(caught.value.hint)


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no images") as caught:
        open_dataset(tmp_path, POLYP)
    assert caught.value.found == "no files"


def test_a_folder_without_images_is_listed(tmp_path: Path) -> None:
    (tmp_path / "series").mkdir()
    for i in range(3):
        (tmp_path / "series" / f"{i}.svs").write_bytes(b"x")
    with pytest.raises(DataError, match="no images") as caught:
        open_dataset(tmp_path, POLYP)
    assert "3 .svs" in str(caught.value)
    assert "series/" in str(caught.value)
    assert "whole-slide" in str(caught.value)


def test_unknown_and_unfitting_layouts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="did you mean 'paired_folders'"):
        open_dataset(tmp_path, POLYP, DataOptions(layout="paired_folder"))
    with pytest.raises(DataError, match="no layout 'class_folders' for segmentation"):
        open_dataset(tmp_path, POLYP, DataOptions(layout="class_folders"))


def test_the_layout_of_the_task_counts_where_the_user_says_nothing(tmp_path: Path) -> None:
    draw(tmp_path, [f"{d}/{i}.png" for d in ("images", "masks") for i in range(3)])
    task = POLYP.replace(layout="one_folder")
    with pytest.raises(DataError, match="no masks"):
        open_dataset(tmp_path, task)
    found = open_dataset(tmp_path, task, DataOptions(layout="auto"))
    assert found.layout == "paired_folders"
