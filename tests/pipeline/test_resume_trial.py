"""A result that a killed process left is taken over; anything less is trained anew."""

from __future__ import annotations

import pytest

from automed.domain.decision import Decision
from automed.pipeline.resume import resume_trial
from automed.pipeline.run import run_trial


def listen(heard):
    def report(measurement):
        heard.append(measurement)
        return Decision.CONTINUE

    return report


def test_a_result_on_disk_is_not_trained_again(job_of, trial_of):
    job, trial = job_of("segmentation"), trial_of("segmentation")
    first, second = [], []
    result = run_trial(trial, job, listen(first))
    weights = job.trial_folder(trial) / "weights.safetensors"
    written = weights.stat().st_mtime_ns
    assert resume_trial(trial, job, listen(second)) == result
    assert weights.stat().st_mtime_ns == written
    assert second == first


@pytest.mark.parametrize(
    ("name", "content"),
    [("result.json", b'{"metrics": {'), ("result.json", b""), ("history.jsonl", b"")],
)
def test_a_damaged_file_means_a_new_training(job_of, trial_of, name, content):
    job, trial = job_of("segmentation"), trial_of("segmentation")
    result = run_trial(trial, job, listen([]))
    (job.trial_folder(trial) / name).write_bytes(content)
    heard = []
    again = resume_trial(trial, job, listen(heard))
    assert again.metrics == result.metrics
    assert len(heard) == result.epochs


def test_a_result_of_another_split_is_not_taken_over(job_of, trial_of):
    job, trial = job_of("segmentation"), trial_of("segmentation")
    run_trial(trial, job, listen([]))
    ids = job.split.train[0]
    split = job.split.replace(train=job.split.train[1:], val=(*job.split.val, ids))
    other = resume_trial(trial, job.replace(split=split), listen([]))
    assert other.split_digest == split.digest
