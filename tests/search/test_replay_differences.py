"""A log, or settings, that were tampered with: what was changed is found, and named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import toy_family as family
import toy_study as toy

from automed.domain.decision import Decision
from automed.domain.errors import StudyError
from automed.executors.inline import run
from automed.search import record
from automed.search.replay import replay
from automed.search.study import Study

EPOCHS = 9


def train(trial, report):
    for measurement in toy.measurements(trial, EPOCHS):
        if report(measurement) is Decision.STOP:
            break
    return toy.result_of(trial)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A study with stopped and rejected trials, drawn at random: one change leaves the others."""
    folder = tmp_path_factory.mktemp("made") / "s"
    task = toy.TASK.replace(training=toy.TASK.training.replace(epochs=EPOCHS))
    spec = toy.spec_of(
        task=task, trials=16, stopper="halving", sampler="random", constraints=toy.TIGHT
    )
    with Study.create(folder, spec, toy.cost_of) as study:
        run(study, train)
    return folder


@pytest.fixture
def folder(made, tmp_path):
    return Path(shutil.copytree(made, tmp_path / "s"))


def replayed(folder, price=toy.cost_of):
    return replay(folder, lambda _: price, lambda *_: None)


def found_in(folder):
    return [(d.check, d.trial, d.key) for d in replayed(folder).differences]


def change(folder, which, how):
    """Change the first line that fits, or drop it where ``how`` answers None; its trial id."""
    log = folder / "journal.log"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    at = next(i for i, line in enumerate(lines) if which(line))
    changed = how(lines[at])
    trial = lines[at].get("trial_id")
    if trial is None:
        trial = sum("datetime_start" in line and "study_id" in line for line in lines[:at])
    lines[at : at + 1] = [] if changed is None else [changed]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return trial


def edit_spec(folder, edit):
    file = folder / "study.json"
    spec = json.loads(file.read_text())
    edit(spec)
    file.write_text(json.dumps(spec))


def sampled(line):
    return line.get("user_attrs", {}).get(record.ORIGIN) == "random"


def accepted(line):
    return sampled(line) and record.REJECTED not in line["user_attrs"]


def rejected(line):
    return record.REJECTED in line.get("user_attrs", {})


def stops(line):
    return record.STOP in line.get("user_attr", {})


def with_attr(line, key, change):
    attrs = line["user_attrs"]
    return {**line, "user_attrs": {**attrs, key: change(attrs[key])}}


def test_as_it_was_made_nothing_differs(folder):
    assert found_in(folder) == []


def test_a_changed_parameter(folder):
    def dearer(line):
        params = line["params"]
        return {**line, "params": {**params, "training.learning_rate": 0.0123}}

    trial = change(folder, accepted, dearer)
    (found,) = replayed(folder).differences
    assert (found.check, found.trial, found.key) == ("suggestions", trial, "training.learning_rate")
    assert found.recorded == "0.0123"
    assert 1e-5 <= float(found.recomputed) <= 0.1


def test_a_changed_parameter_that_the_cost_depends_on(folder):
    def wider(line):
        width = line["params"]["model.width"]
        return {**line, "params": {**line["params"], "model.width": 1 - width}}

    trial = change(folder, lambda ln: accepted(ln) and "model.width" in ln["params"], wider)
    found = found_in(folder)
    assert found[0] == ("suggestions", trial, "model.width")
    # The screen is asked about the config that stands in the log.
    assert ("screens", trial, "predicted macs") in found
    assert {number for _, number, _ in found} == {trial}


def test_a_changed_predicted_cost(folder):
    def half(text):
        cost = json.loads(text)
        cost["macs"]["value"] /= 2
        return json.dumps(cost)

    trial = change(folder, accepted, lambda line: with_attr(line, record.PREDICTED, half))
    found = replayed(folder).differences
    assert (found[0].check, found[0].trial, found[0].key) == ("screens", trial, "predicted macs")
    assert float(found[0].recorded) * 2 == float(found[0].recomputed)


def test_a_rejection_that_was_undone(folder):
    def pass_it(line):
        attrs = {k: v for k, v in line["user_attrs"].items() if k != record.REJECTED}
        kept = {k: v for k, v in line.items() if k != "datetime_complete"}
        return {**kept, "user_attrs": attrs, "state": 0}

    trial = change(folder, rejected, pass_it)
    found = replayed(folder).differences
    assert [(d.check, d.trial, d.key) for d in found] == [
        ("screens", trial, "rejected"), ("screens", trial, "state"),
    ]  # fmt: skip
    assert (found[0].recorded, "allowed: at most 1" in found[0].recomputed) == ("nothing", True)


