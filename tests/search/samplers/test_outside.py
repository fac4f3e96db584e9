"""Samplers that other packages bring."""

from __future__ import annotations

import types
from importlib.metadata import EntryPoint

import optuna
import pytest
from optuna.samplers import RandomSampler
from toy_study import SPACE, TASK, cost_of, result_of, spec_of

from automed.domain.errors import PluginError, StudyError
from automed.executors.inline import run
from automed.search.distributions import distributions_of
from automed.search.samplers import outside
from automed.search.samplers.context import Context
from automed.search.samplers.outside import hub_sampler, outside_sampler
from automed.search.samplers.registry import check_sampler, make_sampler
from automed.search.screen import Verdict
from automed.search.study import Study


def mine(context: Context) -> optuna.samplers.BaseSampler:
    return RandomSampler(context.seed)


def no_sampler(context: Context) -> str:
    return "nothing"


def broken(context: Context) -> None:
    raise ValueError("no licence")


@pytest.fixture
def installed(monkeypatch):
    def install(**samplers):
        module = types.ModuleType("somebodys_samplers")
        entries = []
        for name, factory in samplers.items():
            setattr(module, name, factory)
            entries.append(EntryPoint(name, f"somebodys_samplers:{name}", outside.GROUP))
        monkeypatch.setitem(__import__("sys").modules, "somebodys_samplers", module)
        monkeypatch.setattr(outside, "entry_points", lambda group: entries)
        return entries

    return install


def context(sampler: str) -> Context:
    return Context(
        spec_of(sampler=sampler), distributions_of(SPACE), 3, lambda c: Verdict(cost_of(c))
    )


def test_a_registered_sampler_runs_a_study(tmp_path, installed):
    installed(mine=mine)
    spec = spec_of(sampler="mine", trials=5, task=TASK.replace(baselines=()))
    with Study.create(tmp_path / "study", spec, cost_of) as study:
        run(study, lambda trial, _: result_of(trial), [])
        assert {t.origin for t in study.trials} == {"mine"}
        assert len(study.trials) == 5


def test_unknown_names_are_refused_with_all_that_are_known(installed):
    installed(mine=mine)
    with pytest.raises(StudyError) as error:
        check_sampler("mein")
    assert "'mine'" in error.value.problem
    assert "ehvi" in str(error.value.expected)
    check_sampler("mine")
    check_sampler("optunahub:samplers/auto_sampler")


def test_what_is_no_sampler_is_named(installed):
    installed(no_sampler=no_sampler, broken=broken)
    with pytest.raises(PluginError, match="is no sampler"):
        make_sampler(context("no_sampler"))
    with pytest.raises(PluginError) as error:
        make_sampler(context("broken"))
    assert "no licence" in str(error.value.found)


def test_two_packages_cannot_claim_one_name(installed):
    entries = installed(mine=mine)
    entries.append(EntryPoint("mine", "another:mine", outside.GROUP))
    with pytest.raises(PluginError, match="two packages"):
        check_sampler("mine")


def test_without_optunahub_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "optunahub", None)
    with pytest.raises(StudyError, match="needs a package"):
        make_sampler(context("optunahub:samplers/auto_sampler"))


def test_a_package_of_the_hub_gives_its_one_sampler():
    class Theirs(RandomSampler):
        pass

    module = types.ModuleType("package")
    module.Theirs = Theirs
    module.__all__ = ["Theirs"]
    assert isinstance(hub_sampler(module, "samplers/theirs", 1), Theirs)
    module.Other = type("Other", (RandomSampler,), {})
    module.__all__ = ["Theirs", "Other"]
    with pytest.raises(PluginError) as error:
        hub_sampler(module, "samplers/theirs", 1)
    assert "Theirs, Other" in str(error.value.found)


def test_a_name_that_is_gone_is_an_error_that_says_so(installed):
    installed()
    with pytest.raises(StudyError, match="there is no sampler 'mine'"):
        outside_sampler(context("mine"))
