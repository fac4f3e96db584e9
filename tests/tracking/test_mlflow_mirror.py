"""What a study looks like in MLflow."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from automed.domain.trial import TrialState


def test_a_search_is_mirrored(kit, seen):
    tracker = kit.tracker()
    kit.run(tracker, 0)
    kit.run(tracker, 1, TrialState.PRUNED)
    kit.run(tracker, 2, TrialState.FAIL)
    assert tracker.close() == 0
    assert tracker.reason == ""
    shown = seen(kit.uri)
    study, trials = shown.study(), shown.trials()
    assert study.info.run_name == "polyp-1"
    assert study.info.status == "FINISHED"
    assert study.data.params["image_size"] == "288x384"
    assert study.data.params["constraints"] == "GFLOPs (MACs) at most 5"
    assert study.data.params["seed"] == "3"
    assert study.data.params["data.digest"] == "d" * 64
    assert "Synthetic demo data" in study.data.tags["mlflow.note.content"]
    assert [r.info.run_name for r in trials.values()] == ["trial 0", "trial 1", "trial 2"]
    assert [r.info.status for r in trials.values()] == ["FINISHED", "FINISHED", "FAILED"]
    assert [r.data.tags["state"] for r in trials.values()] == ["done", "stopped", "failed"]
    assert trials[2].data.tags["failure"] == "DivergedError: the loss is not finite"
    for number, run in trials.items():
        assert run.data.tags["mlflow.parentRunId"] == study.info.run_id
        assert run.data.tags["dataset"] == "demo"
        assert run.inputs.dataset_inputs[0].dataset.name == "demo"
        assert run.data.params["training.batch_size"] == str(number + 1)
        assert run.data.params["training.learning_rate"] == "0.001"
        assert run.data.metrics["gmacs"] == 0.5 * (number + 1)
        assert run.data.metrics["size_mb"] == 4.0 * (number + 1)
        expected = [(m.epoch, m.metrics["dice"]) for m in kit.history(number)]
        assert shown.curve(run, "dice") == expected
        assert {"config.json", "history.jsonl", "overlays.png"} <= set(shown.files(run))
    assert trials[0].data.metrics["best_dice"] == kit.history(0)[-1].metrics["dice"]
    assert trials[0].info.end_time - trials[0].info.start_time == 8000


def test_the_study_shows_how_the_front_grew(kit, seen):
    tracker = kit.tracker(front_files=lambda trials: [_note(kit.folder, len(trials))])
    tracker.trial_rejected(kit.trial(0, TrialState.FAIL, rejected="GFLOPs (MACs) 9 above 5"))
    for number in (1, 2, 3):
        kit.run(tracker, number)
    assert tracker.close("finished") == 0
    shown = seen(kit.uri)
    study = shown.study()
    assert 0 not in shown.trials(), "a rejected config has no run"
    assert study.data.tags["rejected"] == "1"
    volumes = shown.curve(study, "hypervolume")
    assert [step for step, _ in volumes] == [1, 2, 3]
    best = shown.curve(study, "best_dice")
    assert [value for _, value in best] == pytest.approx([0.64, 0.74, 0.84])
    path = shown.client.download_artifacts(study.info.run_id, "front.json")
    table = json.loads(Path(path).read_text())
    assert table["columns"][:3] == ["trial", "dice", "parameters"]
    assert [row[0] for row in table["data"]] == [3, 2, 1]
    assert "front.txt" in shown.files(study)


def test_what_was_stopped_after_the_front_last_changed_is_in_its_files(kit, seen):
    tracker = kit.tracker(front_files=lambda trials: [_note(kit.folder, len(trials))])
    kit.run(tracker, 1)
    deadline = time.monotonic() + 60
    while not (kit.folder / "front.txt").exists():
        assert time.monotonic() < deadline, "the front was not drawn"
        time.sleep(0.05)
    kit.run(tracker, 2, TrialState.PRUNED)
    assert tracker.close("finished") == 0
    shown = seen(kit.uri)
    path = shown.client.download_artifacts(shown.study().info.run_id, "front.txt")
    assert Path(path).read_text() == "2 trials"


def _note(folder: Path, count: int) -> Path:
    path = folder / "front.txt"
    path.write_text(f"{count} trials")
    return path


def test_a_running_study_is_shown_while_it_runs(kit, seen):
    tracker = kit.tracker()
    tracker.trial_started(kit.trial(0))
    for measurement in kit.history(0, epochs=2):
        tracker.trial_measured(kit.trial(0), measurement)
    shown = seen(kit.uri)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if shown.client.get_experiment_by_name("automed/polyp") and shown.runs():
            run = shown.trials().get(0)
            if run is not None and len(shown.curve(run, "dice")) == 2:
                break
        time.sleep(0.1)
    assert shown.study().info.status == "RUNNING"
    assert shown.trials()[0].info.status == "RUNNING"
    assert shown.trials()[0].data.metrics["gmacs"] == 0.5, "its predicted cost"
    tracker.close()
    assert shown.study().info.status == "KILLED"
    assert shown.trials()[0].info.status == "KILLED"
    assert shown.trials()[0].data.tags["state"] == "interrupted"


def test_watching_takes_no_time(kit):
    tracker = kit.tracker()
    start = time.perf_counter()
    for number in range(12):
        kit_trial = kit.trial(number)
        tracker.trial_started(kit_trial)
        for measurement in kit.history(number):
            tracker.trial_measured(kit_trial, measurement)
    per_event = (time.perf_counter() - start) / (12 * 5)
    assert per_event < 0.02
    tracker.close()


def test_the_artifacts_of_a_local_store_lie_in_the_workspace(kit, seen):
    tracker = kit.tracker()
    kit.run(tracker, 0)
    tracker.close()
    run = seen(kit.uri).trials()[0]
    place = kit.workspace / "mlartifacts" / run.info.run_id / "artifacts"
    assert (place / "overlays.png").read_bytes() == b"a picture of 0000"


def test_making_the_store_prints_nothing(tmp_path, capfd, kit, seen):
    kit.workspace = tmp_path / "fresh"
    tracker = kit.tracker()
    kit.run(tracker, 0)
    assert tracker.close() == 0
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == ""
    assert len(seen(kit.uri).trials()) == 1


def test_a_picture_that_cannot_be_drawn_costs_only_the_picture(kit, seen):
    def broken(_):
        raise ValueError("no font")

    kit.draw = broken
    tracker = kit.tracker()
    kit.run(tracker, 0)
    assert tracker.close() == 0
    assert seen(kit.uri).trials()[0].data.tags["pictures"] == "not drawn: ValueError: no font"


def test_a_study_without_events_leaves_no_trace(kit, seen):
    assert kit.tracker().close() == 0
    assert seen(kit.uri).client.get_experiment_by_name("automed/polyp") is None


def test_trials_beyond_the_constraints_are_off_the_front(kit, seen):
    kit.budget = 2
    tracker = kit.tracker()
    kit.run(tracker, 2)
    kit.run(tracker, 12)
    tracker.close()
    shown = seen(kit.uri)
    assert shown.trials()[12].data.metrics["gmacs"] == 6.5, "5 is the bound"
    path = shown.client.download_artifacts(shown.study().info.run_id, "front.json")
    assert [row[0] for row in json.loads(Path(path).read_text())["data"]] == [2]
