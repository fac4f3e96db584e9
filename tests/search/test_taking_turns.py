"""Several searches at one study in Postgres, step by step: who has what, and who may go on."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import toy_family
from toy_study import TASK, TIGHT, cost_of, history, measurements, result_of, spec_of, step

from automed.domain.budget import Budget
from automed.domain.decision import Decision
from automed.domain.errors import StudyError, TakenOverError
from automed.domain.result import Result
from automed.domain.trial import Trial, TrialState
from automed.domain.workspace import trial_folder
from automed.executors.inline import run
from automed.executors.outcome import Outcome
from automed.search import postgres_drivers
from automed.search.joining import write_joined
from automed.search.postgres import Postgres
from automed.search.replay import replay
from automed.search.shared_study import SharedStudies
from automed.search.study import Study
from automed.search.study_file import read_spec
from automed.search.view import read_study

Sit = Callable[..., Study]


def shared(**changes: Any) -> Any:
    budget = Budget(**{"workers": 2, **changes.pop("budget", {"trials": 8})})
    return spec_of(storage="postgres", budget=budget, **changes)


@pytest.fixture
def sit(tmp_path: Path, storage: str) -> Iterator[Sit]:
    """Searches at one study, each with a workspace of its own; the first begins it."""
    seats: list[Study] = []

    def sit(spec: Any = None, cost: Any = cost_of, **more: Any) -> Study:
        folder = tmp_path / str(len(seats)) / "s"
        if seats:
            studies = SharedStudies(storage)
            there = studies.find(seats[0].spec.name)
            assert there is not None
            write_joined(folder, there, there.spec)
            studies.close()
            study = Study.open(folder, cost, **more)
        else:
            study = Study.create(folder, spec or shared(), cost, **more)
        seats.append(study)
        return study

    yield sit
    for study in seats:
        study.close()


def asked(study: Study) -> Trial:
    trial = study.ask()
    assert trial is not None
    return trial


def fall_silent(storage: str, study: Study) -> None:
    """As a machine that is cut off: its process lives, and nobody hears of it."""
    study._seat._signature._ended.set()
    study._seat._signature._thread.join()
    Postgres(storage).rows(
        "update automed.driver set seen = clock_timestamp() - interval '1 hour' "
        "where driver = %s returning 1", study._seat.id,
    )  # fmt: skip
    # A server that has just started would give it a minute.
    Postgres(storage).rows("select 1")


@pytest.fixture
def an_old_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was started long before the test."""
    query = postgres_drivers._LIVE.replace("pg_postmaster_start_time()", "timestamptz '-infinity'")
    monkeypatch.setattr(postgres_drivers, "_LIVE", query)


def records(storage: str) -> int:
    return Postgres(storage).rows("select count(*) from automed.log")[0][0]


