"""Trainings of the toy study that may travel to another process.

Where they leave notes for a test is said by the variable ``NOTES``, a folder; who runs the search
by ``DRIVER``, its process id.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from toy_study import measurements, result_of, train

from automed.domain.decision import Decision
from automed.domain.errors import StudyError
from automed.domain.result import Result
from automed.domain.trial import Trial


def notes() -> Path:
    return Path(os.environ["NOTES"])


def note(name: str, text: str = "") -> bool:
    """Add a line to a note; whether it is the first one."""
    file = notes() / name
    first = not file.exists()
    with file.open("a") as opened:
        opened.write(f"{text}\n")
    return first


def in_environment(
    trial: Trial, report: Any, *, run_trial: Any, environment: dict[str, str]
) -> Result:
    """For workers that were started before a test set variables for its trainings."""
    os.environ.update(environment)
    return run_trial(trial, report)


def sound(trial: Trial, report: Any) -> Result:
    for measurement in measurements(trial):
        report(measurement)
    return result_of(trial)


def obedient(trial: Trial, report: Any) -> Result:
    for measurement in measurements(trial):
        if report(measurement) is Decision.STOP:
            return result_of(trial).replace(epochs=measurement.epoch)
    return result_of(trial)


def slow(trial: Trial, report: Any) -> Result:
    """Trials take turns to be the slower one: they end in another order than they began."""
    note("trained", str(trial.number))
    for measurement in measurements(trial, int(os.environ.get("EPOCHS", "3"))):
        time.sleep(0.02 * (1 + trial.number % 3))
        if report(measurement) is Decision.STOP:
            return result_of(trial).replace(epochs=measurement.epoch)
    note("ended", str(trial.number))
    return result_of(trial)


def one_raises(trial: Trial, report: Any) -> Result:
    if trial.number == 2:
        raise RuntimeError("a layer is missing")
    return sound(trial, report)


def one_is_nan(trial: Trial, report: Any) -> Result:
    result = sound(trial, report)
    return result.replace(metrics={"dice": math.nan}) if trial.number == 2 else result


def all_raise(trial: Trial, report: Any) -> Result:
    raise RuntimeError("no model can be built here")


def breaks_the_study(trial: Trial, report: Any) -> Result:
    raise StudyError("the folder is gone", hint="restore it")


def interrupted(trial: Trial, report: Any) -> Result:
    """Trial 3 asks for the end of the search, once."""
    if trial.number == 3 and not os.environ.get("RESUMED"):
        report(measurements(trial)[0])
        os.kill(int(os.environ["DRIVER"]), getattr(signal, os.environ.get("BY", "SIGINT")))
        time.sleep(60)
    return train(trial, report)


def waits_for_another(trial: Trial, report: Any) -> Result:
    """Ends when another trial has begun: never, where one comes after the other."""
    note(f"begun-{trial.number}")
    deadline = time.monotonic() + 60
    while len(list(notes().glob("begun-*"))) < 2:
        assert time.monotonic() < deadline, "no other trial runs"
        time.sleep(0.01)
    return sound(trial, report)


def killed_once(trial: Trial, report: Any) -> Result:
    if trial.number == 1 and note("killed"):
        report(measurements(trial)[0])
        os.kill(os.getpid(), signal.SIGKILL)
    return sound(trial, report)


def killed_now_and_then(trial: Trial, report: Any) -> Result:
    """Every third trial's worker is killed once, after an epoch more each time."""
    epochs = int(os.environ.get("EPOCHS", "3"))
    dies = trial.number % 3 == 0 and note(f"killed-{trial.number}")
    for measurement in measurements(trial, epochs):
        time.sleep(0.01 * (1 + trial.number % 2))
        if report(measurement) is Decision.STOP:
            return result_of(trial).replace(epochs=measurement.epoch)
        if dies and measurement.epoch == 1 + trial.number // 3 % epochs:
            os.kill(os.getpid(), signal.SIGKILL)
    return result_of(trial)


def killed_always(trial: Trial, report: Any) -> Result:
    if trial.number == 1:
        note("killed")
        report(measurements(trial)[0])
        os.kill(os.getpid(), getattr(signal, os.environ["BY"]))
    return sound(trial, report)


def exits(trial: Trial, report: Any) -> Result:
    print("I have had enough", flush=True)  # noqa: T201 - goes into the worker's log
    sys.exit(3)


def waits_for_ever(trial: Trial, report: Any) -> Result:
    report(measurements(trial)[0])
    note(f"pid-{os.getpid()}")
    time.sleep(600)
    raise AssertionError("it was left alone")


def cleans_up_for_ever(trial: Trial, report: Any) -> Result:
    note(f"pid-{os.getpid()}")
    while True:
        with contextlib.suppress(BaseException):
            time.sleep(600)


def writes_a_draft(trial: Trial, report: Any) -> Result:
    draft = notes() / "draft"
    try:
        draft.touch()
        return waits_for_ever(trial, report)
    finally:
        draft.unlink()
        note("cleaned up")


def notes_its_surroundings(trial: Trial, report: Any) -> Result:
    note("threads", os.environ.get("OMP_NUM_THREADS", ""))
    note("gpus", os.environ.get("CUDA_VISIBLE_DEVICES", ""))
    note("pids", str(os.getpid()))
    return sound(trial, report)


def computes_for_ever(trial: Trial, report: Any) -> Result:
    """Never sleeps, nor waits for anything."""
    report(measurements(trial)[0])
    note(f"pid-{os.getpid()}")
    number = 1.0
    while number:
        number = math.sqrt(number + 1)
    raise AssertionError("it was left alone")


def counts_the_others(trial: Trial, report: Any) -> Result:
    """Notes how many trials are trained at this moment, this one included."""
    here = notes() / f"here-{trial.number}"
    here.touch()
    time.sleep(0.3)
    note("together", str(len(list(notes().glob("here-*")))))
    result = sound(trial, report)
    here.unlink()
    return result
