"""Another study's trials guide the sampler at first, from a file in the study's own folder."""

from __future__ import annotations

import math
import shutil
import statistics
from pathlib import Path

import numpy as np
import pytest
import toy_study as toy

from automed.domain.config import Config
from automed.domain.errors import AutomedError, StudyError
from automed.domain.objective import Constraint
from automed.domain.study_spec import StudySpec, WarmStart
from automed.domain.task import ClassificationTask
from automed.executors.inline import run
from automed.search.proposer import Proposer
from automed.search.replay import replay
from automed.search.screen import Verdict, screen_family
from automed.search.study import Study
from automed.search.trials_reader import read_trials
from automed.search.warm_start import PRIOR_FILE, Prior, read_prior
from automed.search.warm_start_source import MOST, prior_of
from automed.search.warm_start_told import ranked_into, shifted

OTHER_DATA = toy.spec_of().data.model_copy(update={"digest": "other data"})


def harder(dice: float) -> float:
    """The same ranks on other data, where all is harder and differs more."""
    return 1 / (1 + math.exp(-(2 * math.log(dice / (1 - dice)) - 2)))


def train_there(trial, report):
    result = toy.result_of(trial)
    return result.replace(metrics={"dice": harder(result.metrics["dice"])})


def train(trial, report):
    return toy.result_of(trial)


