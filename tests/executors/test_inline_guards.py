"""What the inline executor survives, and what makes it stop."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import namedtuple
from pathlib import Path

import pytest
from toy_study import TIGHT, cost_of, measurements, result_of, spec_of, train, with_space

from automed.domain.decision import Decision
from automed.domain.errors import DivergedError, StudyError
from automed.domain.measurement import Measurement
from automed.domain.trial import Trial
from automed.executors.failures import TRACEBACK_FILE
from automed.executors.inline import run
from automed.executors.outcome import Outcome
from automed.search.study import Study

Event = namedtuple("Event", "what number")


class Listener:
    """Writes down what it hears."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def trial_started(self, trial: Trial) -> None:
        self.events.append(Event("started", trial.number))

    def trial_measured(self, trial: Trial, measurement: Measurement) -> None:
        self.events.append(Event(f"epoch {measurement.epoch}", trial.number))

    def trial_finished(self, trial: Trial) -> None:
        self.events.append(Event(trial.label, trial.number))

    def trial_put_back(self, trial: Trial, lost: str | None = None) -> None:
        self.events.append(Event("put back", trial.number))

    def trial_rejected(self, trial: Trial) -> None:
        self.events.append(Event(trial.label, trial.number))


class Broken(Listener):
    """Raises at whatever it hears, as a tracker whose server died."""

    def trial_started(self, trial: Trial) -> None:
        raise RuntimeError("the server is gone")

    trial_finished = trial_rejected = trial_started

    def trial_measured(self, trial: Trial, measurement: Measurement) -> None:
        raise OSError("the disk is full")


def measured(trial: Trial, report):
    for measurement in measurements(trial):
        report(measurement)
    return result_of(trial)


def test_observers_hear_everything_in_order(tmp_path: Path) -> None:
    listener = Listener()
    with Study.create(tmp_path / "s", spec_of(trials=2, constraints=TIGHT), cost_of) as study:
        assert run(study, measured, [listener]) is Outcome.FINISHED
        assert study.on_rejected is None
        expected = []
        for trial in study.trials:
            steps = ["started", "epoch 1", "epoch 2", "epoch 3", "done"]
            steps = ["rejected"] if trial.rejected else steps
            expected += [Event(step, trial.number) for step in steps]
    assert listener.events == expected
    assert any(event.what == "rejected" for event in expected)


def test_a_callback_for_rejections_that_is_there_already_is_left_alone(tmp_path: Path) -> None:
    heard: list[Trial] = []
    listener = Listener()
    spec = spec_of(trials=1, constraints=TIGHT)
    with Study.create(tmp_path / "s", spec, cost_of, heard.append) as study:
        run(study, measured, [listener])
    assert len(heard) >= 2
    assert not any(event.what == "rejected" for event in listener.events)


def test_a_broken_observer_is_logged_once_and_the_others_hear_all(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    listener = Listener()
    with Study.create(tmp_path / "s", spec_of(trials=3, constraints=TIGHT), cost_of) as study:
        assert run(study, measured, [Broken(), listener]) is Outcome.FINISHED
    assert [e.what for e in listener.events].count("done") == 3
    warnings = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "Broken failed and may miss trials" in warnings[0].getMessage()
    assert "the server is gone" in warnings[0].getMessage()


def test_a_stopped_trial_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = Study.report

    def stop_the_second(self: Study, trial: Trial, measurement: Measurement) -> Decision:
        report(self, trial, measurement)
        return Decision.STOP if trial.number == 1 and measurement.epoch == 2 else Decision.CONTINUE

    def obedient(trial: Trial, report):
        for measurement in measurements(trial):
            if report(measurement) is Decision.STOP:
                return result_of(trial, epochs=measurement.epoch)
        return result_of(trial)

    monkeypatch.setattr(Study, "report", stop_the_second)
    with Study.create(tmp_path / "s", spec_of(trials=3), cost_of) as study:
        run(study, obedient, [])
        assert [t.label for t in study.trials] == ["done", "stopped", "done"]
        assert study.trials[1].result is not None


class OutOfMemoryError(RuntimeError):
    """By the name of torch's."""


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (DivergedError(4, "the loss"), "DivergedError", "diverged in epoch 4"),
        (ValueError("boom"), "ValueError", "boom"),
        (ValueError(), "ValueError", "ValueError"),
        (MemoryError(), "MemoryError", "the machine ran out of memory: try smaller batches"),
        (OutOfMemoryError("CUDA"), "OutOfMemoryError", "the GPU ran out of memory: try smaller"),
        (RuntimeError("CUDA error: out of memory"), "OutOfMemoryError", "--set training.batch_si"),
    ],
)
def test_an_exception_fails_its_trial_only(tmp_path: Path, error, kind, words) -> None:
    def second_fails(trial: Trial, report):
        if trial.number == 1:
            raise error
        return measured(trial, report)

    with Study.create(tmp_path / "s", spec_of(trials=3), cost_of) as study:
        assert run(study, second_fails, []) is Outcome.FINISHED
        assert [t.label for t in study.trials] == ["done", "failed", "done"]
        failure = study.trials[1].failure
        assert failure is not None
        assert failure.kind == kind
        assert words in failure.message
        assert failure.epoch == (4 if kind == "DivergedError" else None)
        file = tmp_path / "s" / "trials" / "0001" / TRACEBACK_FILE
        assert file.exists() == (kind == "ValueError")
        if file.exists():
            assert "second_fails" in file.read_text()
            assert str(file) in failure.message


