"""A trial that takes up the training that a stopper had ended."""

from __future__ import annotations

import os

import pytest

from automed.domain.decision import Decision
from automed.domain.history import read_history
from automed.pipeline.kept_checkpoints import trim
from automed.pipeline.resume import resume_trial
from automed.pipeline.run import run_trial
from automed.training.trainer import Trainer

CHECKPOINT = "checkpoint.safetensors"
EPOCHS = 8


def go_on(measurement):
    return Decision.CONTINUE


def longer(job):
    task = job.spec.task
    training = task.training.replace(epochs=EPOCHS)
    return job.replace(spec=job.spec.replace(task=task.replace(training=training)))


def left(job, trial):
    """Everything that a trial leaves and that does not tell the time."""
    folder = job.trial_folder(trial)
    return {
        "files": sorted(p.name for p in folder.iterdir()),
        "weights": (folder / "weights.safetensors").read_bytes(),
        "history": [(m.epoch, m.metrics) for m in read_history(folder / "history.jsonl")],
    }


@pytest.fixture
def trained(monkeypatch):
    """The epochs that were really trained."""
    epochs, train = [], Trainer.train

    def counted(self, epoch):
        epochs.append(epoch)
        return train(self, epoch)

    monkeypatch.setattr(Trainer, "train", counted)
    return epochs


def stopped(job, trial, epoch):
    def report(measurement):
        return Decision.STOP if measurement.epoch == epoch else Decision.CONTINUE

    return resume_trial(trial, job, report)


@pytest.mark.parametrize("kind", ["segmentation", "classification"])
def test_it_goes_on_where_the_stopped_one_ended_with_the_same_numbers(
    job_of, trial_of, kind, trained
):
    job, first, twin = longer(job_of(kind)), trial_of(kind), trial_of(kind, number=8)
    run_trial(twin, job, go_on)
    trained.clear()
    assert stopped(job, first, 3).epochs == 3
    second = trial_of(kind, number=9).replace(continues=first.number)
    heard = []
    result = resume_trial(second, job, lambda m: heard.append(m.epoch) or Decision.CONTINUE)
    assert trained == list(range(1, EPOCHS + 1))
    assert heard == list(range(1, EPOCHS + 1))
    assert result.epochs == EPOCHS
    assert left(job, second) == left(job, twin)
    assert (job.trial_folder(first) / "result.json").exists()
    assert not (job.trial_folder(first) / CHECKPOINT).exists()


def test_without_the_checkpoint_it_begins_anew_and_comes_to_the_same(job_of, trial_of, trained):
    job, first, twin = job_of("classification"), trial_of("classification"), trial_of(
        "classification", number=8
    )  # fmt: skip
    run_trial(twin, job, go_on)
    stopped(job, first, 2)
    (job.trial_folder(first) / CHECKPOINT).unlink()
    trained.clear()
    second = trial_of("classification", number=9).replace(continues=first.number)
    resume_trial(second, job, go_on)
    assert trained[0] == 1
    assert left(job, second) == left(job, twin)


def test_it_can_be_stopped_and_taken_up_again(job_of, trial_of, trained):
    job, first = longer(job_of("classification")), trial_of("classification")
    stopped(job, first, 2)
    second = trial_of("classification", number=9).replace(continues=first.number)
    assert stopped(job, second, 5).epochs == 5
    third = trial_of("classification", number=10).replace(continues=second.number)
    assert resume_trial(third, job, go_on).epochs == EPOCHS
    assert trained == list(range(1, EPOCHS + 1))


def test_the_newest_checkpoints_are_kept_within_bounds(job_of, trial_of):
    job = job_of("classification")
    folders = []
    for number in (3, 4, 5):
        trial = trial_of("classification", number=number)
        stopped(job, trial, 1)
        folders.append(job.trial_folder(trial))
        os.utime(folders[-1] / CHECKPOINT, (number, number))
    size = (folders[0] / CHECKPOINT).stat().st_size
    running = job.folder_of(6)
    running.mkdir(parents=True)
    (running / CHECKPOINT).write_bytes(b"in use")
    os.utime(running / CHECKPOINT, (1, 1))
    trim(job, most=int(2.5 * size))
    assert [(f / CHECKPOINT).exists() for f in (*folders, running)] == [False, True, True, True]
