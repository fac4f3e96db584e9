"""audit: each flaw that a folder can have, planted for real, is found and named."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from automed.data.audit import Audit, audit
from automed.data.dataset import open_dataset
from automed.data.near_names import near_names
from automed.domain.data_options import DataOptions
from automed.domain.errors import DataError
from automed.registry.tasks import load_task

CELL = load_task("cell")
LEUKEMIA = load_task("leukemia")
SIZE = (12, 16)


def picture(seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8))


def mask(share: float = 0.25) -> Image.Image:
    values = np.zeros(SIZE, np.uint8)
    values.reshape(-1)[: round(values.size * share)] = 255
    return Image.fromarray(values)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Twelve flawless pairs."""
    root = tmp_path / "set"
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True)
    for i in range(12):
        picture(i).save(root / "images" / f"{i:02}.png")
        mask().save(root / "masks" / f"{i:02}.png")
    return root


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    """Six flawless images of each of two classes."""
    root = tmp_path / "classes"
    for name in ("a", "b"):
        (root / name).mkdir(parents=True)
        for i in range(6):
            picture(ord(name) * 10 + i).save(root / name / f"{i}.png")
    return root


def look(root: Path, task: object = CELL, **options: str) -> Audit:
    dataset = open_dataset(root, task, DataOptions(**options))  # type: ignore[arg-type]
    return audit(dataset, task)  # type: ignore[arg-type]


def codes(found: Audit) -> tuple[list[str], list[str]]:
    return [f.code for f in found.errors], [f.code for f in found.warnings]


def test_flawless_data_pass(root: Path) -> None:
    found = look(root)
    assert codes(found) == ([], [])
    found.raise_for_errors()
    summary = found.summary
    assert (summary.samples, summary.distinct_sizes, summary.formats) == (12, 1, {".png": 12})
    assert summary.foreground is not None
    assert summary.foreground.middle == pytest.approx(0.25)
    assert dict(summary.lines())["images"] == "12 .png; all 12x16 (height x width)"


def test_progress_is_told_in_order_by_the_caller_s_thread(root: Path) -> None:
    told: list[tuple[int, int]] = []
    threads = set()

    def progress(done: int, total: int) -> None:
        told.append((done, total))
        threads.add(threading.current_thread())

    audit(open_dataset(root, CELL), CELL, progress)
    assert told == [(i, 12) for i in range(1, 13)]
    assert threads == {threading.current_thread()}