def test_a_traceback_that_cannot_be_written_costs_nothing_else(tmp_path: Path) -> None:
    def fails(trial: Trial, report):
        (tmp_path / "s" / "trials").write_text("a file where a folder should be")
        raise ValueError("boom")

    with Study.create(tmp_path / "s", spec_of(trials=1), cost_of) as study:
        run(study, fails, [])
        assert study.trials[0].failure is not None
        assert study.trials[0].failure.message == "boom"


class TestHopeless:
    def test_all_alike(self, tmp_path: Path) -> None:
        def broken(trial: Trial, report):
            raise ValueError(f"no such layer: block{trial.number}")

        with Study.create(tmp_path / "s", spec_of(trials=20), cost_of) as study:
            with pytest.raises(
                StudyError, match="5 trainings in a row failed in the same"
            ) as error:
                run(study, broken, [])
            assert "ValueError: no such layer: block4" in str(error.value)
            assert "--resume" in str(error.value)
            assert len(study.trials) == 5
            # The cause mended, the search goes on.
            assert run(study, measured, []) is Outcome.FINISHED
            assert [t.label for t in study.trials].count("done") == 15

    def test_not_where_one_succeeded(self, tmp_path: Path) -> None:
        def mostly(trial: Trial, report):
            if trial.number:
                raise ValueError("boom")
            return measured(trial, report)

        with Study.create(tmp_path / "s", spec_of(trials=9), cost_of) as study:
            assert run(study, mostly, []) is Outcome.FINISHED
        with Study.open(tmp_path / "s", cost_of, budget=spec_of(trials=15).budget) as study:
            assert run(study, mostly, []) is Outcome.FINISHED, "earlier runs count"

    def test_not_where_they_differ(self, tmp_path: Path) -> None:
        def variously(trial: Trial, report):
            raise (ValueError, KeyError)[trial.number % 2]("boom")

        with Study.create(tmp_path / "s", spec_of(trials=9), cost_of) as study:
            assert run(study, variously, []) is Outcome.FINISHED


def test_a_journal_that_cannot_be_written_is_no_failure_of_the_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StudyError("journal.log cannot be written to")

    with Study.create(tmp_path / "s", spec_of(trials=3), cost_of) as study:
        monkeypatch.setattr(study._journal, "measure", full)
        with pytest.raises(StudyError, match="cannot be written"):
            run(study, measured, [])
        assert [t.label for t in study.trials] == ["running"]
        monkeypatch.undo()
        assert run(study, measured, []) is Outcome.FINISHED
        assert [t.label for t in study.trials] == ["done"] * 3


def test_an_exhausted_space(tmp_path: Path) -> None:
    task = with_space('[a]\nchoices = ["x", "y"]\n')
    with Study.create(tmp_path / "s", spec_of(task=task), cost_of) as study:
        assert run(study, measured, []) is Outcome.EXHAUSTED
        assert len(study.trials) == 2


