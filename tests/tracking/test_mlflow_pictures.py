"""What MLflow shows of predictions: figures of each class, overlays, ROC curves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from automed.api.tracking import open_tracker
from automed.domain.measurement import Measurement
from automed.domain.workspace import Workspace

SCORES = np.array([[50, 9, 1, 0], [0, 2, 8, 10]])


def write_preview(folder, **arrays):
    folder.mkdir(parents=True, exist_ok=True)
    masks = np.zeros((2, 16, 16), np.uint8)
    masks[:, 4:12, 4:12] = 1
    np.savez(
        folder / "preview.npz", ids=np.array(["a", "b"]), masks=masks, dice=np.ones(2),
        images=np.full((2, 16, 16, 3), 90, np.uint8), **arrays,
    )  # fmt: skip


def run(kit, number, **metrics):
    """One trial with these metrics at each epoch."""
    kit.history = lambda _, epochs=4: [
        Measurement(epoch=e, metrics={"train_loss": 1.0, **metrics}, seconds=e)
        for e in range(1, epochs + 1)
    ]
    tracker = open_tracker(kit.spec, kit.folder, Workspace(kit.workspace))
    kit.run(tracker, number)
    assert tracker.close("finished") == 0
    assert tracker.reason == ""


def test_a_binary_segmentation_shows_its_roc_curve_and_the_fronts(kit, seen):
    probabilities = np.full((2, 16, 16), 200, np.uint8)
    write_preview(kit.folder / "trials" / "0000", probabilities=probabilities, scores=SCORES)
    run(kit, 0, dice=0.8, roc_auc=0.97)
    shown = seen(kit.uri)
    trial = shown.trials()[0]
    assert {"overlays.png", "roc.png", "curves.png"} <= set(shown.files(trial))
    assert shown.curve(trial, "roc_auc") == [(e, 0.97) for e in range(1, 5)]
    assert trial.data.metrics["best_roc_auc"] == 0.97
    study = shown.study()
    assert {"front.png", "roc.png", "space.html"} <= set(shown.files(study))
    path = shown.client.download_artifacts(study.info.run_id, "space.html")
    told = Path(path).read_text()
    assert "Not drawn" in told, "there is no journal to draw it from; the others are there"
    assert "automed sync polyp-1" in told


def test_several_classes_show_their_figures_and_errors(kit, seen):
    kit.classes = ("cytoplasm", "nucleus")
    predictions = np.ones((2, 16, 16), np.uint8)
    confusion = np.array([[300, 84, 0], [0, 128, 0], [0, 0, 0]])
    write_preview(kit.folder / "trials" / "0000", predictions=predictions, confusion=confusion)
    run(kit, 0, dice=0.7, dice_cytoplasm=0.6, dice_nucleus=0.8)
    shown = seen(kit.uri)
    trial = shown.trials()[0]
    assert {"overlays.png", "confusion.png", "curves.png"} <= set(shown.files(trial))
    assert "roc.png" not in shown.files(trial)
    assert "roc.png" not in shown.files(shown.study())
    assert shown.curve(trial, "dice_nucleus")[-1] == (4, 0.8)
    assert trial.data.metrics["best_dice_cytoplasm"] == pytest.approx(0.6)
    assert "pictures" not in trial.data.tags, "everything could be drawn"