def test_an_origin_that_is_not_the_trials(folder):
    trial = change(folder, accepted, lambda ln: with_attr(ln, record.ORIGIN, lambda _: "tpe"))
    assert found_in(folder) == [("suggestions", trial, "origin")]


def test_a_trial_that_is_gone(folder):
    change(folder, sampled, lambda _: None)
    assert found_in(folder)


def test_a_decision_to_stop_that_is_gone(folder):
    trial = change(folder, stops, lambda _: None)
    (found,) = replayed(folder).differences
    assert (found.check, found.trial) == ("stop decisions", trial)
    assert found.recorded == "it goes on"
    assert "pass this rung" in found.recomputed


def test_a_decision_to_stop_that_was_none(folder):
    """Written on a trial that went on to its end, right after its first epoch."""
    log = folder / "journal.log"
    lines = log.read_text().splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if '"intermediate_value"' in line)
    measured = json.loads(lines[at])
    made_up = {
        "op_code": 8, "worker_id": measured["worker_id"], "trial_id": measured["trial_id"],
        "user_attr": {record.STOP: '{"epoch": 1, "why": "I say so"}'},
    }  # fmt: skip
    lines.insert(at + 1, json.dumps(made_up) + "\n")
    log.write_text("".join(lines))
    found = replayed(folder).differences
    # Later epochs would have repeated it.
    assert {(d.check, d.trial) for d in found} == {("stop decisions", measured["trial_id"])}
    assert (found[0].recorded, found[0].recomputed) == (
        "stop after epoch 1: I say so", "it goes on",
    )  # fmt: skip


def test_a_stop_where_another_epoch_decided(folder):
    def later(line):
        stop = json.loads(line["user_attr"][record.STOP])
        return {**line, "user_attr": {record.STOP: json.dumps({**stop, "epoch": 5})}}

    trial = change(folder, stops, later)
    assert found_in(folder) == [("stop decisions", trial, "after epoch 3")]


def test_another_seed_in_the_settings(folder):
    edit_spec(folder, lambda spec: spec.update(seed=1))
    found = replayed(folder)
    first = found.differences[0]
    assert (first.check, first.key, first.recorded, first.recomputed) == (
        "settings",
        "seed",
        "0",
        "1",
    )
    suggestions = found.tallies["suggestions"]
    # What is taken up again is as it was when it was stopped, whatever the seed.
    assert suggestions.equal < suggestions.recomputed / 5
    assert found.tallies["screens"].different == 0


def test_another_sampler_in_the_settings(folder):
    edit_spec(folder, lambda spec: spec.update(sampler="qmc"))
    assert ("settings", None, "sampler") in found_in(folder)


def test_another_constraint_in_the_settings(folder):
    edit_spec(folder, lambda spec: spec["constraints"][0].update(bound=2e9))
    found = replayed(folder)
    assert {d.check for d in found.differences} >= {"screens"}
    assert any(d.key == "rejected" for d in found.differences)


def test_another_range_in_the_settings(folder):
    def narrow(spec):
        spec["task"]["space"]["parameters"]["training.learning_rate"]["high"] = 0.01

    edit_spec(folder, narrow)
    assert any(key == "the range of training.learning_rate" for _, _, key in found_in(folder))


def test_a_child_that_was_never_due(tmp_path):
    spec = toy.spec_of(trials=3, compress=family.LIST, sampler="random")
    with Study.create(tmp_path / "s", spec, family.cost_of) as study:
        run(study, family.train)

    def other(line):
        extra = {**line["user_attrs"][record.EXTRA], "compression.calibration": "percentile"}
        return with_attr(line, record.EXTRA, lambda _: extra)

    trial = change(
        tmp_path / "s",
        lambda ln: "ptq" in ln.get("user_attrs", {}).get(record.EXTRA, {}).values(),
        other,
    )
    found = replayed(tmp_path / "s", family.cost_of).differences
    key = ("suggestions", trial, "compression.calibration")
    assert key in [(d.check, d.trial, d.key) for d in found]


def test_costs_that_are_predicted_in_another_way_now(folder):
    def doubled(config):
        cost = toy.cost_of(config)
        return cost.replace(macs=cost.macs.replace(value=cost.macs.value * 2))

    found = replayed(folder, doubled)
    assert found.tallies["screens"].equal < found.tallies["screens"].recomputed
    assert {d.key for d in found.differences} >= {"predicted macs", "rejected"}


def test_a_note_that_cannot_be_read(folder):
    change(folder, stops, lambda ln: {**ln, "user_attr": {record.STOP: '{"epoch": "soon"}'}})
    with pytest.raises(StudyError, match="none of this version"):
        replayed(folder)
