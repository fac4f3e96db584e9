"""Training a trial anew on another partition, and the one look at the test part."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from automed.domain.decision import Decision
from automed.domain.errors import DivergedError
from automed.domain.result import Failure, Result
from automed.pipeline.locked_score import read_locked, remove_models, score_locked
from automed.pipeline.retrain import as_new, outcome_of, retrain, retraining_job
from automed.training.part import Part


def heard(measurement):
    return Decision.CONTINUE


@pytest.fixture
def partition(job_of, tmp_path):
    """A job on another partition of the tiny data, with some images as its test part."""

    def make(kind, seed=1, artifact="weights"):
        job = job_of(kind, artifact=artifact)
        ids = [*job.split.train, *job.split.val]
        split = job.split.replace(
            train=tuple(ids[:24]), val=tuple(ids[24:36]), test=tuple(ids[36:]), seed=seed
        )
        return retraining_job(job, split, tmp_path / f"partition-{seed}")

    return make


@pytest.fixture
def rows_read(monkeypatch):
    """Which rows of the image cache were read."""
    seen: set[int] = set()
    batch, labels = Part.batch, Part.labels.fget

    def spied(self, picked, device):
        seen.update(int(row) for row in self.rows[picked])
        return batch(self, picked, device)

    def spied_labels(self):
        seen.update(map(int, self.rows))
        return labels(self)

    monkeypatch.setattr(Part, "batch", spied)
    monkeypatch.setattr(Part, "labels", property(spied_labels))
    return seen


@pytest.mark.parametrize("kind", ["segmentation", "multiclass", "classification"])
def test_a_model_is_trained_without_the_test_part_and_scored_on_it_once(
    kind, partition, trial_of, cache_of, rows_read
):
    job = partition(kind)
    trial = as_new(trial_of(kind), job)
    locked = set(map(int, cache_of(job).index(job.split.test)))
    result = retrain(trial, None, job, heard)
    assert isinstance(result, Result)
    assert len(rows_read) == 36
    assert not rows_read & locked

    rows_read.clear()
    score_locked(trial, job)
    assert locked <= rows_read
    score = read_locked(trial, job)
    assert len(score.outputs) == len(job.split.test)
    assert set(score.metrics) <= set(result.metrics)
    assert len(score.labels) == (len(locked) if kind == "classification" else 0)
    rows_read.clear()
    score_locked(trial, job)
    assert not rows_read


def test_all_trials_of_a_partition_share_its_seed(partition, trial_of):
    first, second = partition("segmentation"), partition("segmentation", seed=2)
    one, other = trial_of("segmentation", number=1, seed=3), trial_of("segmentation", number=2)
    assert as_new(one, first).seed == as_new(other, first).seed != as_new(one, second).seed
    assert as_new(one, first).config == one.config


def test_what_ended_is_not_trained_again(partition, trial_of):
    job = partition("segmentation")
    trial = as_new(trial_of("segmentation"), job)
    result = retrain(trial, None, job, heard)

    def never(measurement):
        raise AssertionError

    assert retrain(trial, None, job, never) == result
    score_locked(trial, job)
    remove_models(trial, job)
    assert not list(job.trial_folder(trial).glob("*.safetensors"))
    assert outcome_of(trial, job) == result
    assert retrain(trial, None, job, never) == result


def test_a_model_lost_before_it_was_scored_is_trained_again(partition, trial_of):
    job = partition("segmentation")
    trial = as_new(trial_of("segmentation"), job)
    result = retrain(trial, None, job, heard)
    remove_models(trial, job)
    assert outcome_of(trial, job) is None
    assert retrain(trial, None, job, heard).metrics == result.metrics


def test_an_interrupted_training_goes_on(partition, trial_of):
    job = partition("segmentation")
    trial = as_new(trial_of("segmentation"), job)
    whole = retrain(as_new(trial_of("segmentation", number=8), job), None, job, heard)

    def interrupted(measurement):
        if measurement.epoch == 2:
            raise KeyboardInterrupt
        return Decision.CONTINUE

    with pytest.raises(KeyboardInterrupt):
        retrain(trial, None, job, interrupted)
    assert outcome_of(trial, job) is None
    assert list(job.trial_folder(trial).glob("checkpoint*"))
    went_on = retrain(trial, None, job, heard)
    assert (went_on.metrics, went_on.epochs) == (whole.metrics, whole.epochs)


def test_a_config_that_cannot_be_trained_here_is_written_down(partition, trial_of):
    job = partition("segmentation")
    trial = as_new(trial_of("segmentation"), job)

    def diverges(measurement):
        raise DivergedError(measurement.epoch, "the loss")

    failure = retrain(trial, None, job, diverges)
    assert isinstance(failure, Failure)
    assert failure.kind == "DivergedError"
    assert retrain(trial, None, job, heard) == failure
    assert read_locked(trial, job) is None


@pytest.mark.parametrize("name", ["test.json", "test.npz"])
def test_a_damaged_score_counts_as_none(name, partition, trial_of):
    job = partition("classification")
    trial = as_new(trial_of("classification"), job)
    retrain(trial, None, job, heard)
    score_locked(trial, job)
    before = read_locked(trial, job)
    (Path(job.trial_folder(trial)) / name).write_bytes(b"torn")
    assert read_locked(trial, job) is None
    score_locked(trial, job)
    assert np.array_equal(read_locked(trial, job).outputs, before.outputs)
