"""``automed plugin``: new, list, show and check, as scripts and people use them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from automed.cli import plugin_checks, plugin_new
from automed.cli.app import main
from automed.data.register import registered
from automed.domain.workspace import Workspace
from automed.registry import components
from automed.registry.tasks import import_file, load_task
from automed.testing.conformance import CHECKS

SPACE = """
[space]
name = "small"
[model.architecture]
choices = ["unet"]
[model.encoder]
choices = ["lcnet_050"]
[training.loss]
choices = ["bce"]
[training.optimizer]
choices = ["sgd"]
[training.learning_rate]
low = 1e-4
high = 1e-2
[training.weight_decay]
choices = [0.0]
[training.batch_size]
choices = [4]
"""

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> Run:
    """Run ``automed plugin`` in an empty directory; the exit code and all that was printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(components, "_DECLARED", {})  # what plugins bring goes with the test
    monkeypatch.setattr(components, "_WAITING", [])
    # Set first, so that what the command sets is taken back, too.
    monkeypatch.setenv("AUTOMED_PLUGINS", "")
    monkeypatch.delenv("AUTOMED_PLUGINS")
    (tmp_path / "small.toml").write_text(SPACE)

    def command(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["automed", "plugin", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return command


@pytest.fixture(autouse=True)
def quick_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks that build no networks; tests/contracts run the others on the built-in tasks."""
    names = ("survives_json", "space_is_complete", "losses_and_optimizers_are_known")
    monkeypatch.setattr(plugin_checks, "CHECKS", {name: CHECKS[name] for name in names})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Pairs of four centres, named C0_000.png to C3_015.png."""
    folder = tmp_path / "data"
    for number in range(16):
        source = np.random.default_rng(number)
        mask = np.zeros((40, 40), np.uint8)
        mask[5 : 15 + number, 5:25] = 255
        image = source.integers(0, 90, (40, 40, 3)).astype(np.uint8)
        for kind, pixels in (("images", image), ("masks", mask)):
            (folder / kind).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / kind / f"C{number % 4}_{number:03}.png"), pixels)
    return folder


def test_new_writes_checks_and_registers(
    run: Run, data: Path, tmp_path: Path, workspace: Path
) -> None:
    code, said = run("new", "mine", "--data", data, "--yes", "--space", "small.toml")
    assert code == 0, said
    assert "C{center}_*" in said
    assert "FAIL" not in said
    assert "automed search mine --budget 50" in said
    task = load_task("mine")
    assert task.split.group == "center"
    entry = registered(Workspace.at(workspace), "mine")
    assert entry is not None
    assert entry.options.group_pattern == r"^C(\d+[A-Za-z]?)_"

    code, said = run("show", "mine")
    assert code == 0, said
    for part in (
        "plugins/mine.py",
        "64x64",
        "small (version 1), 7 parameters",
        str(data),
        "center",
    ):
        assert part in said
    code, said = run("check", "mine")
    assert code == 0, said
    assert "automed plugin show mine" in said

    code, said = run("new", "mine", "--data", data, "--yes")
    assert code == 2
    assert "--force" in said


def test_a_check_that_fails_is_named_and_the_data_wait(run: Run, data: Path) -> None:
    Path("small.toml").write_text(SPACE.replace('["bce"]', '["ce"]'))
    code, said = run("new", "mine", "--data", data, "--yes", "--space", "small.toml")
    assert code == 1
    assert "FAIL losses and optimizers are known: the loss 'ce' is not for binary masks" in said
    assert "automed plugin check mine" in said
    assert run("check", "mine")[0] == 1


def test_list_names_the_broken_with_their_cause(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "odd.py").write_text("import not_there_at_all")
    code, said = run("list")
    assert code == 0
    assert "not_there_at_all" in said
    assert "automed plugin check odd" in said
    assert "polyp" in said
    assert run("check", "odd")[0] == 2


def test_without_a_terminal_a_script_is_told_of_yes(run: Run, data: Path) -> None:
    code, said = run("new", "mine", "--data", data, "--title", "My cells")
    assert code == 2
    assert f"automed plugin new mine --data {data} --title 'My cells' --yes" in said
    assert not Path("plugins").exists()


def test_questions_are_asked_and_answers_taken(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugin_new, "is_terminal", lambda: True)
    answers = iter(["Cells of mice", "cell", "32x64", False, True])
    asked: list[str] = []

    def answer(question: str, **_: object) -> object:
        asked.append(question)
        return next(answers)

    monkeypatch.setattr("typer.prompt", answer)
    monkeypatch.setattr("typer.confirm", answer)
    code, said = run("new", "mine", "--data", data, "--space", "small.toml")
    assert code == 0, said
    task = load_task("mine")
    assert (task.title, task.classes, task.image_size) == ("Cells of mice", ("cell",), (32, 64))
    assert task.split.waiver == "the names do not say what belongs together"
    assert "C{center}_*" in asked[3]
    assert asked[4] == "Write plugins/mine.py?"


