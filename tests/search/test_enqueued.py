"""Configs that a user wants tried come after the baselines, in order, and are checked first."""

from __future__ import annotations

from pathlib import Path

import pytest
import toy_family as family
import toy_study as toy

from automed.domain.errors import SpaceError
from automed.domain.study_spec import StudySpec
from automed.executors.inline import run
from automed.search.enqueued_file import read_enqueued
from automed.search.replay import replay
from automed.search.study import Study

TOML = """
[[config]]
name = "mine"
model.architecture = "deeplab"
model.channels = 64
model.dropout = 0.1
"training.loss" = "dice"
training = { learning_rate = 1e-2, batch_size = 16 }

[[config]]
training.learning_rate = 1e-4

[[config]]
name = "wide"
model.architecture = "deeplab"
"""


def read(tmp_path: Path, text: str, name: str = "mine.toml", task=toy.TASK):
    file = tmp_path / name
    file.write_text(text)
    return read_enqueued(file, task, ("tpe", "random"))


def refused(tmp_path: Path, text: str, *parts: str, name: str = "mine.toml", task=toy.TASK) -> str:
    with pytest.raises(SpaceError) as caught:
        read(tmp_path, text, name, task)
    for part in parts:
        assert part in str(caught.value), str(caught.value)
    return str(caught.value)


def spec_of(tmp_path: Path, text: str = TOML, **changes) -> StudySpec:
    task = changes.get("task", toy.TASK)
    return toy.spec_of(enqueued=read(tmp_path, text, task=task), **changes)


def search(folder: Path, spec: StudySpec):
    with Study.create(folder, spec, toy.cost_of) as study:
        run(study, toy.train, [])
        return study.trials


def test_they_come_after_the_baselines_in_their_order(tmp_path):
    trials = search(tmp_path / "s", spec_of(tmp_path, trials=7))
    names = ["paper base", "paper final", "mine", "enqueued 2", "wide", "tpe", "tpe"]
    assert [t.origin for t in trials] == names
    assert dict(trials[2].config.items()) == {
        "model.architecture": "deeplab", "model.channels": 64, "model.dropout": 0.1,
        "training.loss": "dice", "training.learning_rate": 1e-2, "training.batch_size": 16,
    }  # fmt: skip


def test_what_is_missing_is_the_first_baselines(tmp_path):
    _, second, third = read(tmp_path, TOML)
    assert second.config == toy.BASE | {"training.learning_rate": 1e-4}
    # No baseline knows how many channels a deeplab has.
    assert third.config == {
        "model.architecture": "deeplab", "model.dropout": 0.0,
        "training.loss": "bce", "training.learning_rate": 1e-3, "training.batch_size": 8,
    }  # fmt: skip


def test_what_no_baseline_knows_is_drawn(tmp_path):
    drawn = set()
    for seed in range(4):
        trials = search(tmp_path / f"s{seed}", spec_of(tmp_path, trials=5, seed=seed))
        wide = trials[4]
        assert wide.origin == "wide"
        given = dict(read(tmp_path, TOML)[2].config)
        assert {k: wide.config[k] for k in given} == given
        assert toy.SPACE.validate_config(dict(wide.config.items())) == wide.config
        drawn.add(wide.config["model.channels"])
    assert len(drawn) > 1


def test_what_is_drawn_keeps_the_constraints(tmp_path):
    # Only deeplabs of at most 96 channels are allowed.
    text = '[[config]]\nmodel.architecture = "deeplab"'
    for seed in range(5):
        spec = spec_of(tmp_path, text, trials=3, seed=seed, constraints=toy.TIGHT)
        wide = next(t for t in search(tmp_path / f"s{seed}", spec) if t.origin == "enqueued 1")
        assert wide.rejected is None
        assert wide.config["model.channels"] <= 96


def test_one_that_breaks_a_constraint_is_noted(tmp_path):
    text = '[[config]]\nname = "big"\nmodel.architecture = "deeplab"\nmodel.channels = 256'
    spec = spec_of(tmp_path, text, trials=4, constraints=toy.TIGHT)
    with Study.create(tmp_path / "s", spec, toy.cost_of) as study:
        run(study, toy.train, [])
        assert any("the enqueued config 'big' was rejected" in note for note in study.notes)
        assert sum(t.origin == "big" for t in study.trials) == 1


