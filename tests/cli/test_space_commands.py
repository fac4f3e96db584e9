"""``automed space``: the list, the tree, the check; and ``automed search --space``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from automed.api.request import SearchRequest
from automed.api.search import start
from automed.api.space import failing_configs, shipped_spaces
from automed.cli.space_view import counts, example_flags, tree
from automed.domain.space import SearchSpace
from automed.domain.space_file import load_space, parse_space
from automed.domain.workspace import Workspace
from automed.registry.tasks import load_task
from automed.search.study_file import read_spec

SPACE = """
[space]
name = "mine"
version = 3
[model.architecture]
choices = ["unet", "deeplabv3plus", "fpn"]
paper = ["unet"]
[model.encoder]
choices = ["resnet18", "resnet34", "regnety_008", "lcnet_100", "starnet_s1"]
[[model.encoder.exclude]]
choices = ["resnet34", "regnety_008", "lcnet_100", "starnet_s1"]
when = { "model.architecture" = ["deeplabv3plus", "fpn"] }
[model.output_stride]
choices = [8, 16]
when = { "model.architecture" = "deeplabv3plus" }
[training.loss]
choices = ["bce"]
[training.optimizer]
choices = ["sgd", "adam"]
[training.momentum]
low = 0.0
high = 0.9
paper = [0.9]
when = { "training.optimizer" = "sgd", "model.architecture" = ["unet", "fpn"] }
[training.learning_rate]
low = 1e-4
high = 1e-2
log = true
[training.batch_size]
low = 2
high = 8
step = 2
[training.class_weights]
choices = [true, false]
paper = [false]
"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def automed(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    from automed.cli.app import main

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["automed", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(SPACE)
    return path


def printed(space: SearchSpace, width: int = 80) -> list[str]:
    console = Console(width=width, no_color=True)
    with console.capture() as capture:
        console.print(tree(space))
    return [line.rstrip() for line in capture.get().splitlines()]


class TestTree:
    def test_all_of_it(self) -> None:
        assert printed(parse_space(SPACE, "mine.toml")) == [
            "mine v3: 9 parameters   * a paper's value",
            "├── model.architecture",
            "│     *unet  deeplabv3plus  fpn",
            "│   └── where it is deeplabv3plus",
            "│       └── model.output_stride",
            "│             8  16",
            "├── model.encoder",
            "│     resnet18  resnet34  regnety_008  lcnet_100  starnet_s1",
            "│     without resnet34, regnety_008, lcnet_100, starnet_s1 where",
            "│     model.architecture is not unet",
            "├── training.loss",
            "│     bce",
            "├── training.optimizer",
            "│     sgd  adam",
            "│   └── where it is sgd and model.architecture is not deeplabv3plus",
            "│       └── training.momentum",
            "│             0 to 0.9  *0.9",
            "├── training.learning_rate",
            "│     0.0001 to 0.01 (log)",
            "├── training.batch_size",
            "│     2 to 8 in steps of 2",
            "└── training.class_weights",
            "      true  *false",
        ]

    @pytest.mark.parametrize("name", shipped_spaces())
    def test_every_shipped_space_fits_a_terminal(self, name: str) -> None:
        space = load_space(name)
        lines = printed(space)
        assert max(map(len, lines)) <= 80
        nodes = [line.split("── ")[-1] for line in lines]
        for key in space.parameters:
            assert nodes.count(key) == 1

    @pytest.mark.parametrize("name", shipped_spaces())
    def test_its_example_flags_can_be_copied(self, name: str) -> None:
        space = load_space(name)
        flags = [flag for flag in example_flags(space) if flag]
        assert flags
        smaller = space
        for flag in flags:
            option, pair = flag.split(" ")
            edit = smaller.fix if option == "--fix" else smaller.narrow
            smaller = edit(*pair.split("=", 1))
        assert smaller.combinations() < space.combinations()

    def test_sizes(self) -> None:
        # unet: 5 encoders, else 1; deeplab with 2 strides; 2 optimizers, 4 batch sizes, 2 weights
        expected = (5 + 2 + 1) * 2 * 4 * 2
        space = parse_space(SPACE, "mine.toml")
        assert counts(space).plain == (
            f"{expected} combinations of choices and steps, and 2 real-valued parameters"
        )
        many = {f"p{n}": {"type": "int", "low": 1, "high": 100} for n in range(5)}
        assert (
            "10,000,000,000 combinations (1.0e10)"
            in counts(SearchSpace(name="s", parameters=many)).plain
        )


class TestCommands:
    def test_the_list(self, automed: Run) -> None:
        code, out, _ = automed("space")
        assert code == 0
        for name, space in shipped_spaces().items():
            row = next(line for line in out.splitlines() if f" {name} " in line)
            assert f"{space.combinations():,}" in row
        assert "automed space show polyp" in out

    def test_show(self, automed: Run, file: Path) -> None:
        code, out, _ = automed("space", "show", file)
        assert code == 0
        assert "mine v3: 9 parameters" in out
        command = f"automed search TASK --space {file} --fix model.architecture=unet"
        assert f"{command} --set training.learning_rate=0.0001..0.001" in out

    def test_show_of_a_task_and_of_a_base(self, automed: Run) -> None:
        assert "automed search leukemia --fix" in automed("space", "show", "leukemia")[1]
        assert "--space segmentation --fix" in automed("space", "show", "segmentation")[1]

    def test_show_of_nothing(self, automed: Run, tmp_path: Path) -> None:
        code, _, err = automed("space", "show", "segmentaton")
        assert code == 2
        assert "did you mean 'segmentation'" in err
        code, _, err = automed("space", "show", tmp_path / "gone.toml")
        assert code == 2
        assert "gone.toml: there is no such file" in " ".join(err.split())

    def test_a_good_file(self, automed: Run, file: Path) -> None:
        code, out, err = automed("space", "check", file)
        assert (code, err) == (0, "")
        assert "ok: mine v3, 128 combinations" in out

    def test_every_problem_of_a_bad_file(self, automed: Run, file: Path) -> None:
        text = SPACE.replace('"sgd", "adam"', '"sgd", "sgd"').replace("paper = [0.9]", "papper = 1")
        file.write_text(text.replace("low = 1e-4\n", ""))
        code, out, err = automed("space", "check", file)
        assert (code, out) == (1, "")
        assert [line.removeprefix(str(file)) for line in err.splitlines()] == [
            ":19: training.optimizer.choices: 'sgd' is listed twice",
            ":23: training.momentum.papper: unknown field; did you mean 'paper'?; known are "
            "when, paper, low, high, log, step",
            ":25: training.learning_rate.low: is missing",
        ]

    def test_a_search_in_a_bad_file_says_the_same(self, automed: Run, file: Path) -> None:
        file.write_text(SPACE.replace('["bce"]', "[]"))
        code, _, err = automed("search", "cell", "--space", file)
        assert code == 2
        assert f"{file}:17: training.loss.choices: must not be empty" in err

    def test_resume_keeps_its_space(self, automed: Run, file: Path) -> None:
        code, _, err = automed("search", "cell", "--resume", "--space", file)
        assert code == 2
        assert "--space" in err


class TestBuilding:
    @pytest.fixture
    def small(self, file: Path) -> Path:
        """The cell task's own parameters, with few and small encoders."""
        file.write_text(
            SPACE.replace('choices = ["bce"]', 'choices = ["bce", "bce+dice"]')
            + "[training.weight_decay]\nlow = 1e-6\nhigh = 1e-2\nlog = true\n"
        )
        return file

    def test_configs_that_build(self, automed: Run, small: Path) -> None:
        code, out, err = automed("space", "check", small, "--task", "cell", "--samples", 3)
        assert code == 0, err
        assert "3 random configs build for task cell" in out

    def test_every_config_that_does_not(self, automed: Run, small: Path) -> None:
        small.write_text(small.read_text().replace('"bce", "bce+dice"', '"ce"'))
        code, out, err = automed("space", "check", small, "--task", "cell", "--samples", 4)
        assert code == 1
        assert "ok:" not in out
        assert "4 of 4 random configs cannot be trained for task cell" in err
        assert err.count("training.loss=ce") == 4

    def test_what_nothing_is_called(self, automed: Run, small: Path) -> None:
        bad = small.read_text().replace('"bce", "bce+dice"', '"bce", "0.3*hinge"')
        bad = bad.replace('"resnet18"', '"resnet999"').replace("weight_decay]", "wieght_decay]")
        small.write_text(bad + "[data.preprocess]\nchoices = ['blur']\n")
        code, out, err = automed("space", "check", small)
        assert code == 1
        assert "ok:" not in out
        for words in (
            "model.encoder.choices: 'resnet999'", "training.loss.choices: '0.3*hinge'",
            "data.preprocess.choices: 'blur'",
            "training.wieght_decay: nothing reads a parameter of this name; did you mean "
            "'training.weight_decay'?",
        ):  # fmt: skip
            assert err.count(words) == 1
        assert err.count(f"{small}:") == 4

    def test_each_kind_of_failure_is_told(self, small: Path) -> None:
        good = small.read_text()
        for old, new, words in (
            ('"bce", "bce+dice"', '"hinge"', "hinge"),
            ('"resnet18"', '"resnet999"', "resnet999"),
            ("[training.weight_decay]", "[training.wieght_decay]", "training.wieght_decay"),
            ("[training.momentum]", "[augment.momentum]", "augment.momentum"),
        ):
            space = parse_space(good.replace(old, new), "bad.toml")
            failed = failing_configs(space, "cell", samples=20)
            assert failed, words
            assert all(words in one.problem for one in failed)
            for one in failed:
                assert space.validate_config(dict(one.config.items())) == one.config


def test_a_study_records_a_space_of_ones_own(file: Path, workspace: Path) -> None:
    file.write_text(
        """
        [space]
        name = "own"
        [model.architecture]
        choices = ["unet"]
        [model.encoder]
        choices = ["tf_mobilenetv3_small_075"]
        [training.loss]
        choices = ["bce", "bce+dice"]
        [training.optimizer]
        choices = ["adam"]
        [training.learning_rate]
        low = 1e-4
        high = 1e-2
        log = true
        [training.weight_decay]
        choices = [1e-4]
        [training.batch_size]
        choices = [8]
        """
    )
    request = SearchRequest(
        task="cell", space=str(file), budget=1, image_size=(32, 32), weights="none", name="own",
        set_values=("augment.strength=0.5",),
    )  # fmt: skip
    search = start(request, Workspace.at(workspace))
    search.study.close()
    assert any("is no config of space 'own'" in note for note in search.notes)
    study = json.loads((workspace / "studies" / "own" / "study.json").read_text())
    assert study["task"]["space"]["name"] == "own"
    assert study["task"]["baselines"] == []
    assert search.study.spec.task.augment == load_task("cell").augment.scaled(0.5)
    assert read_spec(search.study.folder) == search.study.spec
