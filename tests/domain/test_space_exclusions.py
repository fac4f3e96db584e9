"""Exclusions: what they refuse, what flags make of them, and counts against brute force."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from automed.domain.config import Config, Value
from automed.domain.errors import SpaceError
from automed.domain.parameter import CategoricalParameter, IntParameter, Parameter
from automed.domain.space import SearchSpace
from automed.domain.space_edit import consistent
from automed.domain.space_file import parse_space
from automed.domain.space_problem import InvalidSpaceError

SPACE = parse_space(
    """
    [space]
    name = "s"
    [model.architecture]
    choices = ["unet", "deeplab", "pan"]
    paper = ["unet"]
    [model.stride]
    choices = [8, 16]
    when = { "model.architecture" = ["deeplab", "pan"] }
    [model.encoder]
    choices = ["resnet", "fastvit", "convnext"]
    paper = ["resnet", "convnext"]
    [[model.encoder.exclude]]
    choices = ["fastvit", "convnext"]
    when = { "model.architecture" = "deeplab" }
    [[model.encoder.exclude]]
    choices = ["fastvit"]
    when = { "model.architecture" = "pan", "model.stride" = 8 }
    [training.freeze]
    choices = ["none", "blocks.5"]
    [[training.freeze.exclude]]
    choices = ["blocks.5"]
    unless = { "model.encoder" = "convnext" }
    """,
    source="s.toml",
)
UNET = {
    "model.architecture": "unet", "model.encoder": "fastvit", "training.freeze": "none",
}  # fmt: skip


def names(space: SearchSpace, key: str) -> tuple[Value, ...]:
    return space.parameters[key].choices


class TestConfigs:
    def test_a_config_without_a_clash(self) -> None:
        assert SPACE.validate_config(UNET) == Config(UNET) == SPACE.complete(UNET)

    def test_a_clash_is_refused_and_names_both(self) -> None:
        wrong = UNET | {"model.architecture": "pan", "model.stride": 8}
        with pytest.raises(SpaceError) as error:
            SPACE.validate_config(wrong)
        assert (
            "model.encoder = fastvit cannot go with model.architecture = pan and model.stride = 8"
            in str(error.value)
        )
        assert SPACE.complete(wrong) is None
        assert SPACE.complete(wrong | {"model.stride": 16}) is not None

    def test_what_needs_another_value(self) -> None:
        wrong = UNET | {"training.freeze": "blocks.5"}
        sentence = "training.freeze = blocks.5 needs model.encoder = convnext"
        with pytest.raises(SpaceError, match=sentence):
            SPACE.validate_config(wrong)
        assert SPACE.clashes(wrong) == [sentence]
        assert SPACE.clashes(wrong | {"model.encoder": "convnext"}) == []


class TestFlags:
    def test_what_only_went_with_a_lost_value_is_lost(self) -> None:
        fixed = SPACE.fix("model.encoder", "fastvit")
        assert names(fixed, "model.architecture") == ("unet", "pan")
        assert names(fixed, "model.stride") == (16,)
        assert names(fixed, "training.freeze") == ("none",)
        assert fixed.parameters["model.encoder"].exclude == ()
        assert fixed.combinations() == 2

    def test_exclusions_are_kept_where_they_still_bind(self) -> None:
        narrow = SPACE.narrow("model.encoder", "resnet,fastvit")
        first, second = narrow.parameters["model.encoder"].exclude
        assert first.choices == ("fastvit",)
        assert second.choices == ("fastvit",)
        without = narrow.narrow("model.architecture", "unet,pan")
        assert [e.when["model.architecture"] for e in without.parameters["model.encoder"].exclude]
        assert len(without.parameters["model.encoder"].exclude) == 1

    def test_papers_values_follow_the_domain(self) -> None:
        assert SPACE.narrow("model.encoder", "fastvit,convnext").parameters[
            "model.encoder"
        ].paper == ("convnext",)
        assert SPACE.fix("model.architecture", "pan").parameters["model.architecture"].paper == ()
        number = IntParameter(low=1, high=9, paper=(2, 8))
        space = SearchSpace(name="s", parameters={"a": number})
        assert space.narrow("a", "1..5").parameters["a"].paper == (2,)
        assert space.narrow("a", "8,9").parameters["a"].paper == (8,)

    def test_fixing_what_another_flag_ruled_out(self) -> None:
        fixed = SPACE.fix("model.architecture", "deeplab")
        assert names(fixed, "model.encoder") == ("resnet",)
        with pytest.raises(SpaceError, match=r"--fix model\.encoder=fastvit"):
            fixed.fix("model.encoder", "fastvit")


class TestPapersValues:
    def test_they_change_no_digest_but_stay_in_the_record(self) -> None:
        plain = {"choices": (1, 2)}
        marked = SearchSpace(
            name="s", parameters={"a": {"type": "categorical", **plain, "paper": (2,)}}
        )
        other = SearchSpace(name="s", parameters={"a": {"type": "categorical", **plain}})
        assert marked.digest == other.digest
        assert marked != other
        assert SearchSpace.model_validate_json(marked.model_dump_json()) == marked

    def test_an_exclusion_changes_the_digest(self) -> None:
        without = SPACE.replace(
            parameters={
                k: p.replace(exclude=()) if k == "model.encoder" else p
                for k, p in SPACE.parameters.items()
            }
        )
        assert without.digest != SPACE.digest
        assert SearchSpace.model_validate_json(SPACE.model_dump_json()) == SPACE


HEAD = """[space]
name = 's'
[a]
choices = ['x', 'y']
[b]
choices = [1, 2, 3]
"""


class TestFiles:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("choices = [4]\nwhen = { a = 'x' }", "8: b.exclude.choices: excludes 4, which is no"),
            ("choices = [1]\nwhen = { a = 'z' }", "9: b.exclude.when: its exclusion on a: 'z' is"),
            ("choices = [1]\nunless = { c = 1 }", "9: b.exclude.unless: its exclusion names 'c'"),
            ("choices = [1]\nwhen = { b = 1 }", "9: b.exclude.when: its exclusion names 'b'"),
            ("choices = [1]", "7: b.exclude: has neither when nor unless"),
            ("choices = []\nwhen = { a = 'x' }", "8: b.exclude.choices: must not be empty"),
            ("when = { a = 'x' }", "7: b.exclude.choices: is missing"),
            (
                "choices = [1]\nwehn = { a = 'x' }",
                "9: b.exclude.wehn: unknown field; did you mean 'when'?",
            ),
            (
                "choices = [1, 2, 3]\nwhen = { a = 'x' }",
                "4: a.choices: 'x' can never be chosen: exclusions rule it out",
            ),
            ("choices = [1, 2, 3]\nwhen = { a = ['x', 'y'] }", "1: space: its exclusions leave no"),
            (
                "choices = [2]\nwhen = { a = 'x' }\n[c]\nchoices = [1]\nwhen = { a = 'x', b = 2 }",
                "12: c.when: it never has an effect: a = x and b = 2 cannot be",
            ),
        ],
    )  # fmt: skip
    def test_exclusions_that_cannot_be(self, text: str, words: str) -> None:
        with pytest.raises(InvalidSpaceError) as error:
            parse_space(f"{HEAD}[[b.exclude]]\n{text}", "f.toml")
        assert any(f"f.toml:{words}" in problem for problem in error.value.problems), error.value

    def test_a_noun_refuses_them_too(self) -> None:
        with pytest.raises(ValidationError, match="excludes 3, which is no choice"):
            CategoricalParameter(
                choices=(1, 2), exclude=({"choices": (3,), "when": {"a": ("x",)}},)
            )


# Brute force: its own reading of conditions and exclusions, over all products of all values.

Spaces = dict[str, Parameter]
ADAPTER: TypeAdapter[Parameter] = TypeAdapter(Parameter)


def values_of(parameter: Parameter) -> list[Value]:
    if isinstance(parameter, CategoricalParameter):
        return list(parameter.choices)
    if isinstance(parameter, IntParameter):
        return list(range(parameter.low, parameter.high + 1, parameter.step))
    return [0.0, 0.1, 0.2, 0.3] if parameter.step else [0.5]


def agrees(when: dict[str, tuple[Value, ...]], config: dict[str, Any]) -> bool:
    return all(config.get(key, "absent") in allowed for key, allowed in when.items())


def all_configs(parameters: Spaces) -> set[frozenset[tuple[str, Value]]]:
    found = set()
    for combination in itertools.product(*(["absent", *values_of(p)] for p in parameters.values())):
        config = {k: v for k, v in zip(parameters, combination, strict=True) if v != "absent"}
        if all(possible(key, parameters[key], config) for key in parameters):
            found.add(frozenset(config.items()))
    return found


def possible(key: str, parameter: Parameter, config: dict[str, Any]) -> bool:
    if agrees(parameter.when, config) != (key in config):
        return False
    for exclusion in getattr(parameter, "exclude", ()) if key in config else ():
        excepted = exclusion.unless and agrees(exclusion.unless, config)
        if config[key] in exclusion.choices and agrees(exclusion.when, config) and not excepted:
            return False
    return True


@st.composite
def raw_spaces(draw: st.DrawFn) -> Spaces:
    """Up to four parameters with conditions and exclusions that may rule out anything."""
    parameters: Spaces = {}
    for name in "abcd"[: draw(st.integers(1, 4))]:
        kind = draw(st.sampled_from(["categorical"] * 4 + ["int", "step", "real"]))
        fields: dict[str, Any] = {
            "categorical": {"choices": ("x", "y", "z")[: draw(st.integers(1, 3))]},
            "int": {"low": 1, "high": 5, "step": 2},
            "step": {"low": 0.0, "high": 0.3, "step": 0.1},
            "real": {"low": 0.0, "high": 1.0},
        }[kind]
        parents = [key for key, p in parameters.items() if p.count() is not None]
        if parents and draw(st.booleans()):
            fields["when"] = draw(conditions(parents, parameters))
        if kind == "categorical" and parents:
            exclusions = draw(
                st.lists(exclusion(fields["choices"], parents, parameters), max_size=2)
            )
            fields["exclude"] = tuple(exclusions)
        kinds = {"step": "float", "real": "float"}
        parameters[name] = ADAPTER.validate_python({"type": kinds.get(kind, kind), **fields})
    return parameters


def conditions(parents: list[str], parameters: Spaces) -> st.SearchStrategy[dict[str, Any]]:
    def allowed(key: str) -> st.SearchStrategy[tuple[Value, ...]]:
        values = st.sampled_from(values_of(parameters[key]))
        return st.lists(values, min_size=1, max_size=2, unique=True).map(tuple)

    return st.lists(st.sampled_from(parents), min_size=1, max_size=2, unique=True).flatmap(
        lambda keys: st.fixed_dictionaries({key: allowed(key) for key in keys})
    )


def exclusion(
    choices: tuple[str, ...], parents: list[str], parameters: Spaces
) -> st.SearchStrategy[dict[str, Any]]:
    barred = st.lists(st.sampled_from(choices), min_size=1, max_size=2, unique=True).map(tuple)
    when, unless = conditions(parents, parameters), conditions(parents, parameters)
    return st.one_of(
        st.fixed_dictionaries({"choices": barred, "when": when}),
        st.fixed_dictionaries({"choices": barred, "unless": unless}),
        st.fixed_dictionaries({"choices": barred, "when": when, "unless": unless}),
    )


@st.composite
def spaces(draw: st.DrawFn) -> SearchSpace:
    left = consistent(draw(raw_spaces()))
    assume(left)
    return SearchSpace(name="s", parameters=left)


@settings(max_examples=80, deadline=None)
@given(raw_spaces())
def test_what_is_made_consistent_has_the_same_configs(raw: Spaces) -> None:
    left = consistent(raw)
    # A parameter all of whose choices are excluded wherever it acts forbids its own condition,
    # which no condition can say: files with such choices are refused.
    free = {
        key: p.replace(exclude=()) if key not in left and isinstance(p, CategoricalParameter) else p
        for key, p in raw.items()
    }
    assume(set(consistent(free)) == set(left))
    configs = all_configs(raw)
    assert bool(left) == bool(configs)
    if left:
        space = SearchSpace(name="s", parameters=left)
        assert all_configs(left) == configs
        assert space.combinations() == len(configs)
        assert consistent(left) == left


@settings(max_examples=50, deadline=None)
@given(spaces())
def test_every_config_is_valid_and_no_other(space: SearchSpace) -> None:
    configs = all_configs(space.parameters)
    for config in configs:
        values = dict(config)
        assert space.validate_config(values) == Config(values) == space.complete(values)
    products = itertools.product(*(values_of(p) for p in space.parameters.values()))
    for combination in itertools.islice(products, 200):
        values = dict(zip(space.parameters, combination, strict=True))
        active = {k: v for k, v in values.items() if space.is_active(k, values)}
        try:
            valid = frozenset(space.validate_config(active).items()) in configs
        except SpaceError:
            valid = frozenset(active.items()) not in configs
        assert valid


@settings(max_examples=50, deadline=None)
@given(spaces(), st.integers(0, 2**32 - 1))
def test_every_sample_is_a_config(space: SearchSpace, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(20):
        config = space.sample(rng)
        assert space.validate_config(dict(config.items())) == config


@settings(max_examples=50, deadline=None)
@given(spaces(), st.data())
def test_narrowing_keeps_exactly_the_configs_that_go_with_it(
    space: SearchSpace, data: st.DataObject
) -> None:
    discrete = [k for k, p in space.parameters.items() if p.count() is not None]
    assume(discrete)
    key = data.draw(st.sampled_from(discrete))
    values = data.draw(st.lists(st.sampled_from(values_of(space.parameters[key])), min_size=1))
    expected = {
        config
        for config in all_configs(space.parameters)
        if dict(config).get(key, values[0]) in values
    }
    text = ",".join(map(str, values))
    if not any(key in dict(config) for config in expected):
        with pytest.raises(SpaceError, match="never has an effect"):
            space.narrow(key, text)
    else:
        assert all_configs(space.narrow(key, text).parameters) == expected


def test_samples_cover_a_space_evenly() -> None:
    rng = random.Random(0)
    space = SearchSpace(
        name="s",
        parameters={
            "choice": {"type": "categorical", "choices": ("a", "b", "c")},
            "rate": {"type": "float", "low": 1e-4, "high": 1.0, "log": True},
            "share": {"type": "float", "low": 0.0, "high": 1.0},
            "batch": {"type": "int", "low": 1, "high": 64, "log": True},
            "depth": {"type": "int", "low": 2, "high": 6, "step": 2},
            "drop": {"type": "float", "low": 0.0, "high": 0.3, "step": 0.1},
        },
    )
    draws = [space.sample(rng) for _ in range(3000)]

    def share(key: str, low: float, high: float) -> float:
        return sum(low <= config[key] <= high for config in draws) / len(draws)

    assert sum(c["choice"] == "b" for c in draws) / len(draws) == pytest.approx(1 / 3, abs=0.04)
    assert share("rate", 1e-4, 1e-3) == pytest.approx(1 / 4, abs=0.04)
    assert share("share", 0.0, 0.25) == pytest.approx(1 / 4, abs=0.04)
    assert share("batch", 1, 5) == pytest.approx(0.494, abs=0.04)  # ln(5.5 / .5) / ln(64.5 / .5)
    for value in (2, 4, 6):
        assert share("depth", value, value) == pytest.approx(1 / 3, abs=0.04)
    assert {c["drop"] for c in draws} == {0.0, 0.1, 0.2, 0.3}


def test_large_spaces_are_counted_without_listing_them() -> None:
    choices = tuple(range(10))
    flat = {f"p{n}": {"type": "categorical", "choices": choices} for n in range(30)}
    assert SearchSpace(name="s", parameters=flat).combinations() == 10**30
    chained: dict[str, Any] = {"p0": flat["p0"]}
    for n in range(1, 20):
        barred = {"choices": (9,), "when": {f"p{n - 1}": (9,)}}
        chained[f"p{n}"] = {"type": "categorical", "choices": choices, "exclude": (barred,)}
    # Words over ten letters without two nines in a row.
    ends_other, ends_nine = 9, 1
    for _ in range(19):
        ends_other, ends_nine = 9 * (ends_other + ends_nine), ends_other
    assert SearchSpace(name="s", parameters=chained).combinations() == ends_other + ends_nine


def test_a_condition_on_one_number_of_a_million_is_refused() -> None:
    wide = {"n": {"type": "int", "low": 1, "high": 10**6}}
    assert SearchSpace(name="s", parameters=wide).combinations() == 10**6
    wide["x"] = {"type": "categorical", "choices": ("a", "b"), "when": {"n": (5, 7)}}
    with pytest.raises(ValidationError, match="would hit a value by chance only"):
        SearchSpace(name="s", parameters=wide)


def test_a_dead_end_is_drawn_anew() -> None:
    space = parse_space(
        """
        [space]
        name = "s"
        [a]
        choices = ["x", "y"]
        [b]
        choices = ["x", "y"]
        [c]
        choices = [1, 2]
        [[c.exclude]]
        choices = [1, 2]
        when = { a = "x", b = "x" }
        """,
        "s.toml",
    )
    rng = random.Random(3)
    drawn = {space.sample(rng) for _ in range(200)}
    assert len(drawn) == space.combinations() == 6