class TestSignals:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_during_a_training(self, tmp_path: Path, number: int) -> None:
        before = signal.getsignal(number)

        def interrupted(trial: Trial, report):
            if trial.number == 1:
                report(measurements(trial)[0])
                os.kill(os.getpid(), number)
                time.sleep(30)
            return measured(trial, report)

        listener = Listener()
        with Study.create(tmp_path / "s", spec_of(trials=3), cost_of) as study:
            assert run(study, interrupted, [listener]) is Outcome.INTERRUPTED
            assert signal.getsignal(number) is before
            assert [t.label for t in study.trials] == ["done", "running"]
            assert run(study, measured, []) is Outcome.FINISHED
            assert [t.label for t in study.trials] == ["done"] * 3

    def test_during_a_report_waits_for_its_end(self, tmp_path: Path) -> None:
        class Signalling(Listener):
            def trial_measured(self, trial: Trial, measurement: Measurement) -> None:
                if measurement.epoch == 2:
                    signal.raise_signal(signal.SIGINT)
                super().trial_measured(trial, measurement)

        listener = Signalling()
        with Study.create(tmp_path / "s", spec_of(trials=3), cost_of) as study:
            assert run(study, measured, [listener]) is Outcome.INTERRUPTED
        assert [e.what for e in listener.events] == [
            "started", "epoch 1", "epoch 2", "put back",
        ]  # fmt: skip

    def test_between_trials_keeps_the_finished_one(self, tmp_path: Path) -> None:
        class Signalling(Listener):
            def trial_finished(self, trial: Trial) -> None:
                signal.raise_signal(signal.SIGINT)
                super().trial_finished(trial)

        with Study.create(tmp_path / "s", spec_of(trials=3), cost_of) as study:
            assert run(study, measured, [Signalling()]) is Outcome.INTERRUPTED
            assert [t.label for t in study.trials] == ["done"]

    def test_before_a_training_does_not_wait_for_it(self, tmp_path: Path) -> None:
        class Signalling(Listener):
            def trial_started(self, trial: Trial) -> None:
                signal.raise_signal(signal.SIGINT)

        with Study.create(tmp_path / "s", spec_of(trials=3), cost_of) as study:
            assert run(study, lambda *_: pytest.fail("trained"), [Signalling()]) is (
                Outcome.INTERRUPTED
            )
            assert [t.label for t in study.trials] == ["running"]

    def test_one_that_a_training_swallows_ends_the_search_after_it(self, tmp_path: Path) -> None:
        def deaf(trial: Trial, report):
            with contextlib.suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
            return result_of(trial)

        with Study.create(tmp_path / "s", spec_of(trials=3), cost_of) as study:
            assert run(study, deaf, []) is Outcome.INTERRUPTED
            assert [t.label for t in study.trials] == ["done"]

    def test_while_a_config_is_being_chosen(self, tmp_path: Path) -> None:
        calls = []

        def slow_cost(config):
            calls.append(config)
            if len(calls) == 4:
                signal.raise_signal(signal.SIGINT)
                time.sleep(30)
            return cost_of(config)

        with Study.create(tmp_path / "s", spec_of(trials=9), slow_cost) as study:
            assert run(study, measured, []) is Outcome.INTERRUPTED
            assert all(t.label == "done" for t in study.trials)
            assert run(study, measured, []) is Outcome.FINISHED

    def test_a_second_one_does_not_wait(self, tmp_path: Path) -> None:
        def stubborn(trial: Trial, report):
            try:
                signal.raise_signal(signal.SIGINT)
            finally:
                # Cleaning up takes for ever, and the user has no patience.
                try:
                    signal.raise_signal(signal.SIGINT)
                    time.sleep(30)
                finally:
                    ended.append(True)

        ended: list[bool] = []
        begin = time.monotonic()
        with Study.create(tmp_path / "s", spec_of(trials=3), cost_of) as study:
            assert run(study, stubborn, []) is Outcome.INTERRUPTED
        assert ended
        assert time.monotonic() - begin < 20

    def test_in_another_thread_there_are_none(self, tmp_path: Path) -> None:
        before = signal.getsignal(signal.SIGINT)
        outcomes = []
        with Study.create(tmp_path / "s", spec_of(trials=2), cost_of) as study:
            thread = threading.Thread(target=lambda: outcomes.append(run(study, train, [])))
            thread.start()
            thread.join()
        assert outcomes == [Outcome.FINISHED]
        assert signal.getsignal(signal.SIGINT) is before

    def test_of_a_real_terminal(self, tmp_path: Path) -> None:
        script = textwrap.dedent(
            """
            import sys, time
            from pathlib import Path
            from toy_study import *
            from automed.executors.inline import run
            from automed.search.study import Study
            def slow(trial, report):
                for measurement in measurements(trial):
                    report(measurement)
                print("training", flush=True)
                time.sleep(60)
            study = Study.create(Path(sys.argv[1]), spec_of(trials=3), cost_of)
            print(run(study, slow, []).value, flush=True)
            """
        )
        folder = Path(__file__).resolve().parents[1] / "search"
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path / "s")],
            env=os.environ | {"PYTHONPATH": str(folder)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "training\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert out == "interrupted\n"
        assert err == ""
        assert process.returncode == 0
        with Study.open(tmp_path / "s", cost_of) as study:
            assert run(study, measured, []) is Outcome.FINISHED