def test_a_layout_of_masks_says_segmentation(run: Run, data: Path) -> None:
    (data / "images").rename(data / "left")
    (data / "masks").rename(data / "right")
    flags = ("--yes", "--space", "small.toml", "--layout", "paired_folders")
    code, said = run("new", "mine", "--data", data, *flags)
    assert code == 0, said
    assert "right/ is taken for the masks of left/" in said
    assert load_task("mine").kind == "segmentation"


def test_masks_that_cannot_be_told_are_asked_for_by_name(run: Run, data: Path) -> None:
    for mask in (data / "masks").iterdir():
        mask.rename(mask.with_name(f"other{mask.stem[-3:]}{mask.stem[0]}.png"))
    (data / "masks").rename(data / "right")
    (data / "images").rename(data / "left")
    code, said = run("new", "mine", "--data", data, "--yes", "--kind", "segmentation")
    assert code == 2
    for part in ("groundtruth", "originals", "manifest.csv with the columns image,mask"):
        assert part in said
    assert not Path("plugins").exists()


@pytest.mark.parametrize("output", ["plugins/mine.py", "mine.py"])
def test_a_space_of_ones_own_is_found_from_anywhere(
    run: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    flags = ("--yes", "--space", "small.toml", "--output", output)
    code, said = run("new", "mine", "--data", data, *flags)
    assert code == 0, said
    assert ("only .toml files there reach Ray workers" in said) == (output != "mine.py")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert import_file(tmp_path / output).task.space.name == "small"


def test_a_space_of_the_other_kind_is_the_cause(run: Run, data: Path) -> None:
    code, said = run("new", "mine", "--data", data, "--yes", "--space", "breast_cell")
    assert code == 2
    assert "--space breast_cell is for classification, and the data are for segmentation" in said
    assert not Path("plugins").exists()


def test_what_cannot_be_loaded_is_not_left_behind(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("automed.api.plugin_new.plugin_text", lambda *_: "import not_there_at_all")
    assert run("new", "mine", "--data", data, "--yes")[0] == 2
    assert not Path("plugins/mine.py").exists()
    Path("plugins/mine.py").write_text("# mine")
    code, said = run("new", "mine", "--data", data, "--yes", "--force")
    assert code == 2
    assert "not_there_at_all" in said
    assert Path("plugins/mine.py").read_text() == "# mine"


def test_show_lists_what_a_plugin_declares(run: Run, data: Path) -> None:
    code, said = run("new", "mine", "--data", data, "--yes", "--space", "small.toml")
    assert code == 0, said
    assert "own parts" not in run("show", "mine")[1]
    with Path("plugins/mine.py").open("a") as file:
        file.write(
            "from automed import Metric, Preprocessing\n"
            "components = (Preprocessing('vessels', apply=abs), Metric('outline', compute=max))\n"
        )
    assert "metric outline, preprocessing vessels" in run("show", "mine")[1]


def test_another_folder_is_told_how_it_is_found(run: Run, data: Path, tmp_path: Path) -> None:
    code, said = run(
        "new", "mine", "--data", data, "--yes", "--space", "small.toml",
        "--output", "elsewhere/mine.py", "--group-pattern", "C{hospital}_*",
    )  # fmt: skip
    assert code == 0, said
    assert f"AUTOMED_PLUGINS={tmp_path / 'elsewhere'} automed search mine" in said
    assert load_task("mine").split.group == "hospital"


def test_data_with_errors_leave_a_plugin_and_say_how_to_go_on(run: Run, data: Path) -> None:
    (data / "images" / "C0_000.png").write_bytes(b"no image")
    code, said = run("new", "mine", "--data", data, "--yes", "--space", "small.toml")
    assert code == 1, said
    assert "C0_000.png" in said
    assert f"automed data add mine {data}" in said
    assert Path("plugins/mine.py").is_file()


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (("--kind", "detection"), "there is no such kind"),
        (("--classes", "a,,b"), "--classes cannot be read"),
        (("--image-size", "big"), "--image-size"),
        (("--group-pattern", "("), "no regular expression"),
    ],
)
def test_bad_flags(run: Run, data: Path, flags: tuple[str, ...], problem: str) -> None:
    code, said = run("new", "mine", "--data", data, "--yes", *flags)
    assert code == 2
    assert problem in said
