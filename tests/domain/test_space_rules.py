"""Search spaces: conditions, flags that fix and narrow, and TOML files with their errors."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from automed.domain.config import Config
from automed.domain.errors import SpaceError
from automed.domain.parameter import CategoricalParameter, FloatParameter, IntParameter
from automed.domain.space import SearchSpace
from automed.domain.space_file import load_space, parse_space

SPACE = parse_space(
    """
    [space]
    name = "s"
    version = 2
    [model.architecture]
    choices = ["unet", "deeplab"]
    [model.width]
    choices = [0.25, 0.5, 1.0]
    when = { "model.architecture" = "unet" }
    [model.stride]
    choices = [16, 8]
    when = { model.architecture = "deeplab" }
    [model.rates]
    choices = ["a", "b"]
    when = { "model.architecture" = "deeplab", "model.stride" = [8] }
    [training.rate]
    low = 1e-5
    high = 1e-1
    log = true
    [training.drop]
    low = 0.0
    high = 0.5
    step = 0.1
    [training.count]
    low = 1
    high = 9
    step = 2
    [training.flag]
    choices = [true, false]
    """,
    source="s.toml",
)

UNET = {
    "model.architecture": "unet",
    "model.width": 0.5,
    "training.rate": 1e-3,
    "training.drop": 0.3,
    "training.count": 3,
    "training.flag": True,
}
DEEPLAB = {k: v for k, v in UNET.items() if k != "model.width"} | {
    "model.architecture": "deeplab",
    "model.stride": 8,
    "model.rates": "b",
}


class TestConditions:
    def test_whole_configs_of_both_branches(self) -> None:
        assert SPACE.validate_config(UNET) == Config(UNET)
        assert SPACE.validate_config(DEEPLAB) == Config(DEEPLAB)

    def test_a_condition_on_a_conditional_parameter(self) -> None:
        shallow = {k: v for k, v in DEEPLAB.items() if k != "model.rates"} | {"model.stride": 16}
        assert SPACE.validate_config(shallow) == Config(shallow)
        with pytest.raises(SpaceError, match=r"model\.rates has no effect here"):
            SPACE.validate_config(shallow | {"model.rates": "a"})

    def test_every_wrong_key_is_named_at_once(self) -> None:
        wrong = {k: v for k, v in UNET.items() if k != "training.flag"}
        wrong |= {"model.stride": 8, "model.widht": 1, "training.count": 4}
        with pytest.raises(SpaceError) as error:
            SPACE.validate_config(wrong)
        text = str(error.value)
        assert "'model.widht' is not a parameter of space 's'; did you mean 'model.width'?" in text
        assert "model.stride has no effect here: it needs model.architecture = deeplab" in text
        assert "training.count: 4 is outside 1 to 9 in steps of 2" in text
        assert "training.flag is missing" in text

    @pytest.mark.parametrize(
        ("parameters", "problem"),
        [
            (
                {"a": {"when": {"b": ("x",)}}},
                "a.when: its condition names 'b', which must stand before",
            ),
            (
                {"a": {"when": {"b": ("x",)}}, "b": {}},
                "a.when: its condition names 'b', which must stand before",
            ),
            ({"a": {"when": {"a": ("x",)}}}, "a.when: its condition names 'a'"),
            (
                {"a": {}, "b": {"when": {"a": ("z",)}}},
                "b.when: its condition on a: 'z' is not one of",
            ),
        ],
    )
    def test_conditions_that_cannot_be(self, parameters, problem) -> None:
        fields = {k: {"type": "categorical", "choices": ("x",), **v} for k, v in parameters.items()}
        with pytest.raises(ValidationError, match=problem):
            SearchSpace(name="s", parameters=fields)


class TestComplete:
    def test_what_has_no_effect_is_cut_off(self) -> None:
        assert SPACE.complete(UNET | DEEPLAB | {"model.architecture": "unet"}) == Config(UNET)
        assert SPACE.complete(UNET | {"unknown": 3}) == Config(UNET)

    def test_what_is_missing_or_outside_makes_it_none(self) -> None:
        assert SPACE.complete({k: v for k, v in UNET.items() if k != "model.width"}) is None
        assert SPACE.complete(UNET | {"training.rate": 1.0}) is None
        assert SPACE.narrow("training.rate", "1e-2..1e-1").complete(UNET) is None

    def test_what_is_fixed_overrules(self) -> None:
        fixed = SPACE.fix("training.rate", "0.01").fix("training.flag", "false")
        config = fixed.complete(UNET)
        assert config is not None
        assert (config["training.rate"], config["training.flag"]) == (0.01, False)

    def test_numbers_take_the_type_of_their_parameter(self) -> None:
        loose = UNET | {"training.count": 3.0, "training.drop": 0}
        for config in (SPACE.complete(loose), SPACE.validate_config(loose)):
            assert config is not None
            assert type(config["training.count"]) is int
            assert type(config["training.drop"]) is float
            assert config.digest == Config(UNET | {"training.drop": 0.0}).digest


class TestFlags:
    def test_fix_and_narrow_keep_everything_else(self) -> None:
        smaller = SPACE.narrow("training.count", "3..7").narrow("model.width", "0.25,1.0")
        assert list(smaller.parameters) == list(SPACE.parameters)
        assert smaller.parameters["training.count"] == IntParameter(low=3, high=7, step=2)
        assert smaller.parameters["model.width"] == CategoricalParameter(
            choices=(0.25, 1.0), when={"model.architecture": ("unet",)}
        )
        assert smaller.digest != SPACE.digest
        assert SPACE.fix("training.flag", "true").parameters["training.flag"] == (
            CategoricalParameter(choices=(True,))
        )

    def test_a_branch_that_is_ruled_out_goes_with_its_conditions(self) -> None:
        unet = SPACE.fix("model.architecture", "unet")
        assert [k for k in unet.parameters if k.startswith("model.")] == [
            "model.architecture",
            "model.width",
        ]
        shallow = SPACE.narrow("model.stride", "16")
        assert "model.rates" not in shallow.parameters
        assert unet.complete(UNET) == Config(UNET)

    def test_a_flag_for_a_branch_that_is_gone_says_so(self) -> None:
        unet = SPACE.fix("model.architecture", "unet")
        with pytest.raises(SpaceError, match=r"'model\.stride' is not a parameter"):
            unet.fix("model.stride", "8")

    @pytest.mark.parametrize(
        ("key", "text", "found"),
        [
            ("training.rate", "1", "1.0 is outside 1e-05 to 0.1 (log)"),
            ("training.rate", "1e-2..1", "1.0 is outside"),
            ("training.rate", "1e-2..1e-3", "1e-2 is above 1e-3"),
            ("training.rate", "fast", "'fast' is not a number"),
            ("training.rate", "nan", "nan is not a finite number"),
            ("training.rate", "", "'' is not a number"),
            ("training.drop", "0.25", "0.25 is outside 0 to 0.5 in steps of 0.1"),
            ("training.count", "2..4", "2 is outside 1 to 9 in steps of 2"),
            ("training.count", "3.5", "'3.5' is not a whole number"),
            ("model.width", "0.3", "'0.3'; did you mean '0.5'?"),
            ("model.architecture", "unet,fpn", "'unet,fpn'; did you mean 'unet'?"),
        ],
    )
    def test_values_outside_the_space(self, key: str, text: str, found: str) -> None:
        with pytest.raises(SpaceError) as error:
            SPACE.narrow(key, text)
        assert f"--set {key}={text}: the value is outside space 's'" in str(error.value)
        assert found in str(error.value.found)
        assert error.value.expected == SPACE.parameters[key].describe()
        if "," not in text and ".." not in text:
            with pytest.raises(SpaceError, match=re.escape(f"--fix {key}={text}: ")):
                SPACE.fix(key, text)

    @pytest.mark.parametrize("flag", ["fix", "narrow"])
    def test_an_unknown_key_names_the_nearest(self, flag: str) -> None:
        with pytest.raises(SpaceError, match=r"did you mean 'training\.rate'") as error:
            getattr(SPACE, flag)("training.rates", "1")
        assert "model.architecture, model.width" in str(error.value)

    def test_a_value_given_twice_counts_once(self) -> None:
        assert SPACE.narrow("training.count", "3,3").parameters["training.count"] == (
            CategoricalParameter(choices=(3,))
        )

    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def test_narrowing_never_admits_what_was_refused(self, data: st.DataObject) -> None:
        low, high = sorted(data.draw(st.lists(st.integers(0, 4), min_size=2, max_size=2)))
        smaller = SPACE.narrow("training.count", f"{1 + 2 * low}..{1 + 2 * high}")
        for value in range(-2, 13):
            before = SPACE.parameters["training.count"].problem(value)
            after = smaller.parameters["training.count"].problem(value)
            assert after is None or value not in range(1 + 2 * low, 2 + 2 * high, 2)
            assert not (before and not after)


class TestParameters:
    @pytest.mark.parametrize(
        ("kind", "fields", "words"),
        [
            (FloatParameter, {"low": 1, "high": 0}, "low 1 is above high 0"),
            (FloatParameter, {"low": 0, "high": 1, "log": True}, "needs low above 0"),
            (FloatParameter, {"low": 1, "high": 2, "log": True, "step": 0.1}, "cannot have a step"),
            (FloatParameter, {"low": 0, "high": float("inf")}, "must be finite"),
            (FloatParameter, {"low": float("nan"), "high": 1}, "must be finite"),
            (FloatParameter, {"low": 0, "high": 1, "step": 0}, "greater than 0"),
            (IntParameter, {"low": 0, "high": 1.5}, "integer"),
            (IntParameter, {"low": 1, "high": 8, "log": True, "step": 2}, "cannot have a step"),
            (CategoricalParameter, {"choices": ()}, "at least 1"),
            (CategoricalParameter, {"choices": ("a", "a")}, "listed twice"),
            # A storage that looks choices up by equality would give one back for the other.
            (CategoricalParameter, {"choices": (1, True)}, "listed twice"),
            (CategoricalParameter, {"choices": (1, 1.0)}, "listed twice"),
        ],
    )
    def test_domains_that_cannot_be(self, kind, fields, words) -> None:
        with pytest.raises(ValidationError, match=words):
            kind(**fields)

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), "3", True, 10, 2, 2.5])
    def test_values_that_are_none_of_the_whole_numbers(self, value) -> None:
        assert IntParameter(low=1, high=9, step=2).problem(value)

    @pytest.mark.parametrize("value", [float("nan"), float("-inf"), "0.1", True, -0.1, 0.25])
    def test_values_that_are_none_of_the_steps(self, value) -> None:
        assert FloatParameter(low=0, high=0.5, step=0.1).problem(value)

    @given(st.integers(0, 5))
    def test_steps_are_found_in_spite_of_binary_fractions(self, steps: int) -> None:
        assert FloatParameter(low=0, high=0.5, step=0.1).problem(steps * 0.1) is None

    def test_a_choice_keeps_its_type(self) -> None:
        parameter = CategoricalParameter(choices=(1, 0.5, "x", False))
        assert parameter.problem(True)
        assert parameter.problem(0)
        assert parameter.problem("1")
        assert type(parameter.canonical(1.0)) is int
        assert [parameter.parse(t) for t in ("1", "0.5", "x", "false")] == [1, 0.5, "x", False]

    @pytest.mark.parametrize("text", ["1", "1.0", "1e0", "01"])
    def test_a_number_may_be_spelled_in_any_way(self, text: str) -> None:
        assert repr(CategoricalParameter(choices=(0.5, 1.0)).parse(text)) == "1.0"
        assert repr(CategoricalParameter(choices=(2, 1)).parse(text)) == "1"
        with pytest.raises(ValueError, match=r"is not one of 0\.5, True"):
            CategoricalParameter(choices=(0.5, True)).parse(text)


class TestFiles:
    @pytest.mark.parametrize("name", ["polyp", "cell", "leukemia", "breast_cell"])
    def test_the_shipped_ones_load(self, name: str) -> None:
        space = load_space(name)
        assert space.name == name
        assert {"model.encoder", "training.learning_rate"} <= set(space.parameters)

    def test_one_by_its_path(self, tmp_path) -> None:
        file = tmp_path / "mine.toml"
        file.write_text('[space]\nname = "mine"\n[a]\nchoices = [1]\n')
        assert load_space(str(file)).name == "mine"

    def test_one_that_does_not_exist(self, tmp_path) -> None:
        with pytest.raises(SpaceError, match="no search space 'poly'") as error:
            load_space("poly")
        assert "polyp" in str(error.value)
        with pytest.raises(SpaceError, match="there is no such file"):
            load_space(str(tmp_path / "mine.toml"))

    def test_one_that_is_no_text(self, tmp_path) -> None:
        file = tmp_path / "mine.toml"
        file.write_bytes(b"\xff\xfe\x00")
        with pytest.raises(SpaceError, match="is not UTF-8"):
            load_space(str(file))

    def test_types_follow_from_the_bounds(self) -> None:
        kinds = {key: parameter.type for key, parameter in SPACE.parameters.items()}
        assert kinds["training.count"] == "int"
        assert kinds["training.rate"] == kinds["training.drop"] == "float"
        assert SPACE.version == 2
        assert SPACE.parameters["model.rates"].when == {
            "model.architecture": ("deeplab",),
            "model.stride": (8,),
        }

    def test_a_parameter_may_be_called_like_a_field(self) -> None:
        space = parse_space('[space]\nname = "s"\n[schedule.step]\nlow = 1\nhigh = 2\n', "f.toml")
        assert list(space.parameters) == ["schedule.step"]

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("a =", "f.toml:1: not valid TOML: Invalid value"),
            ("[a]\nchoices = [1]\n[a]\nx = 2", "f.toml:3: not valid TOML: Cannot declare ('a',)"),
            ("", "f.toml:1: space.name: is missing"),
            ("", "f.toml:1: space: holds no parameter"),
            ("space = 3", "f.toml:1: space: must be a table: [space]"),
            ("[a]\nchoices = [1]", "f.toml:1: space.name: is missing"),
            (
                "HEAD\nversoin = 2\n[a]\nchoices = [1]",
                "f.toml:3: space.versoin: unknown field; did you mean 'version'?",
            ),
            ("HEAD\nparameters = 2\n[a]\nchoices = [1]", "f.toml:3: space.parameters: unknown"),
            ("HEAD\nversion = 'x'\n[a]\nchoices = [1]", "f.toml:3: space.version: Input should be"),
            ("HEAD\nname = 3\n", "f.toml:3: not valid TOML: Cannot overwrite"),
            ("a = 3\nHEAD", "f.toml:1: a: must be a table: [a]"),
            ("HEAD\n[m.a]\nlow = 1", "f.toml:3: m.a.high: is missing"),
            ("HEAD\n[m.a]\nlog = true", "f.toml:3: m.a: has neither"),
            ("HEAD\n[m.a]\n", "f.toml:3: m.a: has neither choices nor low and high"),
            ("HEAD\n[m.a]\nchoces = ['x']", "f.toml:4: m.a.choces: unknown field; did you mean"),
            ("HEAD\n[m.a]\nlow = 'x'\nhigh = 2", "f.toml:4: m.a.low: Input should be a valid num"),
            ("HEAD\n[m.a]\nlow = '1'\nhigh = 2", "f.toml:4: m.a.low: Input should be a valid num"),
            ("HEAD\n[m.a]\nlow = 1\nhigh = 2\nlog = 'yes'", "f.toml:6: m.a.log: Input should be"),
            ("HEAD\n[m.a]\nlow = 2\nhigh = 1", "f.toml:4: m.a.low: low 2 is above high 1"),
            (
                "HEAD\n[m.a]\nlow = 0\nhigh = 1\nlog = true",
                "f.toml:6: m.a.log: a log scale needs low above 0",
            ),
            ("HEAD\n[m.a]\nlow = 0.0\nhigh = inf", "f.toml:5: m.a.high: both bounds must be fini"),
            ("HEAD\n[m.a]\nlow = 1\nhigh = 2\nlgo = true", "f.toml:6: m.a.lgo: unknown field"),
            ("HEAD\n[m.a]\nlow = 1\nhigh = 2\nstep = 0", "f.toml:6: m.a.step: Input should be gr"),
            ("HEAD\n[m.a]\nlow = 1\nhigh = 2\ntype = 'x'", "f.toml:6: m.a.type: 'x' is no type"),
            ("HEAD\n[m.a]\nchoices = []", "f.toml:4: m.a.choices: must not be empty"),
            ("HEAD\n[m.a]\nchoices = [1,\n 2,\n 1]", "f.toml:6: m.a.choices: 1 is listed twice"),
            ("HEAD\n[m.a]\nchoices = [nan]", "f.toml:4: m.a.choices: nan is not a finite number"),
            ("HEAD\n[m.a]\nchoices = [\n[1], 2]", "f.toml:5: m.a.choices: [1] is no text"),
            ("HEAD\n[m.a]\nchoices = [1979-05-27]", "f.toml:4: m.a.choices: 1979-05-27 is no text"),
            ("HEAD\n[m.a]\nchoices = [1]\nlow = 1", "f.toml:5: m.a.low: unknown field"),
            ("HEAD\n[m.a]\nchoices = [1]\nwhen = 'x'", "f.toml:5: m.a.when: Input should be a val"),
            (
                "HEAD\n[m.a]\nchoices = [1]\nwhen = { b = 1 }",
                "f.toml:5: m.a.when: its condition names 'b'",
            ),
            (
                "HEAD\n[a]\nchoices = ['x']\n[b]\nchoices = [1]\nwhen = { a = 'y' }",
                "f.toml:7: b.when: its condition on a: 'y' is not one of x",
            ),
            (
                "HEAD\n[b]\nchoices = [1]\nwhen = { a = 'x' }\n[a]\nchoices = ['x']",
                "f.toml:5: b.when: its condition names 'a', which must stand before it",
            ),
            (
                "HEAD\n[a]\nlow = 0.0\nhigh = 1.0\n[b]\nchoices = [1]\nwhen = { a = 0.5 }",
                "f.toml:8: b.when: its condition names 'a', a range that",
            ),
            (
                "HEAD\n[a]\nchoices = [1, 2]\npaper = [\n 1,\n 3]",
                "f.toml:7: a.paper: a paper's value must lie in the domain: 3 is not one of 1, 2",
            ),
            (
                "HEAD\n[a]\nlow = 1e-3\nhigh = 1.0\npaper = [1e-4]",
                "f.toml:6: a.paper: a paper's value must lie in the domain: 0.0001 is outside",
            ),
        ],
    )
    def test_every_error_names_its_key(self, text: str, words: str) -> None:
        with pytest.raises(SpaceError) as error:
            parse_space(text.replace("HEAD", "[space]\nname = 's'"), "f.toml")
        assert words in str(error.value)
        assert "f.toml" in str(error.value)

    def test_all_errors_come_at_once(self) -> None:
        with pytest.raises(SpaceError) as error:
            parse_space("[a]\nlow = 1\n[b]\nchoices = []\n", "f.toml")
        lines = str(error.value).splitlines()
        assert lines[1:] == [
            "  f.toml:1: a.high: is missing",
            "  f.toml:1: space.name: is missing",
            "  f.toml:4: b.choices: must not be empty",
        ]

    def test_an_invalid_parameter_hides_no_condition(self) -> None:
        text = """
        [space]
        name = "s"
        [a]
        choices = ["x", "x"]
        when = { gone = 1 }
        [b]
        choices = [1]
        when = { a = "anything", c = 1 }
        """
        with pytest.raises(SpaceError) as error:
            parse_space(text, "f.toml")
        found = [line.split(": ", 2) for line in str(error.value).splitlines()[1:]]
        assert [(place.strip(), key) for place, key, _ in found] == [
            ("f.toml:5", "a.choices"),
            ("f.toml:6", "a.when"),
            ("f.toml:9", "b.when"),
        ]

    def test_no_value_names_a_callable(self) -> None:
        space = parse_space('[space]\nname = "s"\n[a]\nchoices = ["os.system", "print"]', "f.toml")
        assert [type(c) for c in space.parameters["a"].choices] == [str, str]
