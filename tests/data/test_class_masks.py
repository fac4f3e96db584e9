"""Masks of several classes: what values mean, what is refused, what the audit says of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from automed.data.audit import audit
from automed.data.class_values import class_indices, strays
from automed.data.dataset import Dataset, open_dataset
from automed.data.read_sample import read_sample
from automed.data.resize import resize_mask
from automed.data.split import make_split
from automed.domain.data_options import DataOptions
from automed.domain.errors import DataError
from automed.registry.tasks import load_task

WHITE_CELL = load_task("white_cell")
STORED = WHITE_CELL.replace(mask_values=())
TRUTH = np.array([[0, 0, 1, 1], [0, 1, 2, 2], [0, 1, 2, 2]], np.uint8)


def folder(root: Path, name: str, write, count: int = 4) -> Path:
    """A folder whose masks are written by ``write(path)``."""
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    for index in range(count):
        pixels = np.random.default_rng(index).integers(0, 256, (3, 4, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / "images" / f"{index}.png")
        write(root / "masks" / f"{index}{name}")
    return root


def mask_of(root: Path, task, identity: str = "0") -> np.ndarray:
    dataset = open_dataset(root, task)
    mask = read_sample(dataset, dataset.by_id[identity], task)[1]
    assert mask.dtype == np.uint8
    return mask


def palette(values: np.ndarray, colours: list[int]) -> Image.Image:
    image = Image.fromarray(values).convert("P")
    image.putpalette(colours)
    return image


def test_values_of_the_classes(tmp_path: Path) -> None:
    values = np.array([0, 128, 255], np.uint8)[TRUTH]
    root = folder(tmp_path, ".png", lambda p: Image.fromarray(values).save(p))
    np.testing.assert_array_equal(mask_of(root, WHITE_CELL), TRUTH)


def test_the_nearest_value_wins(tmp_path: Path) -> None:
    values = np.array([[7, 25, 63, 65], [45, 128, 191, 192], [0, 100, 255, 250]], np.uint8)
    root = folder(tmp_path, ".png", lambda p: Image.fromarray(values).save(p))
    nearest = [[0, 0, 0, 1], [0, 1, 1, 2], [0, 1, 2, 2]]
    np.testing.assert_array_equal(mask_of(root, WHITE_CELL), nearest)


@given(arrays(np.int64, 20, elements=st.integers(-50, 400)), st.permutations([1, 4, 90, 255]))
@settings(max_examples=80, deadline=None)
def test_nearest_agrees_with_the_definition(labels, values) -> None:
    expected = np.array([0, *values])
    distance = np.abs(labels[:, None] - expected)
    found = class_indices(labels, "abcd", values, "mask.png")
    assert (np.abs(labels - expected[found]) == distance.min(axis=1)).all()


def test_rgb_copies_of_a_grey_mask_and_jpeg(tmp_path: Path) -> None:
    values = np.kron(np.array([0, 128, 255], np.uint8)[TRUTH], np.ones((8, 8), np.uint8))
    Image.fromarray(np.dstack([values] * 3)).save(tmp_path / "a.png")
    Image.fromarray(values).save(tmp_path / "a.jpg", quality=80)
    from automed.data.readers import read_labels

    for name in ("a.png", "a.jpg"):
        labels = read_labels(tmp_path / name, colours=True)
        found = class_indices(labels, WHITE_CELL.classes, (128, 255), name)
        assert (found == np.kron(TRUTH, np.ones((8, 8)))).mean() > 0.99


@pytest.mark.parametrize("suffix", [".png", ".tif", ".npy"])
def test_indices_as_stored(suffix: str, tmp_path: Path) -> None:
    def write(path: Path) -> None:
        if suffix == ".npy":
            np.save(path, TRUTH.astype(np.float32))
        elif suffix == ".tif":
            tifffile.imwrite(path, TRUTH.astype(np.uint16))
        else:
            Image.fromarray(TRUTH).save(path)

    root = folder(tmp_path, suffix, write)
    np.testing.assert_array_equal(mask_of(root, STORED), TRUTH)


def test_palette_indices_whatever_their_colours(tmp_path: Path) -> None:
    colours = [9, 9, 9, 200, 0, 0, 0, 0, 90]
    root = folder(tmp_path, ".png", lambda p: palette(TRUTH, colours).save(p))
    with Image.open(root / "masks" / "0.png") as image:
        assert image.mode == "P"
    np.testing.assert_array_equal(mask_of(root, STORED), TRUTH)


def test_a_grey_palette_gives_the_values(tmp_path: Path) -> None:
    colours = [0, 0, 0, 128, 128, 128, 255, 255, 255]
    root = folder(tmp_path, ".png", lambda p: palette(TRUTH, colours).save(p))
    np.testing.assert_array_equal(mask_of(root, WHITE_CELL), TRUTH)


def test_an_index_above_the_classes_is_named(tmp_path: Path) -> None:
    values = TRUTH.copy()
    values[0, 0] = 7
    root = folder(tmp_path, ".png", lambda p: Image.fromarray(values).save(p))
    with pytest.raises(DataError, match=r"masks/0\.png holds the value 7") as caught:
        mask_of(root, STORED)
    assert "2 nucleus" in str(caught.value)
    found = audit(open_dataset(root, STORED), STORED)
    assert [finding.code for finding in found.errors] == ["unreadable"]
    assert "value 7" in found.errors[0].message
    assert len(found.errors[0].files) == 4


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (np.dstack([TRUTH, TRUTH * 0, TRUTH]), "colours"),
        (TRUTH.astype(np.float32) / 2, "fractions"),
    ],
)
def test_colours_and_fractions_are_refused(values, problem: str, tmp_path: Path) -> None:
    root = folder(tmp_path, ".npy", lambda p: np.save(p, values))
    with pytest.raises(DataError, match=r"masks/0\.npy") as caught:
        mask_of(root, STORED)
    assert problem in str(caught.value)


def test_one_file_for_each_object_is_for_one_class(tmp_path: Path) -> None:
    for index in range(3):
        for name in ("images/a.png", "masks/1.png", "masks/2.png"):
            path = tmp_path / str(index) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((4, 4), 255, np.uint8)).save(path)
    assert len(open_dataset(tmp_path, load_task("cell")).samples) == 3
    with pytest.raises(DataError, match="several masks of one image") as caught:
        open_dataset(tmp_path, WHITE_CELL)
    assert "cytoplasm" in str(caught.value)


def test_the_digest_knows_the_classes_and_their_values(tmp_path: Path) -> None:
    root = folder(tmp_path, ".png", lambda p: Image.fromarray(TRUTH).save(p))
    other = WHITE_CELL.replace(mask_values=(100, 255))
    digests = {open_dataset(root, task).digest for task in (WHITE_CELL, STORED, other)}
    assert len(digests) == 3


def checked(root: Path, task=WHITE_CELL):
    dataset = open_dataset(root, task, DataOptions(no_groups="a test"))
    return audit(dataset, task)


def test_the_audit_counts_the_classes(tmp_path: Path) -> None:
    values = np.array([0, 128, 255], np.uint8)[TRUTH]
    found = checked(folder(tmp_path, ".png", lambda p: Image.fromarray(values).save(p)))
    assert found.summary.class_shares == {"cytoplasm": (4 / 12, 4), "nucleus": (4 / 12, 4)}
    text = dict(found.summary.lines())["classes"]
    assert text.startswith("cytoplasm 33.33% of all pixels (in 4 samples)")


def test_the_audit_names_a_class_that_never_appears(tmp_path: Path) -> None:
    values = np.array([0, 128, 128], np.uint8)[TRUTH]
    found = checked(folder(tmp_path, ".png", lambda p: Image.fromarray(values).save(p)))
    absent = next(w for w in found.warnings if w.code == "absent-class")
    assert "nucleus" in absent.message
    assert "cytoplasm" not in absent.message
    assert "255 (nucleus)" in str(absent.hint)


def test_the_audit_counts_values_that_are_far_from_all(tmp_path: Path) -> None:
    def write(path: Path) -> None:
        values = np.array([0, 128, 255], np.uint8)[TRUTH]
        if path.stem == "1":
            values[0, :3] = 45, 60, 60
        values[2, 3] = 250  # near enough
        Image.fromarray(values).save(path)

    found = checked(folder(tmp_path, ".png", write))
    stray = next(w for w in found.warnings if w.code == "stray-values")
    assert "1 mask file" in stray.message
    assert "60 (2 pixels), 45 (1 pixel)" in stray.message
    assert stray.files == ("masks/1.png",)


def test_far_depends_on_the_gaps() -> None:
    labels = np.array([0, 1, 2, 3, 4, 4])
    assert strays(labels, (1, 2, 4)) == {3: 1}
    assert strays(np.array([0, 30, 33, 96, 250]), (128, 255)) == {33: 1, 96: 1}
    assert strays(labels, ()) == {}


def test_masks_without_any_class_are_an_error(tmp_path: Path) -> None:
    found = checked(folder(tmp_path, ".png", lambda p: Image.fromarray(TRUTH).save(p)))
    assert "all-masks-empty" in [finding.code for finding in found.errors]
    assert "128, 255" in found.errors[0].message


# Resizing ---------------------------------------------------------------------------------------


@given(arrays(np.uint8, (16, 24), elements=st.integers(0, 3)))
@settings(max_examples=50, deadline=None)
def test_a_pixel_is_of_the_class_with_most_of_its_area(mask) -> None:
    cells = mask.reshape(4, 4, 4, 6).transpose(0, 2, 1, 3).reshape(4, 4, 24)
    counts = (cells[..., None] == np.arange(4)).sum(axis=2)
    most = 3 - counts[..., ::-1].argmax(axis=-1)  # of equal ones, the higher
    np.testing.assert_array_equal(resize_mask(mask, (4, 4)), most)


@given(arrays(np.bool_, (9, 11)), st.integers(3, 30), st.integers(3, 30))
@settings(max_examples=50, deadline=None)
def test_one_class_is_resized_as_it_always_was(mask, height, width) -> None:
    """uint8 indices and bool go the same way, and so does a class 2 in the place of 1."""
    as_bool = resize_mask(mask, (height, width))
    assert (resize_mask(mask.astype(np.uint8), (height, width)) == as_bool).all()
    twice = resize_mask(mask.astype(np.uint8) * 2, (height, width))
    assert set(np.unique(twice)) <= {0, 2}


@given(arrays(np.uint8, (9, 11), elements=st.integers(0, 4)), st.integers(3, 30))
@settings(max_examples=30, deadline=None)
def test_no_class_is_invented(mask, size) -> None:
    assert set(np.unique(resize_mask(mask, (size, size)))) <= set(np.unique(mask))
    assert (resize_mask(mask, (9, 11)) == mask).all()


# Real data --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def white_cells(real_data: Path) -> Dataset:
    root = real_data / "cell" / "segmentation_WBC"
    return open_dataset(root, WHITE_CELL, DataOptions(layout="one_folder"))


@pytest.mark.real_data
def test_white_blood_cells(white_cells: Dataset) -> None:
    for sample in white_cells.samples[::20]:
        _, mask = read_sample(white_cells, sample, WHITE_CELL)
        with Image.open(white_cells.root / sample.masks[0]) as image:
            stored = np.asarray(image).astype(int)
        nearest = np.abs(stored[..., None] - [0, 128, 255]).argmin(axis=-1)
        np.testing.assert_array_equal(mask, nearest)


@pytest.mark.real_data
def test_white_blood_cells_as_one_class(real_data: Path, white_cells: Dataset) -> None:
    cell = load_task("cell")
    binary = open_dataset(white_cells.root, cell, DataOptions(layout="one_folder"))
    for sample, other in zip(binary.samples[::20], white_cells.samples[::20], strict=True):
        one, several = (
            read_sample(binary, sample, cell),
            read_sample(white_cells, other, WHITE_CELL),
        )
        assert (one[0] == several[0]).all()
        assert (one[1] == (several[1] > 0)).all()


@pytest.mark.real_data
def test_white_blood_cells_can_be_split(white_cells: Dataset) -> None:
    split = make_split(white_cells, WHITE_CELL.split, seed=0)
    assert len(split.train) + len(split.val) + len(split.test) == 220
