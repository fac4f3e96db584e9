"""What is proposed for a folder, and the plugin file that says it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from automed.api.plugin_new import place_for
from automed.api.plugin_proposal import Given, propose, size_for
from automed.api.plugin_text import plugin_text
from automed.domain.data_options import DataOptions
from automed.domain.errors import AutomedError, DataError, PluginError
from automed.domain.task import AnyTask
from automed.registry.tasks import import_file


def pairs(folder: Path, names: list[str], size: tuple[int, int] = (40, 60)) -> Path:
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for number, name in enumerate(names):
        image = np.random.default_rng(number).integers(0, 255, (*size, 3), dtype=np.uint8)
        mask = np.zeros(size, np.uint8)
        mask[5:25, 5:25] = 255
        cv2.imwrite(str(folder / "images" / name), image)
        cv2.imwrite(str(folder / "masks" / name), mask)
    return folder


def classes(folder: Path, per_class: int = 8) -> Path:
    for label in ("normal", "sick"):
        (folder / label).mkdir(parents=True)
        for number in range(per_class):
            image = np.random.default_rng(number + len(label)).integers(0, 255, (50, 50, 3))
            cv2.imwrite(str(folder / label / f"{number}.png"), image.astype(np.uint8))
    return folder


def task_of(given: Given, folder: Path) -> AnyTask:
    file = folder / f"{given.name}.py"
    file.write_text(plugin_text(propose(given), "automed plugin new ...", folder))
    lines = file.read_text().splitlines()
    assert 20 <= len(lines) <= 40
    assert max(map(len, lines)) <= 100
    task: AnyTask = import_file(file).task
    return task


def test_pairs_become_a_binary_segmentation(tmp_path: Path) -> None:
    folder = pairs(tmp_path / "data", [f"{i:02}.png" for i in range(12)])
    task = task_of(Given("vessel", folder), tmp_path)
    assert (task.kind, task.classes, task.image_size) == ("segmentation", ("foreground",), (64, 64))
    assert task.space.name == "cell"
    assert task.split.waiver is not None
    assert "patient" in task.split.waiver


def test_class_folders_become_a_classification(tmp_path: Path) -> None:
    task = task_of(Given("sickness", classes(tmp_path / "data")), tmp_path)
    assert (task.kind, task.classes) == ("classification", ("normal", "sick"))
    assert task.space.name == "breast_cell"
    assert task.image_size == (96, 96)


def test_groups_in_names_are_taken_and_called_by_their_name(tmp_path: Path) -> None:
    names = [f"C{i % 4}_{i:03}.png" for i in range(16)]
    proposal = propose(Given("mine", pairs(tmp_path / "data", names)))
    assert proposal.split.group == "center"
    assert proposal.split.waiver is None
    assert proposal.options.group_pattern == r"^C(\d+[A-Za-z]?)_"
    assert {sample.group for sample in proposal.dataset.samples} == {"0", "1", "2", "3"}
    assert "C{center}_*" in proposal.pattern.told() if proposal.pattern else False


def test_names_that_only_look_grouped_are_told_not_taken(tmp_path: Path) -> None:
    names = [f"{i % 4}_{i:03}.png" for i in range(16)]
    proposal = propose(Given("mine", pairs(tmp_path / "data", names)))
    assert proposal.options.group_pattern is None
    assert any("--group-pattern '{patient}_*'" in note for note in proposal.notes)


def test_a_table_gives_the_groups(tmp_path: Path) -> None:
    folder = pairs(tmp_path / "data", [f"{i:02}.png" for i in range(12)])
    rows = "\n".join(f"{i:02}.png,{i % 4}" for i in range(12))
    (folder / "sequences.csv").write_text(f"frame,sequence\n{rows}\n")
    proposal = propose(Given("mine", folder))
    assert proposal.split.group == "sequence"
    assert proposal.split.waiver is None


def test_flags_win(tmp_path: Path) -> None:
    folder = pairs(tmp_path / "data", [f"C{i % 4}_{i:03}.png" for i in range(16)])
    given = Given(
        "mine", folder, title="Cells", classes=("cell",), image_size=(32, 96), space="white_cell",
        options=DataOptions(no_groups="one patient only"),
    )  # fmt: skip
    task = task_of(given, tmp_path)
    assert (task.title, task.classes, task.image_size) == ("Cells", ("cell",), (32, 96))
    assert task.space.name == "white_cell"
    assert task.split.waiver == "one patient only"


def test_titles_and_waivers_with_quotes_stay_python(tmp_path: Path) -> None:
    folder = pairs(tmp_path / "data", [f"{i}.png" for i in range(6)])
    options = DataOptions(no_groups="it's \"one\" patient's \\ eye")
    given = Given("mine", folder, title='O\'Hara\'s """cells"""', options=options)
    assert task_of(given, tmp_path).title == given.title
    assert task_of(given, tmp_path).split.waiver == options.no_groups


def test_several_data_sets_are_a_question_with_its_answers(tmp_path: Path) -> None:
    pairs(tmp_path / "data" / "one", ["a.png", "b.png"])
    pairs(tmp_path / "data" / "two", ["a.png", "b.png"])
    with pytest.raises(DataError) as caught:
        propose(Given("mine", tmp_path / "data"))
    hint = str(caught.value.hint)
    assert f"automed plugin new mine --data {tmp_path / 'data' / 'one'}" in hint
    assert "--layout paired_folders" in hint
    assert "--task" not in hint


def test_masks_are_no_classes_even_if_asked_for(tmp_path: Path) -> None:
    folder = pairs(tmp_path / "data", [f"{i}.png" for i in range(6)])
    (folder / "images").rename(folder / "left")
    (folder / "masks").rename(folder / "right")
    with pytest.raises(DataError) as caught:
        propose(Given("mine", folder, kind="classification"))
    assert "which is for segmentation; leave --kind out" in str(caught.value.hint)


def test_a_folder_of_nothing_known_names_both_kinds(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((8, 8), np.uint8))
    with pytest.raises(DataError, match="neither masks") as caught:
        propose(Given("mine", tmp_path))
    assert "paired_folders" in str(caught.value)
    assert "class_folders" in str(caught.value)


def test_too_many_class_names_are_refused(tmp_path: Path) -> None:
    folder = pairs(tmp_path / "data", ["a.png", "b.png", "c.png"])
    with pytest.raises(DataError, match="--classes names 2"):
        propose(Given("mine", folder, classes=("a", "b")))


@pytest.mark.parametrize(
    ("kind", "size", "expected"),
    [
        ("segmentation", (288, 384), (288, 384)),
        ("segmentation", (530, 622), (320, 384)),
        ("segmentation", (20, 20), (64, 64)),
        ("classification", (68, 68), (96, 96)),
        ("classification", (1000, 700), (224, 224)),
    ],
)
def test_sizes(kind: str, size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert size_for(kind, size) == expected


@pytest.mark.parametrize("name", ["My-Task", "2cells", "class", "", "cells!"])
def test_names_that_cannot_be_are_refused_with_one_that_can(name: str) -> None:
    with pytest.raises(PluginError, match="cannot be a task's name"):
        place_for(name, None, force=False)


def test_plugins_are_not_written_over_nor_where_nobody_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTOMED_PLUGINS", raising=False)
    assert place_for("mine", None, force=False) == tmp_path / "plugins" / "mine.py"
    with pytest.raises(PluginError, match="there is a task 'polyp'"):
        place_for("polyp", None, force=True)
    with pytest.raises(PluginError, match="named after its task"):
        place_for("mine", Path("other.py"), force=False)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "mine.py").write_text("task = None")
    with pytest.raises(PluginError, match="--force"):
        place_for("mine", None, force=False)
    assert place_for("mine", None, force=True).name == "mine.py"
    (tmp_path / "plugins" / "__init__.py").touch()
    with pytest.raises(PluginError, match="Python package"):
        place_for("other", None, force=False)


@pytest.mark.parametrize(
    ("place", "kind", "classes", "group"),
    [
        ("polyp/CVC-ClinicDB/PNG", "segmentation", ("foreground",), "sequence"),
        ("cell/segmentation_WBC/Dataset 1", "segmentation", ("value_128", "value_255"), None),
        (
            "breast_cell/BBBC021_MCF7_subset/data_subset", "classification",
            ("DMSO", "Protein synthesis"), "plate",
        ),
    ],
)  # fmt: skip
def test_real_folders(
    real_data: Path, place: str, kind: str, classes: tuple[str, ...], group: str | None
) -> None:
    proposal = propose(Given("mine", real_data / place))
    assert (proposal.kind, proposal.classes) == (kind, classes)
    if group is None:
        assert proposal.split.waiver is not None
        assert proposal.dataset.grouped_by is None
    else:
        assert proposal.split.group == group


def test_real_folders_that_hold_two_data_sets(real_data: Path) -> None:
    given = Given("mine", real_data / "cell" / "segmentation_WBC")
    with pytest.raises(AutomedError) as caught:
        propose(given)
    layout = str(caught.value.hint).split("--layout ")[1].split()[0]
    proposal = propose(replace(given, options=DataOptions(layout=layout)))
    assert len(proposal.dataset.samples) == 220
    assert proposal.mask_values == (128, 255)
