"""ROC curves from what trials leave."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from automed.analysis.front_files import write_front
from automed.analysis.palette import SERIES
from automed.analysis.roc import Roc, roc_of_trial, write_roc
from automed.domain.budget import Budget
from automed.domain.front import front_of
from automed.domain.study_spec import DataRef, StudySpec
from automed.registry.tasks import load_task
from automed.training.metrics.classification import classification_metrics
from automed.training.metrics.roc import roc_auc
from automed.training.metrics.scores import count_scores


def write_scores(folder, shift=2.0, seed=0):
    folder.mkdir(parents=True, exist_ok=True)
    source = torch.Generator().manual_seed(seed)
    truth = torch.rand((2, 1, 30, 30), generator=source) < 0.2
    logits = torch.randn(truth.shape, generator=source) + shift * truth
    scores = count_scores(logits, truth).numpy()
    np.savez(folder / "preview.npz", scores=scores)
    return scores, logits, truth


def write_probabilities(folder, classes, labels=None):
    folder.mkdir(parents=True, exist_ok=True)
    source = np.random.default_rng(classes)
    labels = np.arange(30) % classes if labels is None else labels
    scores = source.random((len(labels), classes)) + 0.3 * np.eye(classes)[labels]
    probabilities = (scores / scores.sum(1, keepdims=True)).astype(np.float32)
    np.savez(folder / "predictions.npz", labels=labels, probabilities=probabilities)
    return labels, probabilities


def test_the_curve_of_a_segmentation_is_that_of_its_pixels(tmp_path):
    scores, logits, truth = write_scores(tmp_path)
    roc = roc_of_trial(tmp_path, "trial 3")
    assert roc.area == roc_auc(scores)
    assert roc.area == pytest.approx(roc_auc_score(truth.ravel(), logits.ravel()), abs=5e-3)
    found = logits >= 0
    assert roc.threshold == (
        pytest.approx(float(found[~truth].float().mean())),
        pytest.approx(float(found[truth].float().mean())),
    )
    false, true = roc.curve
    assert np.interp(roc.threshold[0], false, true) == pytest.approx(roc.threshold[1])


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_the_area_of_a_classification_is_its_metric(tmp_path, classes):
    labels, probabilities = write_probabilities(tmp_path, classes)
    roc = roc_of_trial(tmp_path, "trial 3")
    names = [str(i) for i in range(classes)]
    assert roc.area == pytest.approx(
        classification_metrics(labels, probabilities, names)["roc_auc"]
    )
    for rates in roc.curve:
        assert (rates[0], rates[-1]) == (0, 1)
        assert (np.diff(rates) >= 0).all()
    drawn = np.trapezoid(roc.curve[1], roc.curve[0])
    assert drawn == pytest.approx(roc.area, abs=0.03)


def test_folders_without_a_curve(tmp_path):
    assert roc_of_trial(tmp_path / "missing", "") is None
    write_probabilities(tmp_path / "one", 2, np.zeros(4, np.int64))
    assert roc_of_trial(tmp_path / "one", "") is None
    write_scores(tmp_path / "torn")
    path = tmp_path / "torn" / "preview.npz"
    path.write_bytes(path.read_bytes()[:200])
    assert roc_of_trial(tmp_path / "torn", "") is None
    np.savez(tmp_path / "preview.npz", scores=np.array([[3, 4], [0, 0]]))
    assert roc_of_trial(tmp_path, "") is None, "no foreground"
    np.savez(tmp_path / "preview.npz", confusion=np.eye(3))
    assert roc_of_trial(tmp_path, "") is None, "several classes"


def rgb(colour):
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def test_several_trials_share_a_plot_up_to_as_many_as_there_are_colours(tmp_path, pixels):
    rates = np.linspace(0, 1, 50)
    curves = [(rates, rates ** (1 / n)) for n in range(2, 12)]
    rocs = [Roc(f"trial {n} " + "x=1 " * 60, c, 0.5, (0.5, 0.5)) for n, c in enumerate(curves)]
    three = pixels(write_roc(rocs[:3], tmp_path / "three.png", "title"))
    all_of_them = pixels(write_roc(rocs, tmp_path / "new" / "all.png", "title " * 30))
    for colour in SERIES[:3]:
        assert (three == rgb(colour)).all(axis=2).sum() > 300
    assert not (three == rgb(SERIES[4])).all(axis=2).any()
    for colour in SERIES:
        assert (all_of_them == rgb(colour)).all(axis=2).sum() > 300
    assert all_of_them.shape[1] == three.shape[1]


def test_no_curve_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="no ROC curve"):
        write_roc([], tmp_path / "roc.png", "title")


def test_the_curves_of_the_fronts_trials_lie_beside_it(tmp_path, trial, objectives):
    task = load_task("polyp")
    spec = StudySpec(
        name="polyp-1", task=task, data=DataRef(name="demo", path="/d", digest="d"),
        split_digest="s", budget=Budget(trials=3), version="0",
    )  # fmt: skip
    trials = [trial(0, dice=0.7, gmacs=1), trial(1, dice=0.8, gmacs=2), trial(2, dice=0.6, gmacs=3)]
    front = front_of(trials, objectives)
    study, output = tmp_path / "study", tmp_path / "elsewhere"
    write_scores(study / "trials" / "0002")
    assert "roc.png" not in [p.name for p in write_front(spec, trials, front, output, study)], (
        "the front is 0 and 1"
    )
    write_scores(study / "trials" / "0001")
    written = write_front(spec, trials, front, output, study)
    assert written[-1] == output / "roc.png"
    assert written[-1].read_bytes().startswith(b"\x89PNG")
    assert not (study / "roc.png").exists()
    assert write_front(spec, trials, front, study)[-1] == study / "roc.png"
