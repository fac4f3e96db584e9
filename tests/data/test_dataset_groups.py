"""Groups: from options, from tables beside the images, and never a wrong one by chance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from automed.data.dataset import open_dataset
from automed.data.group_words import group_columns, group_word
from automed.domain.data_options import DataOptions
from automed.domain.errors import DataError
from automed.registry.tasks import load_task

POLYP = load_task("polyp")
BREAST = load_task("breast_cell")


def draw(root: Path, stems: list[str]) -> Path:
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True)
        for stem in stems:
            Image.fromarray(np.eye(8, dtype=np.uint8) * 255).save(root / folder / f"{stem}.png")
    return root


def groups(dataset: object) -> dict[str, str | None]:
    return {s.id: s.group for s in dataset.samples}  # type: ignore[attr-defined]


FRAMES = [str(i) for i in range(1, 7)]
SEQUENCES = "frame,sequence,kept\n" + "".join(f"{i},s{int(i) // 3},1\n" for i in FRAMES)


@pytest.mark.parametrize("place", [".", "..", "../.."])
def test_a_table_in_the_folder_its_parent_or_grandparent(place: str, tmp_path: Path) -> None:
    root = draw(tmp_path / "set" / "PNG", FRAMES)
    (root / place / "sequences.csv").write_text(SEQUENCES)
    dataset = open_dataset(root, POLYP)
    assert groups(dataset) == {str(i): f"s{i // 3}" for i in range(1, 7)}
    assert dataset.grouped_by == "sequence (sequences.csv, column sequence)"


def test_a_table_between_the_given_folder_and_the_images(tmp_path: Path) -> None:
    draw(tmp_path / "wrap" / "PNG", FRAMES)
    (tmp_path / "wrap" / "sequences.csv").write_text(SEQUENCES)
    assert open_dataset(tmp_path, POLYP).grouped_by == (
        "sequence (wrap/sequences.csv, column sequence)"
    )


@pytest.mark.parametrize("name", ["{}.tif", "CVC/Original/{}.png", "00{}", "images\\{}.png"])
def test_names_in_the_table_may_be_longer_or_padded(name: str, tmp_path: Path) -> None:
    root = draw(tmp_path / "set", FRAMES)
    rows = "".join(f"{name.format(i)},v{int(i) % 2}\n" for i in FRAMES)
    (root / "info.csv").write_text("file_name,Video ID\n" + rows)
    assert groups(open_dataset(root, POLYP)) == {i: f"v{int(i) % 2}" for i in FRAMES}


def test_numbers_in_any_column_are_no_names(tmp_path: Path) -> None:
    """A table of patients with ages 1 to 6 says nothing about images 1 to 6."""
    root = draw(tmp_path / "set", FRAMES)
    (root / "people.csv").write_text("patient,age\n" + "".join(f"p{i},{i}\n" for i in range(1, 7)))
    assert open_dataset(root, POLYP).grouped_by is None


def test_a_column_that_contradicts_itself_is_not_used(tmp_path: Path) -> None:
    root = draw(tmp_path / "set", FRAMES)
    (root / "twice.csv").write_text(SEQUENCES + "1,other,1\n")
    assert open_dataset(root, POLYP).grouped_by is None


def test_the_group_of_the_task_comes_first(tmp_path: Path) -> None:
    root = draw(tmp_path / "set", FRAMES)
    rows = "".join(f"{i},p{i},v{int(i) % 2}\n" for i in FRAMES)
    (root / "info.csv").write_text("image,patient,sequence_id\n" + rows)
    assert open_dataset(root, POLYP).grouped_by == "sequence_id (info.csv, column sequence_id)"


def test_a_table_for_half_of_the_images_is_only_mentioned(tmp_path: Path) -> None:
    root = draw(tmp_path / "set", FRAMES)
    (root / "half.csv").write_text("image,patient\n1,a\n2,b\n3,c\n")
    dataset = open_dataset(root, POLYP)
    assert dataset.grouped_by is None
    assert "half.csv names 3 of 6" in dataset.notes[0]


def test_a_table_with_a_gap_is_refused(tmp_path: Path) -> None:
    stems = [f"n{i}" for i in range(40)]
    root = draw(tmp_path / "set", stems)
    (root / "info.csv").write_text(
        "image,patient\n" + "".join(f"n{i},p{i % 4}\n" for i in range(39))
    )
    with pytest.raises(DataError, match="1 of 40 samples") as caught:
        open_dataset(root, POLYP)
    assert "images/n39.png" in str(caught.value)
    assert "--no-groups" in str(caught.value)


def test_an_unreadable_table_is_mentioned(tmp_path: Path) -> None:
    root = draw(tmp_path / "set", FRAMES)
    (root / "bad.csv").write_text('image,patient\n1,"a\n2,b\n')
    dataset = open_dataset(root, POLYP)
    assert "bad.csv is no CSV file" in dataset.notes[0]


def test_a_waiver_ends_the_search(tmp_path: Path) -> None:
    root = draw(tmp_path / "set", FRAMES)
    (root / "sequences.csv").write_text(SEQUENCES)
    dataset = open_dataset(root, POLYP, DataOptions(no_groups="frames were picked by hand"))
    assert dataset.grouped_by is None
    assert set(groups(dataset).values()) == {None}
    assert "picked by hand" in dataset.notes[0]


def test_a_pattern_on_names(tmp_path: Path) -> None:
    root = draw(tmp_path / "set", ["c1_p07_a", "c1_p07_b", "c2_p09_a"])
    dataset = open_dataset(root, POLYP, DataOptions(group_pattern=r"_(p\d+)_"))
    assert groups(dataset) == {"c1_p07_a": "p07", "c1_p07_b": "p07", "c2_p09_a": "p09"}
    assert dataset.grouped_by == r"sequence (file names, pattern _(p\d+)_)"


def test_a_pattern_that_misses_a_file_is_refused(tmp_path: Path) -> None:
    root = draw(tmp_path / "set", ["p1_a", "p2_a", "other"])
    with pytest.raises(DataError, match="1 of 3 samples") as caught:
        open_dataset(root, POLYP, DataOptions(group_pattern=r"(p\d+)"))
    assert "images/other.png" in str(caught.value)


def test_a_table_that_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = draw(tmp_path / "set", FRAMES)
    monkeypatch.chdir(tmp_path)
    Path("who.csv").write_text("nr,whose\n" + "".join(f"{i},w{int(i) % 3}\n" for i in FRAMES))
    options = DataOptions(group_csv="who.csv", group_column="Whose")
    dataset = open_dataset(root, POLYP, options)
    assert dataset.grouped_by == "whose (who.csv, column whose)"
    assert dataset.options.group_csv == str(tmp_path / "who.csv"), "kept for other working folders"


def test_a_table_that_was_asked_for_and_does_not_fit(tmp_path: Path) -> None:
    root = draw(tmp_path / "set", FRAMES)
    table = root / "who.csv"
    table.write_text("nr,whose\n1,a\n")
    with pytest.raises(DataError, match="no such file"):
        open_dataset(root, POLYP, DataOptions(group_csv="gone.csv"))
    with pytest.raises(DataError, match="no column named after a group") as caught:
        open_dataset(root, POLYP, DataOptions(group_csv=str(table)))
    assert "--group-column whose" in str(caught.value)
    with pytest.raises(DataError, match="no column 'wo'"):
        open_dataset(root, POLYP, DataOptions(group_csv=str(table), group_column="wo"))
    with pytest.raises(DataError, match="5 of 6 samples"):
        open_dataset(root, POLYP, DataOptions(group_csv=str(table), group_column="whose"))


def test_equal_names_in_two_folders_are_told_apart_or_not_grouped(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for i in range(3):
            pixels = np.full((8, 8), i, np.uint8)
            Image.fromarray(pixels).save(tmp_path / "set" / name / f"{i}.png")
    table = tmp_path / "set" / "plates.csv"
    table.write_text("image,plate\n" + "".join(f"{i},w{i}\n" for i in range(3)))
    assert open_dataset(tmp_path / "set", BREAST).grouped_by is None
    rows = "".join(f"{n}/{i}.png,{n}{i}\n" for n in "ab" for i in range(3))
    table.write_text("image,plate\n" + rows)
    assert groups(open_dataset(tmp_path / "set", BREAST))["b/1"] == "b1"


def test_folders_taken_together_that_a_table_does_not_group_are_named(tmp_path: Path) -> None:
    frames = [str(i) for i in range(1, 41)]
    draw(tmp_path / "both" / "PNG", frames)
    draw(tmp_path / "both" / "a copy", ["7"])
    rows = "".join(f"{i},s{int(i) // 9}\n" for i in frames)
    (tmp_path / "both" / "sequences.csv").write_text("frame,sequence\n" + rows)
    with pytest.raises(DataError, match="no group for 2 of 41") as caught:
        open_dataset(tmp_path / "both", POLYP, DataOptions(layout="paired_folders"))
    hint = str(caught.value.hint)
    assert f"automed data check {tmp_path}/both/PNG --task polyp" in hint
    assert f"automed data check '{tmp_path}/both/a copy' --task polyp" in hint
    assert "--no-groups" in hint
    assert open_dataset(tmp_path / "both" / "PNG", POLYP).grouped_by is not None


@pytest.mark.parametrize(
    ("column", "word"),
    [
        ("Patient ID", "patient"), ("patients", "patient"), ("PatientID", "patient"),
        ("case_id", "case"), ("Image_Metadata_Plate", "plate"), ("sequence_id", "sequence"),
        ("SLIDE", "slide"), ("centre", "centre"), ("video name", "video"),
        ("staircase", None), ("image", None), ("outpatient_count", None),
        ("plate_reader_speed", None),
    ],
)  # fmt: skip
def test_columns_named_after_a_group(column: str, word: str | None) -> None:
    assert group_word(column) == word


def test_patients_come_before_hospitals() -> None:
    assert group_columns(["hospital", "x", "patient"], "plate") == ["patient", "hospital"]
