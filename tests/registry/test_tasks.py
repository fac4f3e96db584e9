"""Plugins are found in packages and folders, and say what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from automed.domain.errors import PluginError
from automed.registry.tasks import load_task, task_plugins

PLUGIN = """
from automed import SegmentationTask, SplitPolicy, load_space

task = SegmentationTask(
    name="{name}", title="Test", classes=("thing",), image_size=(64, 64),
    space=load_space("cell"),
)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AUTOMED_PLUGINS", str(tmp_path))
    return tmp_path


def test_the_built_in_tasks_come_through_entry_points() -> None:
    plugins = task_plugins()
    names = ["polyp", "cell", "leukemia", "breast_cell", "white_cell", "brain_tumor", "lung_nodule"]
    for name in names:
        assert plugins[name].origin.startswith("automed ")
        assert plugins[name].load().name == name


def test_a_folder_plugin_is_found_and_names_its_file(folder: Path) -> None:
    (folder / "mine.py").write_text(PLUGIN.format(name="mine"))
    (folder / "_private.py").write_text("raise RuntimeError")
    assert load_task("mine").title == "Test"
    assert task_plugins()["mine"].origin == str(folder / "mine.py")
    assert "_private" not in task_plugins()


def test_the_default_folder_is_plugins_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTOMED_PLUGINS", raising=False)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "mine.py").write_text(PLUGIN.format(name="mine"))
    assert "mine" in task_plugins()
    (tmp_path / "plugins" / "__init__.py").touch()
    assert "mine" not in task_plugins()


def test_listing_imports_no_plugin(folder: Path) -> None:
    (folder / "broken.py").write_text("raise RuntimeError('imported')")
    assert "broken" in task_plugins()


def test_an_unknown_task_suggests_the_one_meant() -> None:
    with pytest.raises(PluginError, match="did you mean 'polyp'") as caught:
        load_task("polypp")
    assert "leukemia" in str(caught.value)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import not_there_at_all", "ModuleNotFoundError"),
        ("tusk = 1", "defines no `task`"),
        ("task = 1", "yields no task"),
        (PLUGIN.format(name="other"), "another name"),
        (PLUGIN.format(name="bad").replace("(64, 64)", "(8, 8)"), "below 16 pixels"),
        (PLUGIN.format(name="bad").replace('title="Test"', 'titel="Test"'), "titel"),
    ],
)
def test_a_broken_plugin_says_what_is_wrong(folder: Path, source: str, expected: str) -> None:
    (folder / "bad.py").write_text(source)
    with pytest.raises(PluginError) as caught:
        load_task("bad")
    assert expected in str(caught.value)
    assert "bad" in str(caught.value)


def test_a_baseline_outside_the_space_is_refused(folder: Path) -> None:
    source = PLUGIN.format(name="bad").replace(
        "space=", "baselines=({'name': 'odd', 'config': {'model.encoder': 'x'}},), space="
    )
    (folder / "bad.py").write_text(source)
    with pytest.raises(PluginError, match="odd"):
        load_task("bad")


def test_two_plugins_of_one_name_are_both_named(folder: Path) -> None:
    (folder / "polyp.py").write_text(PLUGIN.format(name="polyp"))
    with pytest.raises(PluginError, match="two plugins claim") as caught:
        load_task("cell")
    assert str(folder / "polyp.py") in str(caught.value)
    assert "automed " in str(caught.value)


def test_a_missing_plugin_folder_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOMED_PLUGINS", "/not/there")
    with pytest.raises(PluginError, match="/not/there"):
        task_plugins()
