"""What is drawn of a trial's folder, whole or damaged."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from automed.analysis.confusion import write_confusion
from automed.analysis.curves import write_curves
from automed.analysis.pictures import render
from automed.domain.measurement import Measurement


def _history(epochs, **metrics):
    return [
        Measurement(epoch=e, metrics={k: v / e for k, v in metrics.items()}, seconds=e)
        for e in range(1, epochs + 1)
    ]


def _write_history(folder, epochs=3):
    lines = [m.model_dump_json() for m in _history(epochs, train_loss=1, loss=2, dice=0.5)]
    (folder / "history.jsonl").write_text("\n".join(lines) + "\n")


def _write_preview(folder, count=3):
    rng = np.random.default_rng(0)
    masks = rng.integers(0, 2, (count, 16, 24), dtype=np.uint8)
    np.savez(
        folder / "preview.npz", ids=np.array([f"image {i}" for i in range(count)]),
        images=rng.integers(0, 255, (count, 16, 24, 3), dtype=np.uint8), masks=masks,
        probabilities=masks * 200, dice=np.ones(count, dtype=np.float32),
        scores=np.array([[5, 3, 1, 0], [0, 1, 2, 4]]),
    )  # fmt: skip


def _write_class_preview(folder, count=3, classes=2, channels=3):
    rng = np.random.default_rng(0)
    masks, predictions = rng.integers(0, 1 + classes, (2, count, 16, 24), dtype=np.uint8)
    np.savez(
        folder / "preview.npz", ids=np.array([f"image {i}" for i in range(count)]),
        images=rng.integers(0, 255, (count, 16, 24, channels), dtype=np.uint8), masks=masks,
        predictions=predictions, dice=np.ones(count),
        confusion=confusion_matrix(masks.ravel(), predictions.ravel()) * 50_000,
    )  # fmt: skip


def _write_predictions(folder, count=20, classes=4):
    rng = np.random.default_rng(0)
    np.savez(
        folder / "predictions.npz", ids=np.array([f"image {i}" for i in range(count)]),
        labels=rng.integers(0, classes, count), probabilities=rng.random((count, classes)),
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "0007"
    path.mkdir()
    return path


def test_a_segmentation_gets_overlays_and_curves(folder):
    _write_history(folder)
    _write_preview(folder)
    paths = render(folder, ("polyp",))
    assert [p.name for p in paths] == ["overlays.png", "roc.png", "curves.png"]
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in paths)
    assert not list(folder.glob(".*")), "no unfinished file is left"


def test_a_classification_gets_a_confusion_matrix_and_curves(folder):
    _write_history(folder)
    _write_predictions(folder)
    paths = render(folder, ("Benign", "Early", "Pre", "Pro"))
    assert [p.name for p in paths] == ["confusion.png", "roc.png", "curves.png"]
    assert [p.name for p in render(folder, ())] == ["confusion.png", "roc.png", "curves.png"]


@pytest.mark.parametrize("channels", [3, 4])
def test_masks_of_several_classes_get_overlays_a_confusion_matrix_and_curves(folder, channels):
    _write_history(folder)
    _write_class_preview(folder, channels=channels)
    expected = ["overlays.png", "confusion.png", "curves.png"]
    assert [p.name for p in render(folder, ("cytoplasm", "nucleus"))] == expected
    assert [p.name for p in render(folder, ())] == expected


def test_the_preview_of_an_older_version_still_gets_its_overlays(folder):
    _write_preview(folder)
    with np.load(folder / "preview.npz") as file:
        kept = {name: file[name] for name in file.files if name != "scores"}
    np.savez(folder / "preview.npz", **kept)
    assert [p.name for p in render(folder, ("polyp",))] == ["overlays.png"]


def test_an_empty_folder_gets_nothing(folder):
    assert render(folder, ("polyp",)) == []
    assert render(folder / "missing", ("polyp",)) == []


@pytest.mark.parametrize("kept", [0, 10, 100, 400])
def test_torn_files_are_left_out(folder, kept):
    _write_history(folder)
    _write_preview(folder)
    for name in ("preview.npz", "history.jsonl"):
        path = folder / name
        path.write_bytes(path.read_bytes()[:kept])
    names = [p.name for p in render(folder, ("polyp",))]
    assert "overlays.png" not in names
    assert ("curves.png" in names) == (kept >= 100)


def test_another_file_in_the_place_of_the_preview_is_left_out(folder):
    np.savez(folder / "preview.npz", something=np.zeros(3))
    (folder / "predictions.npz").write_bytes(b"no archive")
    assert render(folder, ("polyp",)) == []


def test_the_preview_is_never_unpickled(folder):
    np.savez(folder / "predictions.npz", labels=np.array([object()]), probabilities=np.zeros(1))
    assert render(folder, ()) == []


def test_the_best_epoch_comes_from_the_result(folder, trial, pixels):
    _write_history(folder, epochs=5)
    render(folder, ("polyp",))
    without = pixels(folder / "curves.png")
    (folder / "result.json").write_text(trial(7).result.model_dump_json())
    render(folder, ("polyp",))
    assert (pixels(folder / "curves.png") != without).any()


@pytest.mark.parametrize("epochs", [1, 2, 200])
def test_curves_of_any_length(tmp_path, epochs):
    history = _history(epochs, train_loss=1, loss=1, dice=0.9, iou=0.8, lr=1e-3)
    assert write_curves(history, tmp_path / "curves.png", "title", best_epoch=1).exists()


def test_curves_without_known_metrics_or_with_holes(tmp_path):
    history = [
        Measurement(epoch=1, metrics={"something": 1.0}, seconds=1),
        Measurement(epoch=2, metrics={"dice": float("nan"), "loss": float("inf")}, seconds=2),
    ]
    assert write_curves(history, tmp_path / "curves.png", "title").exists()
    with pytest.raises(ValueError, match="no measurement"):
        write_curves([], tmp_path / "curves.png", "title")


@pytest.mark.parametrize("classes", [2, 4, 11])
def test_confusion_matrices_of_any_size(tmp_path, classes):
    names = [f"a rather long class name {i}" for i in range(classes)]
    labels = np.arange(classes).repeat(3)[:-3]  # the last class has no image
    counts = confusion_matrix(labels, np.zeros_like(labels), labels=range(classes))
    path = write_confusion(counts, names, tmp_path / "c.png", "title")
    assert path.stat().st_size > 5_000


def test_the_darkest_cell_of_a_perfect_matrix_is_the_diagonal(tmp_path, pixels):
    counts = np.array([[3, 0], [0, 1]])
    right = pixels(write_confusion(counts, ["a", "b"], tmp_path / "r.png", "title"))
    wrong = pixels(write_confusion(counts[:, ::-1], ["a", "b"], tmp_path / "w.png", "title"))
    dark = (right < 120).all(axis=2) != (wrong < 120).all(axis=2)
    assert dark.mean() > 0.1, "the colours moved off the diagonal"