def test_json_lines_say_the_same(tmp_path):
    lines = (
        '{"name": "mine", "model": {"architecture": "deeplab", "channels": 64, "dropout": 0.1}, '
        '"training.loss": "dice", "training": {"learning_rate": 0.01, "batch_size": 16}}\n\n'
        '{"training.learning_rate": 1e-4}\n'
        '{"name": "wide", "model.architecture": "deeplab"}\n'
    )
    assert read(tmp_path, lines, "mine.jsonl") == read(tmp_path, TOML)


def test_a_fixed_parameter_needs_not_be_named(tmp_path):
    task = toy.TASK.replace(space=toy.SPACE.fix("training.loss", "dice"))
    (entry,) = read(tmp_path, "[[config]]\ntraining.batch_size = 4", task=task)
    assert entry.config["training.loss"] == "dice"
    text = '[[config]]\ntraining.loss = "bce"'
    refused(tmp_path, text, "training.loss: 'bce' is not one of dice", task=task)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("training.los = 'dice'", (":2: config 1: training.los", "did you mean 'training.loss'?")),
        ("banana = 1", ("is not a parameter", "known are model.architecture")),
        ("training.loss = 'hinge'", ("'hinge' is not one of bce, dice",)),
        ("training.learning_rate = 1.0", ("1.0 is outside 1e-05 to 0.1 (log)",)),
        ("training.batch_size = 4.5", ("not a whole number", "allowed is 4 to 32 (log)")),
        ("training.batch_size = true", ("True is not a whole number",)),
        ("training.loss = ['bce']", ("no text, number or true/false", "allowed is bce, dice")),
        ("training.loss = 2024-01-01", ("no text, number or true/false",)),
        ("model.channels = 64", (
            "has no effect here: it needs model.architecture = deeplab",
            "(model.architecture = unet, as in the baseline 'paper base')",
        )),
        ("model.architecture = 'deeplab'\nmodel.width = 0.5", (
            ":3: config 1: model.width", "needs model.architecture = unet",
        )),
        ("training.learning_rate = 1e-3", ("is a duplicate: it equals the baseline 'paper base'",)),
        ("name = 'x'", ("config 1 ('x'): names no parameter",)),
        ("name = ''\ntraining.batch_size = 4", ("name: '' is no name",)),
        ("name = 'tpe'\ntraining.batch_size = 4", ("'tpe' is taken", "automed's own")),
        ("name = 'paper base'\ntraining.batch_size = 4", ("it is a baseline",)),
        ("training.batch_size = 4\n'training.batch_size' = 5", (
            "training.batch_size: is given twice",
        )),
    ],
)  # fmt: skip
def test_each_problem_is_named(tmp_path, text, parts):
    refused(tmp_path, f"[[config]]\n{text}", "mine.toml:", *parts)


def test_all_problems_are_named_at_once(tmp_path):
    said = refused(tmp_path, (
        "[[config]]\nname = 'a'\ntraining.batch_size = 4\n"
        "[[config]]\nname = 'a'\ntraining.batch_size = 5\n"
        "[[config]]\ntraining.batch_size = 4\n"
        "[[config]]\ntraining.loss = 'x'\nmodel.dropout = 7\n"
    ), "mine.toml:5: config 2 ('a'): name: 'a' is taken: it is the name of config 1 ('a')",
       "mine.toml:7: config 3: is a duplicate: it equals config 1 ('a')")  # fmt: skip
    assert said.count("config 4: ") == 2


def test_a_wrong_choice_makes_nothing_else_seem_wrong(tmp_path):
    said = refused(tmp_path, "[[config]]\nmodel.architecture = 'unett'\nmodel.width = 0.5")
    assert said.count("config 1: ") == 1


