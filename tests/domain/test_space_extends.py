"""Spaces that extend others: what is replaced, added, removed, and where the errors lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from automed.domain.errors import SpaceError
from automed.domain.space_file import load_space
from automed.domain.space_problem import InvalidSpaceError

BASE = """
[space]
name = "base"
[training.optimizer]
choices = ["adam", "sgd"]
[training.rate]
low = 1e-5
high = 1e-1
log = true
[training.momentum]
low = 0.0
high = 0.9
when = { "training.optimizer" = "sgd" }
[training.batch]
choices = [8, 16]
"""


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text)


def child(text: str, head: str = 'extends = "base.toml"') -> str:
    return f'[space]\nname = "child"\n{head}\n{text}'


def problems(path: Path) -> list[str]:
    with pytest.raises(InvalidSpaceError) as error:
        load_space(str(path))
    return [line.replace(f"{path.parent}/", "") for line in error.value.problems]


class TestMerging:
    def test_tables_are_replaced_in_place_and_new_ones_come_last(self, tmp_path: Path) -> None:
        write(
            tmp_path,
            base=BASE,
            child=child("[model.x]\nchoices = [1]\n[training.rate]\nlow = 1e-4\nhigh = 1e-3\n"),
        )
        space = load_space(str(tmp_path / "child.toml"))
        assert space.name == "child"
        assert list(space.parameters) == [
            "training.optimizer", "training.rate", "training.momentum", "training.batch", "model.x",
        ]  # fmt: skip
        rate = space.parameters["training.rate"]
        assert (rate.low, rate.high, rate.log) == (1e-4, 1e-3, False)

    def test_the_same_parameters_in_one_file_are_the_same_space(self, tmp_path: Path) -> None:
        alone = BASE.replace('"base"', '"child"')
        write(tmp_path, base=BASE, child=child(""), alone=alone)
        one, two = (load_space(str(tmp_path / f"{name}.toml")) for name in ("child", "alone"))
        assert one == two
        assert one.digest == two.digest

    def test_several_levels_in_other_folders(self, tmp_path: Path) -> None:
        (tmp_path / "deep").mkdir()
        write(tmp_path, base=BASE, middle=child("[a]\nchoices = [1]\n"))
        write(tmp_path / "deep", top=child("[b]\nchoices = [2]\n", 'extends = "../middle.toml"'))
        assert list(load_space(str(tmp_path / "deep" / "top.toml")).parameters)[-2:] == ["a", "b"]

    def test_a_shipped_space_is_extended_by_its_name(self, tmp_path: Path) -> None:
        write(tmp_path, polyp=child("[a]\nchoices = [1]\n", 'extends = "polyp"'))
        space = load_space(str(tmp_path / "polyp.toml"))
        assert {*load_space("polyp").parameters, "a"} == set(space.parameters)

    def test_removing(self, tmp_path: Path) -> None:
        head = 'extends = "base.toml"\nremove = ["training.momentum", "training.batch"]'
        write(tmp_path, base=BASE, child=child("[training.batch]\nchoices = [2]\n", head))
        space = load_space(str(tmp_path / "child.toml"))
        assert list(space.parameters) == ["training.optimizer", "training.rate", "training.batch"]
        assert space.parameters["training.batch"].choices == (2,)

    def test_a_replaced_table_may_ask_for_what_its_own_file_adds(self, tmp_path: Path) -> None:
        text = """
        [model.encoder]
        choices = ["big", "small"]
        [training.batch]
        choices = [8, 64]
        [[training.batch.exclude]]
        choices = [64]
        unless = { "model.encoder" = "small" }
        [training.rate]
        choices = [0.1]
        when = { "training.batch" = 64 }
        """
        write(tmp_path, base=BASE, child=child(text))
        order = list(load_space(str(tmp_path / "child.toml")).parameters)
        assert order == [
            "training.optimizer", "training.momentum", "model.encoder", "training.batch",
            "training.rate",
        ]  # fmt: skip


class TestErrors:
    def test_a_condition_that_dangles_names_both_files(self, tmp_path: Path) -> None:
        head = 'extends = "base.toml"\nremove = [\n"training.optimizer",\n"zzz"]'
        write(tmp_path, base=BASE, child=child("", head))
        assert problems(tmp_path / "child.toml") == [
            "base.toml:13: training.momentum.when: its condition names 'training.optimizer', which "
            "must stand before it, but there is no such parameter; child.toml:4 removes it",
            "child.toml:6: space.remove: 'zzz' is not in the extended space",
        ]

    def test_what_only_went_with_a_value_that_a_child_took_away(self, tmp_path: Path) -> None:
        write(tmp_path, base=BASE, child=child('\n[training.optimizer]\nchoices = ["adam"]\n'))
        space = load_space(str(tmp_path / "child.toml"))
        assert "training.momentum" not in space.parameters

    def test_a_condition_of_the_child_itself_is_not_forgiven(self, tmp_path: Path) -> None:
        own = '[x]\nchoices = [1]\nwhen = { "training.optimizer" = "lion" }\n'
        write(tmp_path, base=BASE, child=child(own))
        (problem,) = problems(tmp_path / "child.toml")
        assert "x.when: its condition on training.optimizer: 'lion' is not one of" in problem

    @pytest.mark.parametrize("length", [1, 2, 3])
    def test_cycles_name_the_chain(self, tmp_path: Path, length: int) -> None:
        names = ["a", "b", "c"][:length]
        for name, base in zip(names, [*names[1:], "a"], strict=True):
            write(tmp_path, **{name: child("[x]\nchoices = [1]", f'extends = "{base}.toml"')})
        route = " -> ".join(f"{name}.toml" for name in [*names, "a"])
        assert problems(tmp_path / "a.toml") == [
            f"{names[-1]}.toml:3: space.extends: a space cannot extend itself: {route}"
        ]

    @pytest.mark.parametrize(
        ("base", "words"),
        [
            ("polypp", "there is no search space 'polypp'; did you mean 'polyp'?"),
            ("gone.toml", "gone.toml: there is no such file"),
            ("../gone.toml", "gone.toml: there is no such file"),
        ],
    )
    def test_a_base_that_is_not_there(self, tmp_path: Path, base: str, words: str) -> None:
        write(tmp_path, child=child("[x]\nchoices = [1, 1]\n", f'extends = "{base}"'))
        first, second = problems(tmp_path / "child.toml")
        assert first.startswith("child.toml:3: space.extends: ")
        assert words in first
        assert second == "child.toml:5: x.choices: 1 is listed twice"

    def test_a_broken_base_and_a_broken_child_at_once(self, tmp_path: Path) -> None:
        write(tmp_path, base="[space\n", child=child("[x]\nlow = 1\nwhen = { y = 1 }\n"))
        assert [line.split(": ")[0] for line in problems(tmp_path / "child.toml")] == [
            "base.toml:1", "child.toml:4",
        ]  # fmt: skip

    def test_conditions_that_go_round(self, tmp_path: Path) -> None:
        text = '[training.optimizer]\nchoices = ["sgd"]\nwhen = { "training.momentum" = 0.5 }\n'
        base = BASE.replace("high = 0.9\n", "high = 0.9\nstep = 0.1\n")
        write(tmp_path, base=base, child=child(text))
        (found,) = problems(tmp_path / "child.toml")
        assert "its condition names 'training.momentum', which must stand before it" in found

    def test_a_space_is_no_worse_for_what_a_child_replaces(self, tmp_path: Path) -> None:
        write(
            tmp_path,
            base=BASE.replace("choices = [8, 16]", "choices = [8, 8]"),
            child=child("[training.batch]\nchoices = [4]\n"),
        )
        assert load_space(str(tmp_path / "child.toml")).parameters["training.batch"].choices == (4,)
        with pytest.raises(SpaceError, match=r"base\.toml:15: training\.batch\.choices: 8 is"):
            load_space(str(tmp_path / "base.toml"))