class TestWhoHasWhat:
    def test_no_trial_is_handed_to_two(self, sit: Sit) -> None:
        one, other = sit(), sit()
        trials = [asked(one), asked(other), asked(one), asked(other)]
        assert [t.number for t in trials] == [0, 1, 2, 3]
        assert len({t.config for t in trials}) == 4
        assert one.paused == other.paused == {} == read_study(one.folder).paused
        assert read_study(other.folder).running
        assert history(one.trials) == history(other.trials)

    def test_the_budget_is_that_of_all(self, sit: Sit) -> None:
        one, other = sit(shared(budget={"trials": 3})), sit()
        mine, theirs = asked(one), asked(other)
        third = asked(one)
        assert one.ask() is None
        assert other.ask() is None
        one.tell(mine, result_of(mine))
        one.tell(third, result_of(third))
        other.tell(theirs, result_of(theirs))
        assert one.ask() is None
        assert other.spending.trials == one.spending.trials == 3
        assert one.spent is not None

    def test_what_one_puts_back_the_other_gets(self, sit: Sit) -> None:
        one, other = sit(), sit()
        trial = asked(one)
        one.report(trial, measurements(trial)[0])
        one.put_back(trial)
        assert asked(other) == trial
        assert asked(one).number == 1

    def test_what_one_leaves_the_other_gets(self, sit: Sit) -> None:
        one, other = sit(), sit()
        trial = asked(one)
        one.close()
        assert read_study(other.folder).paused == {0: 0}
        assert asked(other) == trial

    @pytest.mark.usefixtures("an_old_server")
    def test_what_a_silent_one_had_is_taken_over(self, sit: Sit, storage: str) -> None:
        one, other = sit(), sit()
        trial = asked(one)
        one.report(trial, measurements(trial)[0])
        fall_silent(storage, one)
        assert asked(other) == trial
        # It comes back, and learns of it.
        before = records(storage)
        assert one.report(trial, measurements(trial)[1]) is Decision.PAUSE
        with pytest.raises(TakenOverError, match="trial 0 was taken over"):
            one.tell(trial, result_of(trial))
        one.put_back(trial)
        assert records(storage) == before
        other.report(trial, measurements(trial)[0])
        told = other.tell(trial, result_of(trial))
        with pytest.raises(TakenOverError):
            one.tell(trial, result_of(trial, dice=0.1))
        assert one.trials == (told,)
        assert asked(one).number == 1

    @pytest.mark.usefixtures("an_old_server")
    @pytest.mark.parametrize("epochs", [1, 2])
    def test_an_executor_leaves_out_what_was_taken_over(
        self, sit: Sit, storage: str, epochs: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        one, other = sit(shared(budget={"trials": 2})), sit()
        ran: list[int] = []

        def train(trial: Trial, report: Any) -> Result:
            ran.append(trial.number)
            report(measurements(trial)[0])
            if trial.number == 0:
                fall_silent(storage, one)
                other.tell(asked(other), result_of(trial, dice=0.75))
                for measurement in measurements(trial)[1:epochs]:
                    report(measurement)
                ran.append(-1)
            return result_of(trial)

        assert run(one, train, []) is Outcome.FINISHED
        # Told at the next epoch, or only with the result.
        assert ran == ([0, -1, 1] if epochs == 1 else [0, 1])
        assert ("trial 0 was taken over" in caplog.text) == (epochs == 1)
        first = one.trials[0].result
        assert first is not None
        assert first.metrics["dice"] == 0.75
        assert other.trials == one.trials

    @pytest.mark.usefixtures("an_old_server")
    def test_a_silent_one_that_nobody_stood_in_for_goes_on(self, sit: Sit, storage: str) -> None:
        one, other = sit(), sit()
        trial = asked(one)
        fall_silent(storage, one)
        assert one.report(trial, measurements(trial)[0]) is Decision.CONTINUE
        assert one.tell(trial, result_of(trial)).state is TrialState.COMPLETE
        assert other.trials == one.trials

    def test_silence_while_the_server_was_down_is_forgiven(
        self, sit: Sit, storage: str, postgres
    ) -> None:
        one, other = sit(), sit()
        asked(one)
        postgres.restart()
        fall_silent(storage, one)
        assert asked(other).number == 1

    def test_one_that_has_nothing_to_do_waits_for_the_others(
        self, sit: Sit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        one, other = sit(shared(budget={"trials": 1})), sit()
        trial = asked(one)
        waited = []

        def rest(seconds: float) -> None:
            waited.append(seconds)
            if len(waited) == 3:
                one.put_back(trial)

        monkeypatch.setattr("automed.search.together.time.sleep", rest)
        assert asked(other) == trial
        assert len(waited) == 3
        assert "waiting for trials that other searches" in caplog.text


class TestBudgets:
    @pytest.mark.parametrize("seed", range(4))
    def test_epochs_are_never_overspent(self, sit: Sit, seed: int) -> None:
        limit = 20
        searches = [sit(shared(budget={"epochs": limit})), sit(), sit()]
        moments = random.Random(seed)
        running: dict[int, tuple[Trial, int]] = {}
        while True:
            for study in searches:
                assert study.spending.epochs <= limit
            number = moments.randrange(3)
            study = searches[number]
            if number in running:
                trial, epoch = running.pop(number)
                if epoch == 3:
                    study.tell(trial, result_of(trial))
                    continue
                decision = study.report(trial, measurements(trial)[epoch])
                if decision is Decision.PAUSE:
                    study.put_back(trial)
                else:
                    running[number] = trial, epoch + 1
                continue
            # Alone it would wait for the others, as it should; here they are played one by one.
            study._chooser._is_worth_waiting = lambda _: False
            if (given := study.ask()) is not None:
                epochs = study._chooser.history()[given.number].intermediate_values
                running[number] = given, len(epochs)
            elif not running:
                break
        assert searches[0].spending.epochs == limit

    def test_wall_time_runs_once_and_device_time_for_each(self, sit: Sit) -> None:
        began = time.monotonic()
        one, other = sit(), sit()
        trials = [asked(one), asked(other)]
        for epoch in range(2):
            time.sleep(0.2)
            one.report(trials[0], measurements(trials[0])[epoch])
            other.report(trials[1], measurements(trials[1])[epoch])
        spent, wall = read_study(one.folder).spent, time.monotonic() - began
        assert 0.4 <= spent.seconds <= wall
        assert 0.8 <= spent.device_seconds <= 2 * wall
        one.put_back(trials[0])
        other.put_back(trials[1])
        one.close()
        other.close()
        time.sleep(0.3)
        with Study.open(one.folder, cost_of) as again:
            trial = asked(again)
            again.report(trial, measurements(trial)[2])
            # Time in which no search was at work is nobody's.
            assert again.spending.seconds < spent.seconds + (time.monotonic() - began - wall) - 0.2

    def test_a_larger_one_is_larger_for_all(self, sit: Sit, storage: str) -> None:
        one = sit(shared(budget={"trials": 1}))
        other = sit(budget=Budget(trials=3, workers=2))
        step(one)
        assert (asked(one).number, asked(other).number) == (1, 2)
        assert one.ask() is None
        for study in (one, other):
            assert study.spec.budget.trials == 3
            assert read_spec(study.folder).budget.trials == 3
        third = sit()
        third.close()
        Study.open(one.folder, cost_of, budget=Budget(trials=4, workers=2)).close()
        assert read_study(third.folder).spec.budget.trials == 4


COMPRESSED = {"compress": toy_family.LIST, "artifact": "onnx", "budget": {"trials": 2}}


class TestChildren:
    def run_one(self, study: Study) -> Trial | None:
        trial = study.ask()
        if trial is None:
            return None
        told = study.tell(trial, toy_family.result_of(trial))
        folder = trial_folder(study.folder, trial.number)
        folder.mkdir(parents=True)
        (folder / "result.json").write_text("{}")
        return told

    def test_a_model_is_compressed_where_it_was_trained(self, sit: Sit) -> None:
        one = sit(shared(**COMPRESSED), toy_family.cost_of)
        other = sit(cost=toy_family.cost_of)
        parents = [self.run_one(one), self.run_one(other)]
        assert [p.number for p in parents if p] == [0, 3]  # the children of 0 were written down
        ran = {study: [] for study in (one, other)}
        while True:
            told = [(study, self.run_one(study)) for study in (one, other)]
            if told[0][1] is told[1][1] is None:
                break
            for study, trial in told:
                if trial is not None:
                    ran[study].append((trial.parent, trial.state))
        assert ran[one] == [(0, TrialState.COMPLETE)] * 2
        assert ran[other] == [(3, TrialState.COMPLETE)] * 2
        done = replay(one.folder, lambda _: toy_family.cost_of, lambda *_: None)
        assert done.differences == ()

    def test_those_of_a_machine_that_is_gone_are_left_and_said(self, sit: Sit) -> None:
        one = sit(shared(**COMPRESSED), toy_family.cost_of)
        other = sit(cost=toy_family.cost_of)
        self.run_one(one)
        one.close()
        while self.run_one(other) is not None:
            pass
        assert "2 compressions are left to the machines that trained their models" in other.notes
        (trial_folder(other.folder, 0)).mkdir(parents=True)
        (trial_folder(other.folder, 0) / "result.json").write_text("{}")  # a shared folder has it
        assert asked(other).parent == 0


class TestATurn:
    def lose(self, study: Study, storage: str, query: str) -> list[str]:
        """Cut the search's connection once, right after a statement that begins so."""
        connection = study._seat._database._connected()
        execute, lost = connection.execute, []

        def losing(text: str, *values: Any) -> Any:
            done = execute(text, *values)
            if text.strip().startswith(query) and not lost:
                lost.append(text)
                Postgres(storage).rows(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where pid <> pg_backend_pid() and pid = %s", connection.info.backend_pid,
                )  # fmt: skip
                execute("select 1")
            return done

        connection.execute = losing
        return lost

    @pytest.mark.parametrize(
        "query",
        ["begin", "select length", "insert into automed.log", "update automed.study", "commit"],
    )
    def test_that_is_cut_off_is_taken_again_once(
        self, sit: Sit, storage: str, tmp_path: Path, query: str
    ) -> None:
        def play(study: Study, before: Callable[[], None]) -> list[tuple[Any, ...]]:
            for _ in range(6):
                before()
                trial = asked(study)
                for measurement in measurements(trial):
                    before()
                    study.report(trial, measurement)
                before()
                study.tell(trial, result_of(trial))
            return history(study.trials)

        alone = spec_of(constraints=TIGHT, budget=shared().budget)
        with Study.create(tmp_path / "whole", alone, cost_of) as whole:
            expected = play(whole, lambda: None)
        heard: list[Trial] = []
        study = sit(shared(constraints=TIGHT), on_rejected=heard.append)
        losses: list[list[str]] = []
        found = play(study, lambda: losses.append(self.lose(study, storage, query)))
        assert all(losses)
        assert len(losses) == 30
        assert found == expected
        rejected = [t.number for t in study.trials if t.rejected]
        assert [t.number for t in heard] == rejected != []
        rows = Postgres(storage).rows("select at from automed.log order by at")
        assert [at for (at,) in rows] == list(range(len(rows)))

    def test_that_is_interrupted_was_never_taken(self, sit: Sit, storage: str) -> None:
        calls = []

        def interrupted(config):
            calls.append(config)
            if len(calls) == stop_at:
                raise KeyboardInterrupt
            return cost_of(config)

        stop_at = -1
        study = sit(shared(constraints=TIGHT), interrupted)
        first = asked(study)
        before, trials = records(storage), study.trials
        stop_at = len(calls) + 1
        with pytest.raises(KeyboardInterrupt):
            study.ask()
        assert (records(storage), study.trials) == (before, trials)
        study.report(first, measurements(first)[0])
        assert asked(study).number > first.number

    def test_at_a_study_that_was_removed(self, sit: Sit, storage: str) -> None:
        study = sit()
        Postgres(storage).rows("delete from automed.study returning 1")
        with pytest.raises(StudyError, match="was removed from the storage"):
            study.ask()
        with pytest.raises(StudyError, match="there is no study 'toy-study' in"):
            Study.open(study.folder, cost_of)


class TestOpening:
    def test_without_the_url(self, sit: Sit, monkeypatch: pytest.MonkeyPatch) -> None:
        study = sit()
        study.close()
        monkeypatch.delenv("AUTOMED_STORAGE")
        for act in (lambda: Study.open(study.folder, cost_of), lambda: read_study(study.folder)):
            with pytest.raises(StudyError, match="AUTOMED_STORAGE does not say where"):
                act()

    @pytest.mark.parametrize("url", ["sqlite:///x.db", "/tmp/x", "mysql://u:pw@h/d"])
    def test_what_machines_cannot_share(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
    ) -> None:
        monkeypatch.setenv("AUTOMED_STORAGE", url)
        with pytest.raises(StudyError, match="no storage that machines can share") as error:
            Study.create(tmp_path / "s", shared(), cost_of)
        assert "pw" not in str(error.value)

    def test_of_a_name_that_is_taken_there(self, sit: Sit, tmp_path: Path) -> None:
        sit()
        with pytest.raises(StudyError, match="there is a study 'toy-study' in the storage"):
            Study.create(tmp_path / "new", shared(), cost_of)
        assert not (tmp_path / "new" / "study.json").exists()

    def test_a_log_that_lost_trials(self, sit: Sit, storage: str) -> None:
        study = sit()
        step(study)
        folder = trial_folder(study.folder, 7)
        folder.mkdir(parents=True)
        (folder / "result.json").write_text("{}")
        study.close()
        with pytest.raises(StudyError, match="holds fewer trials than were trained"):
            Study.open(study.folder, cost_of)

    def test_the_task_of_another_version(self, sit: Sit, storage: str) -> None:
        study = sit(shared(task=TASK.replace(title="Other")))
        study.close()
        Postgres(storage).rows("update automed.study set spec = '{}' returning 1")
        with pytest.raises(StudyError, match="is of another version of automed"):
            Study.open(study.folder, cost_of)