@pytest.mark.parametrize(
    ("text", "name", "parts"),
    [
        ("", "mine.toml", ("holds no config", "[[config]]")),
        ("[config]\nx = 1", "mine.toml", ("something else than configs",)),
        ("[[configs]]\nx = 1", "mine.toml", ("found:    configs",)),
        ("[[config]\n", "mine.toml", ("is not valid TOML", "line 1")),
        ("{}\n{", "mine.jsonl", ("mine.jsonl:2 is not valid JSON",)),
        ("[1]", "mine.jsonl", ("mine.jsonl:1 is no config",)),
        ('{"training.loss": "dice", "training.loss": "bce"}', "mine.jsonl", ("is given twice",)),
        ('{"training": {"loss": "hinge"}}', "mine.jsonl", ("mine.jsonl:1: config 1: training",)),
        ('{"training.learning_rate": NaN}', "mine.jsonl", ("nan is not a finite number",)),
        ('{"training": {}}', "mine.jsonl", ("training: is not a parameter",)),
        ("x", "mine.yaml", ("is no kind of file that is known", ".jsonl")),
    ],
)  # fmt: skip
def test_a_file_that_holds_no_configs(tmp_path, text, name, parts):
    refused(tmp_path, text, *parts, name=name)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(SpaceError, match=r"nowhere.toml cannot be read\n.*No such file"):
        read_enqueued(tmp_path / "nowhere.toml", toy.TASK)
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(SpaceError, match=r"cannot be read\n.*directory"):
        read_enqueued(tmp_path / "folder.toml", toy.TASK)


def test_without_baselines_all_that_is_missing_is_drawn(tmp_path):
    task = toy.TASK.replace(baselines=())
    text = '[[config]]\nmodel.architecture = "unet"\ntraining.loss = "dice"'
    spec = spec_of(tmp_path, text, trials=2, task=task)
    assert spec.enqueued[0].config == {"model.architecture": "unet", "training.loss": "dice"}
    first = search(tmp_path / "s", spec)[0]
    assert first.origin == "enqueued 1"
    assert (first.config["model.architecture"], first.config["training.loss"]) == ("unet", "dice")


def test_a_killed_and_resumed_study_equals_one_in_one_go_and_replays(tmp_path):
    spec = spec_of(tmp_path, trials=9, constraints=toy.TIGHT)
    whole = toy.history(search(tmp_path / "one", spec))
    with Study.create(tmp_path / "two", spec, toy.cost_of) as study:
        study.ask()
    pieces: list[tuple] = []
    while len(pieces) < len(whole) or "RUNNING" in {piece[3] for piece in pieces}:
        with Study.open(tmp_path / "two", toy.cost_of) as study:
            toy.step(study)
            study.ask()  # and no more: killed in its training
            pieces = toy.history(study.trials)
    assert pieces == whole
    for folder in ("one", "two"):
        found = replay(tmp_path / folder, lambda _: toy.cost_of, lambda *_: None)
        assert found.differences == ()
        assert found.tallies["suggestions"].recomputed == len(whole)


def test_a_compressed_one_gets_its_training_first(tmp_path):
    task = toy.with_space(family.SEARCHED)
    text = """
        [[config]]
        name = "small"
        model.width = 0.5
        training.loss = "dice"
        compression.method = "ptq"

        [[config]]
        name = "its model"
        model.width = 0.5
        training.loss = "dice"
        compression.method = "none"

        [[config]]
        name = "pruned"
        compression.method = "prune"
        """
    spec = spec_of(tmp_path, text, task=task, trials=3)
    with Study.create(tmp_path / "s", spec, family.cost_of) as study:
        run(study, family.train, [])
        trials = study.trials
    small = [t for t in trials if t.origin == "small"]
    assert [t.config.get("compression.method") for t in small] == ["none", "ptq"]
    assert small[1].parent == small[0].number
    # Its model was trained for it already.
    assert not any(t.origin == "its model" for t in trials)
    pruned = [t.config.get("compression.method") for t in trials if t.origin == "pruned"]
    assert pruned == ["none", "prune"]
    found = replay(tmp_path / "s", lambda _: family.cost_of, lambda *_: None)
    assert found.differences == ()
