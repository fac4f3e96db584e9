"""A trial that was interrupted or killed goes on, and ends as if nothing had happened."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from automed.domain.decision import Decision
from automed.domain.errors import DivergedError
from automed.domain.history import read_history
from automed.pipeline import parent as parent_module
from automed.pipeline.folder import write_result
from automed.pipeline.job import Job
from automed.pipeline.resume import resume_trial
from automed.pipeline.run import run_trial
from automed.training import checkpoint as checkpoint_module
from automed.training.trainer import Trainer

CHECKPOINT = "checkpoint.safetensors"
EPOCHS = 8

TRAINS = """
import os, signal, sys
import torch
from automed.domain.decision import Decision
from automed.domain.trial import Trial
from automed.pipeline.job import Job
from automed.pipeline.resume import resume_trial
from automed.training import checkpoint
from automed.training.trainer import Trainer

told, steps, step = [], [], Trainer._step

def report(measurement):
    told.append(measurement.epoch)
    return Decision.CONTINUE

def dying(self, images, targets):
    loss = step(self, images, targets)
    if len(told) + 1 == int(sys.argv[4]):
        steps.append(loss)
    if len(steps) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return loss

torch.set_num_threads(1)
checkpoint.EVERY, checkpoint.TIMES, Trainer._step = float(sys.argv[3]), 0.0, dying
job, trial = Job.model_validate_json(sys.argv[1]), Trial.model_validate_json(sys.argv[2])
resume_trial(trial, job, report)
"""


@pytest.fixture(autouse=True)
def one_thread():
    """Tensors as small as these gain nothing from several, which wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def go_on(measurement):
    return Decision.CONTINUE


def longer(job: Job) -> Job:
    task = job.spec.task
    training = task.training.replace(epochs=EPOCHS)
    return job.replace(spec=job.spec.replace(task=task.replace(training=training)))


