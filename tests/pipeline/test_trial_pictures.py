"""What a trial keeps for its pictures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from automed.domain.decision import Decision
from automed.pipeline.preview import SHOWN, examples
from automed.pipeline.run import run_trial
from automed.training.metrics.roc import roc_auc


@given(hnp.arrays(np.float64, st.integers(1, 40), elements=st.floats(0, 1)))
def test_worst_median_and_best_come_first(dice):
    chosen = examples(dice)
    assert len(set(chosen)) == len(chosen) == min(len(dice), SHOWN)
    ordered = np.sort(dice)
    assert dice[chosen[0]] == ordered[0]
    if len(dice) >= 3:
        assert dice[chosen[1]] == ordered[(len(dice) - 1) // 2]
        assert dice[chosen[2]] == ordered[-1]


def test_a_preview_shows_what_the_best_epoch_predicted(job_of, trial_of, cache_of):
    job, trial = job_of("segmentation"), trial_of("segmentation")
    result = run_trial(trial, job, lambda m: Decision.CONTINUE)
    with np.load(job.trial_folder(trial) / "preview.npz", allow_pickle=False) as file:
        shown = {name: file[name] for name in file.files}
    assert shown["images"].shape == (8, 32, 48, 3)
    assert shown["masks"].shape == shown["probabilities"].shape == (8, 32, 48)
    kinds = {name: shown[name].dtype for name in ("images", "masks", "probabilities")}
    assert set(kinds.values()) == {np.dtype(np.uint8)}
    assert set(np.unique(shown["masks"])) <= {0, 1}
    assert shown["dice"][0] <= shown["dice"][1] <= shown["dice"][2]
    cache = cache_of(job)
    for name, image, mask, probability, dice in zip(
        shown["ids"], shown["images"], shown["masks"], shown["probabilities"], shown["dice"],
        strict=True,
    ):  # fmt: skip
        assert name in job.split.val
        row = cache.index([str(name)])[0]
        assert np.array_equal(image, cache.images[row])
        assert np.array_equal(mask, cache.targets[row])
        predicted = probability >= 128
        overlap = 2 * (predicted & (mask == 1)).sum() / (predicted.sum() + mask.sum())
        assert overlap == pytest.approx(dice, abs=0.02)  # batches differ: a pixel may tip over
    assert result.metrics["dice"] <= shown["dice"][2]
    truth = cache.targets[cache.index(job.split.val)]
    assert shown["scores"].sum(axis=1).tolist() == [(truth == 0).sum(), (truth == 1).sum()]
    assert roc_auc(shown["scores"]) == result.metrics["roc_auc"]


@pytest.mark.parametrize("kind", ["multiclass", "four channels"])
def test_a_preview_of_several_classes_holds_class_indices(job_of, trial_of, cache_of, kind):
    job, trial = job_of(kind), trial_of("multiclass")
    result = run_trial(trial, job, lambda m: Decision.CONTINUE)
    with np.load(job.trial_folder(trial) / "preview.npz", allow_pickle=False) as file:
        shown = {name: file[name] for name in file.files}
    channels = job.spec.task.channels
    assert set(shown) == {"ids", "images", "masks", "predictions", "dice", "confusion"}
    assert shown["images"].shape == (8, 32, 48, channels)
    assert shown["predictions"].shape == shown["masks"].shape == (8, 32, 48)
    assert shown["predictions"].dtype == shown["masks"].dtype == np.uint8
    assert set(np.unique(shown["masks"])) == {0, 1, 2}
    assert set(np.unique(shown["predictions"])) <= {0, 1, 2}
    cache = cache_of(job)
    truth = cache.targets[cache.index(job.split.val)]
    assert shown["confusion"].sum(axis=1).tolist() == np.bincount(truth.ravel()).tolist()
    accuracy = shown["confusion"].trace() / shown["confusion"].sum()
    assert accuracy == pytest.approx(result.metrics["accuracy"])
    rows = cache.index([str(name) for name in shown["ids"]])
    assert np.array_equal(shown["images"], cache.images[rows])
    assert np.array_equal(shown["masks"], cache.targets[rows])
    for mask, prediction, dice in zip(
        shown["masks"], shown["predictions"], shown["dice"], strict=True
    ):
        each = [
            2 * ((mask == i) & (prediction == i)).sum() / ((mask == i).sum() + found)
            for i in (1, 2)
            if (found := (prediction == i).sum()) + (mask == i).any()
        ]
        assert np.mean(each) == pytest.approx(dice, abs=0.02)  # batches differ: a pixel may tip


def test_predictions_cover_the_whole_validation_part(job_of, trial_of):
    job, trial = job_of("classification"), trial_of("classification")
    result = run_trial(trial, job, lambda m: Decision.CONTINUE)
    with np.load(job.trial_folder(trial) / "predictions.npz", allow_pickle=False) as file:
        ids, labels, probabilities = (file[n] for n in ("ids", "labels", "probabilities"))
    assert tuple(ids) == job.split.val
    assert labels.dtype == np.int64
    assert probabilities.dtype == np.float32
    assert labels.tolist() == [int(name[1:]) % 2 for name in ids]
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
    accuracy = (probabilities.argmax(1) == labels).mean()
    assert accuracy == pytest.approx(result.metrics["accuracy"])