def quick(spec: StudySpec, folder: Path, trainer=train_there, **study) -> Path:
    with Study.create(folder, spec, study.pop("cost_of", toy.cost_of), **study) as opened:
        run(opened, trainer, [])
    return folder


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of other data."""
    folder = tmp_path_factory.mktemp("there") / "source"
    return quick(toy.spec_of(name="source", trials=45, seed=99, data=OTHER_DATA), folder)


def warmed(source: Path, cost_of=toy.cost_of, **changes) -> tuple[StudySpec, Prior]:
    spec = toy.spec_of(**changes)

    def judge(config: Config) -> Verdict:
        return screen_family(config, spec, cost_of)

    prior = prior_of(source, spec, judge, lambda *_: None)
    return spec.replace(warm_start=WarmStart(study="source", content=prior.digest)), prior


def searched(folder: Path, spec: StudySpec, prior: Prior | None, trainer=train) -> list:
    with Study.create(folder, spec, toy.cost_of, prior=prior) as study:
        run(study, trainer, [])
        return study.trials


def well_trained(config: Config) -> float:
    """The part of the quality that no cost buys."""
    return toy.dice_of(config) - 0.05 * math.log(toy.cost_of(config).megabytes)


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_the_first_suggestions_are_better_than_cold_ones(tmp_path, source, sampler):
    found: dict[str, list[float]] = {"cold": [], "warm": []}
    for seed in range(10):
        spec, prior = warmed(source, sampler=sampler, seed=seed, trials=7)
        cold = spec.replace(warm_start=None)
        for name, trials in {
            "cold": searched(tmp_path / f"c{seed}", cold, None),
            "warm": searched(tmp_path / f"w{seed}", spec, prior),
        }.items():
            drawn = [well_trained(t.config) for t in trials if t.origin == sampler]
            assert len(drawn) == 5
            found[name].append(statistics.median(drawn))
    assert statistics.median(found["warm"]) > statistics.median(found["cold"]) + 0.02


@pytest.mark.parametrize("sampler", ["tpe", "gp", "ehvi", "nsga2", "nsga3"])
def test_every_sampler_that_learns_hears_of_it(source, sampler):
    spec, prior = warmed(source, sampler=sampler, task=toy.TASK.replace(baselines=()))
    cold, warm = (proposer(spec, given).propose([], 0) for given in (None, prior))
    assert cold.config != warm.config
    again = proposer(spec, prior).propose([], 0)
    assert again == warm


def proposer(spec: StudySpec, prior: Prior | None) -> Proposer:
    return Proposer(spec, lambda config: screen_family(config, spec, toy.cost_of), prior)


@pytest.mark.parametrize("sampler", ["random", "qmc", "grid"])
def test_a_sampler_that_learns_nothing_is_refused(source, sampler):
    with pytest.raises(StudyError, match=f"no effect on the sampler '{sampler}'"):
        warmed(source, sampler=sampler)


def test_its_trials_are_not_the_studys(tmp_path, source):
    spec, prior = warmed(source, trials=4)
    with Study.create(tmp_path / "s", spec, toy.cost_of, prior=prior) as study:
        run(study, train, [])
        assert len(study.trials) == len(read_trials(tmp_path / "s", spec)) == 4
        assert study.spending.trials == 4
        assert {t.number for t in study.front().trials} <= {0, 1, 2, 3}
        assert [t.origin for t in study.trials[:2]] == ["paper base", "paper final"]
        (note,) = [n for n in study.notes if "warm start" in n]
    assert f"{MOST} of 45 finished trials of study 'source'" in note
    assert f"left out: 15 beyond the {MOST} that are taken" in note


def test_its_influence_ends(tmp_path, source):
    spec, prior = warmed(source, trials=MOST + 1)
    searched(tmp_path / "s", spec, prior)
    past = read_trials(tmp_path / "s", spec)
    warm, cold = proposer(spec, prior), proposer(spec, None)
    for number, same in [(MOST - 1, False), (MOST, True), (MOST + 1, True)]:
        there = warm._warm(past[:number])
        assert (not there) == same
        if same:
            assert warm.propose(past[:number], number) == cold.propose(past[:number], number)


def test_the_worst_leave_first_and_the_front_last(source):
    spec, prior = warmed(source)
    dice = [t.metrics["dice"] for t in prior.trials]
    losses = [
        (-t.metrics["dice"], t.cost.macs.value, t.cost.size_bytes.value) for t in prior.trials
    ]
    leads = [not any(_dominates(b, a) for b in losses) for a in losses]
    fronts = sum(leads)
    assert 0 < fronts < MOST
    assert leads == [True] * fronts + [False] * (MOST - fronts)
    for part in (dice[:fronts], dice[fronts:]):
        assert part == sorted(part, reverse=True)
    assert len(proposer(spec, prior)._warm([])) == MOST


def _dominates(one, other) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True)) and one != other


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_killed_and_resumed_without_the_source_it_equals_one_in_one_go(tmp_path, source, sampler):
    gone = tmp_path / "gone"
    shutil.copytree(source, gone)
    spec, prior = warmed(gone, sampler=sampler, trials=20, constraints=toy.TIGHT)
    shutil.rmtree(gone)
    whole = toy.history(searched(tmp_path / "one", spec, prior, toy.train))
    Study.create(tmp_path / "two", spec, toy.cost_of, prior=prior).close()
    pieces: list[tuple] = []
    while len(pieces) < len(whole) or "RUNNING" in {piece[3] for piece in pieces}:
        with Study.open(tmp_path / "two", toy.cost_of) as study:
            for _ in range(3):
                toy.step(study)
            study.ask()  # and no more: killed in its training
            pieces = toy.history(study.trials)
    assert pieces == whole
    found = replay(tmp_path / "two", lambda _: toy.cost_of, lambda *_: None)
    assert found.differences == ()
    assert found.tallies["suggestions"].recomputed == len(whole)


def test_ehvi_replays(tmp_path, source):
    spec, prior = warmed(source, sampler="ehvi", trials=5)
    searched(tmp_path / "s", spec, prior)
    found = replay(tmp_path / "s", lambda _: toy.cost_of, lambda *_: None)
    assert found.differences == ()


def test_a_replay_without_what_it_began_with_differs(tmp_path, source):
    spec, prior = warmed(source, trials=8)
    searched(tmp_path / "s", spec, prior)
    file = tmp_path / "s" / "study.json"
    file.write_text(spec.replace(warm_start=None).model_dump_json())
    found = replay(tmp_path / "s", lambda _: toy.cost_of, lambda *_: None)
    assert {d.trial for d in found.differences} >= {2, 3}


@pytest.mark.parametrize("number", [1, 2, 11, 12, 13])
@pytest.mark.parametrize("sampler", ["nsga2", "nsga3"])
def test_few_trials_do_not_stop_a_genetic_sampler(tmp_path, source, sampler, number):
    spec, prior = warmed(source, sampler=sampler, trials=16)
    few = prior.replace(trials=prior.trials[:number])
    spec = spec.replace(warm_start=WarmStart(study="source", content=few.digest))
    assert len(searched(tmp_path / "s", spec, few)) == 16


def test_costs_are_this_studys(source):
    def dearer(config: Config):
        cost = toy.cost_of(config)
        return cost.replace(macs=cost.macs.replace(value=4 * cost.macs.value))

    _, prior = warmed(source, cost_of=dearer)
    for trial in prior.trials:
        assert trial.cost.macs.value == 4 * toy.cost_of(trial.config).macs.value


def test_what_this_studys_bounds_refuse_is_left_out(source):
    _, prior = warmed(source, constraints=toy.TIGHT)
    assert all(t.cost.macs.value <= 1e9 for t in prior.trials)
    assert prior.left_out["not to be built or allowed here"] > 0
    assert len(prior.trials) + sum(prior.left_out.values()) == prior.finished == 45


def test_what_lies_outside_the_space_is_left_out(source):
    task = toy.TASK.replace(space=toy.SPACE.fix("training.loss", "dice"))
    _, prior = warmed(source, task=task)
    assert {t.config["training.loss"] for t in prior.trials} == {"dice"}
    assert prior.left_out["outside the search space"] > 0


def test_late_bounds_are_judged_by_what_is_expected(source):
    bound = Constraint(metric="dice", bound=0.5, kind="at_least")
    spec, prior = warmed(source, constraints=(*toy.TIGHT, bound))
    told = proposer(spec, prior)._warm([])
    for trial in told:
        noted = trial.system_attrs["constraints:dice at least"]
        assert noted == pytest.approx((0.5 - trial.values[0]) / 0.5)
    assert len({trial.system_attrs["constraints:dice at least"] > 0 for trial in told}) == 2


def test_stopped_trainings_count_as_what_they_would_have_become(tmp_path):
    spec = toy.spec_of(name="stopped", trials=20, data=OTHER_DATA)
    with Study.create(tmp_path / "source", spec, toy.cost_of) as study:
        while trial := study.ask():
            for measurement in toy.measurements(trial)[: 1 if trial.number % 2 else 3]:
                study.report(trial, measurement)
            study.tell(trial, toy.result_of(trial), stopped=bool(trial.number % 2))
    _, prior = warmed(tmp_path / "source")
    assert prior.finished == len(prior.trials) == 20


def test_qualities_of_the_same_training_are_taken_as_they_are(tmp_path):
    quick(toy.spec_of(name="same", trials=8, seed=5), tmp_path / "same", train)
    spec, prior = warmed(tmp_path / "same", trials=8)
    assert prior.same_training
    searched(tmp_path / "s", spec, prior)
    told = proposer(spec, prior)._warm(read_trials(tmp_path / "s", spec)[:6])
    assert [t.values[0] for t in told] == [t.metrics["dice"] for t in prior.trials[:2]]


def test_qualities_of_other_data_are_moved_to_where_ours_lie(tmp_path, source):
    spec, prior = warmed(source, trials=6)
    assert not prior.same_training
    searched(tmp_path / "s", spec, prior)
    past = read_trials(tmp_path / "s", spec)
    there = [t.metrics["dice"] for t in prior.trials]
    warm = proposer(spec, prior)._warm
    assert [t.values[0] for t in warm([])] == there
    own = [t.values[0] for t in past]
    few = [t.values[0] for t in warm(past[:2])]
    assert np.median(few) > np.median(there[:28]) + 0.05, "all is easier here"
    many = [t.values[0] for t in warm(past)]
    assert len(many) == MOST - 6
    assert min(own) <= min(many) <= max(many) == max(own)
    assert np.argsort(many, kind="stable").tolist() == np.argsort(there[:24]).tolist()


def test_ranks():
    there, here = np.array([0.2, 0.8, 0.5]), np.array([0.9, 0.7])
    assert ranked_into(there, here).tolist() == pytest.approx([0.7, 0.9, 0.8])
    assert ranked_into(np.array([0.3, 0.3]), here).tolist() == pytest.approx([0.8, 0.8])
    assert ranked_into(np.array([0.3]), here).tolist() == pytest.approx([0.8])


def test_shifts():
    there = np.array([0.5, 0.9, 0.99, 1.0])
    # Known from there: the odds of 0.5 became three times what they were.
    moved = shifted(there, np.array([0.75, 0.1]), [0.5, None])
    assert moved[:2].tolist() == pytest.approx([0.75, 27 / 28])
    assert (moved < 1).all()
    assert (np.diff(moved) > 0).all()
    # Nothing is known: median to median.
    assert np.median(shifted(there[:3], np.array([0.6]), [None])) == pytest.approx(0.6)


def test_a_study_of_another_kind(source, tmp_path):
    task = ClassificationTask(
        name="kinds", title="x", classes=("a", "b"), image_size=(32, 32), space=toy.SPACE
    )
    with pytest.raises(StudyError, match="of another kind of task") as caught:
        warmed(source, task=task)
    assert caught.value.found == "segmentation (toy)"


def test_a_study_with_nothing_in_common(source):
    task = toy.with_space("[model.depth]\nchoices = [1, 2]")
    with pytest.raises(StudyError, match="no trial that could guide") as caught:
        warmed(source, task=task)
    assert caught.value.found == "45 outside the search space"


def test_a_study_without_a_finished_trial(tmp_path):
    Study.create(tmp_path / "new", toy.spec_of(name="new"), toy.cost_of).close()
    with pytest.raises(StudyError) as caught:
        warmed(tmp_path / "new")
    assert caught.value.found == "no finished trial"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda file: file.unlink(), "cannot be read, and the study began with it"),
        (lambda file: file.write_text("{"), "holds no trials of another study"),
        (lambda file: file.write_text(file.read_text().replace('"dice": 0.', '"dice": 0.1', 1)),
         "is not the one that the study began with"),
    ],
)  # fmt: skip
def test_a_lost_or_changed_file_is_named(tmp_path, source, damage, said):
    spec, prior = warmed(source)
    Study.create(tmp_path / "s", spec, toy.cost_of, prior=prior).close()
    assert read_prior(tmp_path / "s", spec) == prior
    damage(tmp_path / "s" / PRIOR_FILE)
    for reader in (
        lambda: Study.open(tmp_path / "s", toy.cost_of),
        lambda: replay(tmp_path / "s", lambda _: toy.cost_of, lambda *_: None),
    ):
        with pytest.raises(AutomedError, match=said):
            reader()