def killed_in(job, trial, epoch, every):
    """Train in a process of its own, which is killed in the second step of an epoch."""
    command = [sys.executable, "-c", TRAINS, job.model_dump_json(), trial.model_dump_json(),
               str(every), str(epoch)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


def left(job, trial):
    """Everything that a trial leaves and that does not tell the time."""
    folder = job.trial_folder(trial)
    history = read_history(folder / "history.jsonl")
    return {
        "files": sorted(p.name for p in folder.iterdir()),
        "weights": (folder / "weights.safetensors").read_bytes(),
        "history": [(m.epoch, m.metrics) for m in history],
    }


@pytest.mark.parametrize(
    "kind", ["segmentation", pytest.param("classification", marks=pytest.mark.thorough)]
)
def test_kill_nine_costs_no_number(job_of, trial_of, kind, monkeypatch):
    job, trial, twin = longer(job_of(kind)), trial_of(kind), trial_of(kind, number=8)
    whole = run_trial(twin, job, go_on)
    killed_in(job, trial, 3, every=0)
    killed_in(job, trial, 6, every=0)
    trained, heard = [], []
    train = Trainer.train

    def counted(self, epoch):
        trained.append(epoch)
        return train(self, epoch)

    monkeypatch.setattr(Trainer, "train", counted)
    result = resume_trial(trial, job, lambda m: heard.append(m) or Decision.CONTINUE)
    assert trained == [6, 7, 8]
    assert [m.epoch for m in heard] == list(range(1, EPOCHS + 1))
    assert left(job, trial) == left(job, twin)
    assert tuple(heard) == read_history(job.trial_folder(trial) / "history.jsonl")
    same = {"seconds": whole.seconds, "weights": whole.weights}
    assert result.replace(**same) == whole
    assert result.seconds > heard[-1].seconds


def test_killed_before_the_first_checkpoint_it_begins_anew(job_of, trial_of):
    job, trial = job_of("segmentation"), trial_of("segmentation")
    killed_in(longer(job), trial, 3, every=1e9)
    folder = job.trial_folder(trial)
    assert not (folder / CHECKPOINT).exists()
    (folder / f".4711.{CHECKPOINT}").write_bytes(b"half")  # as a kill while writing leaves it
    (folder / ".tmpAbCdEf").write_bytes(b"half")
    resume_trial(trial, job, go_on)
    twin = trial_of("segmentation", number=8)
    run_trial(twin, job, go_on)
    assert left(job, trial) == left(job, twin)


class Aside(BaseException):
    """What an executor raises to put a training aside."""


def put_aside(job, trial, epoch):
    def report(measurement):
        if measurement.epoch == epoch:
            raise Aside
        return Decision.CONTINUE

    with pytest.raises(Aside):
        run_trial(trial, job, report)
    folder = job.trial_folder(trial)
    assert (folder / CHECKPOINT).exists()
    assert not (folder / "result.json").exists()
    return folder


def gone(history):
    history.unlink()


def torn(history):
    history.write_bytes(history.read_bytes()[:-20])


def behind(history):
    history.write_text(history.read_text().splitlines(keepends=True)[0])


def ahead(history):
    lines = history.read_text().splitlines(keepends=True)
    history.write_text("".join([*lines, lines[-1].replace('"epoch":2', '"epoch":3')]))


@pytest.mark.parametrize("change", [gone, torn, behind, ahead])
def test_the_history_is_whole_whichever_file_was_written_last(job_of, trial_of, change):
    job, trial, twin = (job_of("classification"), trial_of("classification"),
                        trial_of("classification", number=8))  # fmt: skip
    run_trial(twin, job, go_on)
    change(put_aside(job, trial, 2) / "history.jsonl")
    resume_trial(trial, job, go_on)
    assert left(job, trial) == left(job, twin)


@pytest.mark.parametrize("change", ["seed", "config", "split"])
def test_the_checkpoint_of_another_trial_is_not_used(job_of, trial_of, change, caplog):
    job, trial = job_of("classification"), trial_of("classification")
    put_aside(job, trial, 2)
    if change == "seed":
        trial = trial_of("classification", seed=6)
    elif change == "config":  # nothing that the shapes of the weights would tell
        trial = trial_of("classification", model__dropout=0.3)
    else:
        first, *rest = job.split.train
        job = job.replace(split=job.split.replace(train=(*rest, first)))
    resume_trial(trial, job, go_on)
    assert "another training" in caplog.text
    twin = trial.replace(number=8)
    run_trial(twin, job, go_on)
    assert left(job, trial) == left(job, twin)


def test_a_stopped_training_is_not_exported(job_of, trial_of, monkeypatch):
    job, trial = job_of("segmentation", artifact="onnx"), trial_of("segmentation")
    monkeypatch.delattr(parent_module, "export_trained")
    result = run_trial(trial, job, lambda m: Decision.STOP if m.epoch == 2 else Decision.CONTINUE)
    assert (result.artifact, result.parity, result.cost.latency) == (None, None, None)
    assert result.epochs == 2
    assert result.weights is not None
    assert left(job, trial)["files"] == [
        CHECKPOINT, "history.jsonl", "preview.npz", "result.json", "weights.safetensors",
    ]  # fmt: skip
    assert resume_trial(trial, job, go_on) == result


def test_a_stop_that_comes_after_the_interrupt_is_kept(job_of, trial_of):
    job, trial, twin = (job_of("classification"), trial_of("classification"),
                        trial_of("classification", number=8))  # fmt: skip

    def stop(measurement):
        return Decision.STOP if measurement.epoch == 1 else Decision.CONTINUE

    run_trial(twin, job, stop)
    put_aside(job, trial, 2)
    assert resume_trial(trial, job, stop).epochs == 1
    assert left(job, trial) == left(job, twin)


def test_a_training_that_fails_leaves_no_checkpoint(job_of, trial_of, monkeypatch):
    monkeypatch.setattr(checkpoint_module, "EVERY", 0.0)
    monkeypatch.setattr(checkpoint_module, "TIMES", 0.0)
    job, trial = job_of("classification"), trial_of("classification")
    train = Trainer.train

    def failing(self, epoch):
        if epoch == 3:
            assert (job.trial_folder(trial) / CHECKPOINT).exists()
            raise DivergedError(epoch, "a weight")
        return train(self, epoch)

    monkeypatch.setattr(Trainer, "train", failing)
    with pytest.raises(DivergedError):
        run_trial(trial, job, go_on)
    assert {p.name for p in job.trial_folder(trial).iterdir()} == {"history.jsonl"}


def test_a_kill_between_result_and_checkpoint_leaves_nothing_behind(job_of, trial_of):
    job, trial = job_of("classification"), trial_of("classification")
    folder = put_aside(job, trial, 2)
    kept = (folder / CHECKPOINT).read_bytes()
    result = run_trial(trial, job, go_on)
    assert not (folder / CHECKPOINT).exists()
    (folder / CHECKPOINT).write_bytes(kept)
    assert resume_trial(trial, job, go_on) == result
    assert not (folder / CHECKPOINT).exists()


def test_an_exported_trial_needs_no_checkpoint_any_more(job_of, trial_of, tmp_path):
    job, trial = job_of("classification"), trial_of("classification")
    folder = put_aside(job, trial, 2)
    result = run_trial(trial, job.replace(folder=str(tmp_path / "other")), go_on)
    write_result(result, folder, "trained.json")
    assert not Path(folder, CHECKPOINT).exists()