def test_an_interrupt_ends_the_audit(root: Path) -> None:
    def progress(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        audit(open_dataset(root, CELL), CELL, progress)


@pytest.mark.parametrize("damaged", ["images/03.png", "masks/03.png"])
@pytest.mark.parametrize("content", [b"", b"no image", None])
def test_unreadable_files_are_named(damaged: str, content: bytes | None, root: Path) -> None:
    whole = (root / damaged).read_bytes()
    (root / damaged).write_bytes(whole[: len(whole) // 2] if content is None else content)
    found = look(root)
    assert codes(found) == (["unreadable"], [])
    assert found.errors[0].files == (damaged,)
    with pytest.raises(DataError, match=damaged):
        found.raise_for_errors()


def test_all_errors_are_told_at_once(root: Path) -> None:
    (root / "images" / "03.png").write_bytes(b"")
    (root / "masks" / "05.png").unlink()
    Image.new("L", (16, 11)).save(root / "masks" / "07.png")
    with pytest.raises(DataError, match="3 problems") as caught:
        look(root).raise_for_errors()
    for name in ("images/03.png", "images/05.png", "masks/07.png"):
        assert name in str(caught.value)


def test_a_mask_of_another_size_is_named_with_both_sizes(root: Path) -> None:
    Image.new("L", (20, 10), 255).save(root / "masks" / "04.png")
    found = look(root)
    assert codes(found)[0] == ["size-mismatch"]
    message = found.errors[0].message
    assert "masks/04.png is 10x20" in message
    assert "images/04.png is 12x16" in message


def test_turned_masks_are_recognized(root: Path) -> None:
    mask().transpose(Image.Transpose.ROTATE_90).save(root / "masks" / "04.png")
    assert "exchanged" in str(look(root).errors[0].hint)


def test_an_image_without_a_mask_is_an_error_and_a_mask_alone_a_warning(root: Path) -> None:
    (root / "masks" / "02.png").unlink()
    (root / "images" / "09.png").unlink()
    found = look(root)
    assert codes(found) == (["image-without-mask"], ["mask-without-image"])
    assert found.errors[0].files == ("images/02.png",)
    assert found.warnings[0].files == ("masks/09.png",)


def test_some_empty_and_full_masks_are_warnings(root: Path) -> None:
    mask(0).save(root / "masks" / "01.png")
    mask(1).save(root / "masks" / "02.png")
    found = look(root)
    assert codes(found) == ([], ["empty-mask", "full-mask"])
    assert found.warnings[0].files == ("masks/01.png",)
    assert (found.summary.empty_masks, found.summary.full_masks) == (1, 1)


def test_label_maps_read_by_halves_are_an_error_with_the_way_out(root: Path) -> None:
    for path in (root / "masks").iterdir():
        Image.fromarray(np.asarray(mask()) // 85).save(path)
    found = look(root)
    assert codes(found)[0] == ["all-masks-empty"]
    assert "12 of them hold values above 0" in found.errors[0].message
    assert "--mask-values nonzero" in str(found.errors[0].hint)
    assert codes(look(root, mask_values="nonzero")) == ([], [])


def test_a_few_faint_masks_are_mentioned(root: Path) -> None:
    Image.fromarray(np.asarray(mask()) // 85).save(root / "masks" / "06.png")
    found = look(root)
    assert codes(found) == ([], ["empty-mask"])
    assert "1 of them hold values above 0" in str(found.warnings[0].hint)


def test_inverted_masks_are_suspected(root: Path) -> None:
    for path in (root / "masks").iterdir():
        mask(0.9).save(path)
    assert codes(look(root)) == ([], ["mostly-foreground"])


def test_duplicates_that_agree(root: Path) -> None:
    picture(1).save(root / "images" / "05.bmp")
    (root / "images" / "05.png").unlink()
    found = look(root)
    assert codes(found) == ([], ["duplicates"])
    assert found.summary.duplicates == (("01", "05"),)
    assert found.warnings[0].files == ("images/01.png", "images/05.bmp")


def test_duplicates_that_contradict_each_other_come_first(root: Path) -> None:
    picture(1).save(root / "images" / "05.png")
    mask(0.5).save(root / "masks" / "05.png")
    picture(2).save(root / "images" / "06.png")
    assert codes(look(root)) == ([], ["contradicting-duplicates", "duplicates"])


def test_one_image_in_two_classes_contradicts_itself(classes: Path) -> None:
    picture(7).save(classes / "a" / "0.png")
    picture(7).save(classes / "b" / "0.png")
    found = look(classes, LEUKEMIA)
    assert codes(found) == ([], ["contradicting-duplicates"])
    assert "a/0.png = b/0.png" in found.warnings[0].message


def test_class_counts_and_small_classes(classes: Path) -> None:
    (classes / "c").mkdir()
    picture(1).save(classes / "c" / "0.png")
    found = look(classes, LEUKEMIA)
    assert codes(found) == ([], ["small-class"])
    assert "c (1)" in found.warnings[0].message
    assert found.summary.class_counts == {"a": 6, "b": 6, "c": 1}


@pytest.mark.parametrize(
    ("count", "expected"),
    [(2, (["too-few-samples"], [])), (3, ([], ["few-samples"])), (9, ([], ["few-samples"]))],
)
def test_few_samples(count: int, expected: tuple[list[str], list[str]], root: Path) -> None:
    for folder in ("images", "masks"):
        for path in sorted((root / folder).iterdir())[count:]:
            path.unlink()
    assert codes(look(root)) == expected


def test_groups_that_no_split_can_share_out(root: Path) -> None:
    found = look(root, group_pattern=r"^(\d)")
    assert codes(found) == (["too-few-groups"], [])
    assert "0 (10)" in found.errors[0].message
    assert (found.summary.groups, found.summary.largest_group) == (2, 10)
    assert codes(look(root, group_pattern=r"^(\d\d)")) == ([], [])


@pytest.mark.parametrize("edit", [lambda image: image, lambda image: image.rotate(180)])
def test_copies_under_two_patients_are_said_to_be_so(root: Path, edit: object) -> None:
    files = sorted((root / "images").iterdir())
    for number, file in enumerate(files):
        big = picture(number).resize((96, 96), Image.Resampling.BICUBIC)
        if number in (3, 7):  # 3 is of the patient of 0, 7 is not of that of 2
            copied = picture({3: 0, 7: 2}[number])
            big = edit(copied.resize((96, 96), Image.Resampling.BICUBIC))  # type: ignore[operator]
        big.save(root / "images" / f"P{number % 3}_{file.name}")
        file.unlink()
        outline = mask().resize((96, 96), Image.Resampling.NEAREST)
        outline.save(root / "masks" / f"P{number % 3}_{file.name}")
        (root / "masks" / file.name).unlink()
    options = DataOptions(group_pattern="P{patient}_*")
    found = audit(open_dataset(root, CELL, options), CELL)
    (copies,) = [f for f in found.warnings if f.code in ("duplicates", "near-duplicates")]
    # Near copies within one patient are no finding; equal ones are.
    crossing = ", 1 of them under different" if copies.code == "duplicates" else ", under different"
    assert crossing in copies.message, copies.message
    assert copies.hint is not None
    assert "under the wrong" in copies.hint
    alone = audit(open_dataset(root, CELL), CELL)
    assert all("under different" not in finding.message for finding in alone.warnings)


def test_an_empty_mask_is_no_riddle(root: Path) -> None:
    mask(0).save(root / "masks" / "03.png")
    (found,) = [f for f in look(root).warnings if f.code == "empty-mask"]
    assert found.hint is not None
    for part in ("right where there is nothing", "draw the mask", "--allow empty-mask"):
        assert part in found.hint
    assert codes(look(root, allow=("empty-mask",))) == ([], [])  # type: ignore[arg-type]


def test_files_that_are_only_named_wrongly_are_brought_together(root: Path) -> None:
    for old, new in (("03", "03 (2)"), ("05", "5_neu"), ("07", "99")):
        (root / "masks" / f"{old}.png").rename(root / "masks" / f"{new}.png")
    found = look(root)
    together = "masks/03 (2).png of images/03.png, masks/5_neu.png of images/05.png; rename"
    for finding in (*found.errors, *found.warnings[1:]):
        assert together in str(finding.hint), finding
    assert codes(found) == (["image-without-mask"], ["few-samples", "mask-without-image"])


@pytest.mark.parametrize(
    ("image", "other", "near"),
    [
        ("a/017.png", "b/017 (2).tif", True),
        ("a/Scan 7.png", "b/scan 007.png", True),
        ("a/7.png", "b/7_new_final.png", True),
        ("a/7 - Kopie.png", "b/7.png", True),
        ("a/P1_001.png", "b/P1_002.png", False),
        ("a/P1_001.png", "b/P1.png", False),
        ("a/x_left.png", "b/x_right.png", False),
        ("a/17.png", "b/7.png", False),
    ],
)
def test_near_names(image: str, other: str, near: bool) -> None:
    assert near_names([image], [other]) == ([(image, other)] if near else [])
