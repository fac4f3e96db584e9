"""Writing to MLflow again: after an outage, an interrupt, a larger budget or a second attempt."""

from __future__ import annotations

import pytest

from automed.domain.trial import TrialState
from automed.tracking.mlflow_tracker import SyncReport

DONE = TrialState.COMPLETE


def _finished(kit, numbers):
    for number in numbers:
        kit.write_history(number, kit.history(number))
    return [kit.trial(number, DONE) for number in numbers]


def _snapshot(shown):
    """Everything that a second write could double or change."""
    runs = [shown.study(), *shown.trials().values()]
    return [
        (
            run.info.run_id, run.info.status, run.data.params, run.data.tags,
            {key: shown.curve(run, key) for key in run.data.metrics}, shown.files(run),
        )
        for run in runs
    ]  # fmt: skip


def _sync(kit, trials, **options) -> SyncReport:
    tracker = kit.tracker(**options)
    report = tracker.sync(trials)
    tracker.close()
    return report


def test_what_was_missed_is_written_from_the_folder(kit, seen):
    trials = _finished(kit, [0, 1, 2])
    assert _sync(kit, trials) == SyncReport(3, 0, "")
    shown = seen(kit.uri)
    assert shown.study().info.status == "FINISHED"
    for number, run in shown.trials().items():
        expected = [(m.epoch, m.metrics["dice"]) for m in kit.history(number)]
        assert shown.curve(run, "dice") == expected
        assert run.info.end_time - run.info.start_time == 8000
        assert "overlays.png" in shown.files(run)
    assert [step for step, _ in shown.curve(shown.study(), "hypervolume")] == [0, 1, 2]


def test_writing_twice_changes_nothing(kit, seen):
    trials = _finished(kit, [0, 1, 2])
    _sync(kit, trials)
    before = _snapshot(seen(kit.uri))
    drawn = len(kit.drawn)
    assert _sync(kit, trials) == SyncReport(3, 0, "")
    assert _snapshot(seen(kit.uri)) == before
    assert len(kit.drawn) == drawn, "what is complete is not drawn again"


def test_what_a_search_wrote_is_not_written_again(kit, seen):
    tracker = kit.tracker()
    trials = [kit.run(tracker, number) for number in range(3)]
    tracker.close()
    before = _snapshot(seen(kit.uri))
    assert _sync(kit, trials) == SyncReport(3, 0, "")
    assert _snapshot(seen(kit.uri)) == before


def test_a_half_written_run_is_completed(kit, seen):
    tracker = kit.tracker()
    tracker.trial_started(kit.trial(0))
    for measurement in kit.history(0, epochs=2):
        tracker.trial_measured(kit.trial(0), measurement)
    tracker.close()
    shown = seen(kit.uri)
    half = shown.trials()[0]
    assert len(shown.curve(half, "dice")) == 2
    assert _sync(kit, _finished(kit, [0])) == SyncReport(1, 0, "")
    whole = shown.trials()[0]
    assert whole.info.run_id == half.info.run_id
    assert whole.info.status == "FINISHED"
    assert whole.data.tags["state"] == "done"
    assert shown.curve(whole, "dice") == [(m.epoch, m.metrics["dice"]) for m in kit.history(0)]


def test_a_second_attempt_replaces_the_curves_of_the_first(kit, seen):
    tracker = kit.tracker()
    tracker.trial_started(kit.trial(0))
    for measurement in kit.history(0, epochs=3, shift=0.1):
        tracker.trial_measured(kit.trial(0), measurement)
    tracker.close()
    shown = seen(kit.uri)
    first = shown.trials()[0]
    tracker = kit.tracker()
    kit.run(tracker, 0)
    tracker.close()
    second = shown.trials()[0]
    assert second.info.run_id != first.info.run_id
    assert shown.curve(second, "dice") == [(m.epoch, m.metrics["dice"]) for m in kit.history(0)]


def test_a_second_attempt_that_repeats_the_first_shows_each_epoch_once(kit, seen):
    tracker = kit.tracker()
    tracker.trial_started(kit.trial(0))
    for measurement in kit.history(0, epochs=3):
        slower = measurement.replace(seconds=3 * measurement.seconds)
        tracker.trial_measured(kit.trial(0), slower)
    tracker.close()
    tracker = kit.tracker()
    kit.run(tracker, 0)
    tracker.close()
    shown = seen(kit.uri)
    steps = [step for step, _ in shown.curve(shown.trials()[0], "dice")]
    assert sorted(steps) == [1, 2, 3, 4]


def test_a_study_that_goes_on_keeps_its_runs(kit, seen):
    kit.budget = 2
    tracker = kit.tracker()
    trials = [kit.run(tracker, number) for number in range(2)]
    tracker.close()
    shown = seen(kit.uri)
    study = shown.study().info.run_id
    kit.budget = 4
    tracker = kit.tracker(earlier=trials)
    kit.run(tracker, 2)
    tracker.close()
    assert shown.study().info.run_id == study
    assert shown.study().info.status == "KILLED", "one trial is to go"
    assert shown.study().data.params["budget"] == "2", "MLflow changes no parameter"
    assert shown.study().data.tags["budget"] == "4"
    assert list(shown.trials()) == [0, 1, 2]
    best = dict(shown.curve(shown.study(), "best_dice"))
    assert best == pytest.approx({0: 0.54, 1: 0.64, 2: 0.74})


def test_the_last_word_on_a_study_is_the_caller_s(kit, seen):
    tracker = kit.tracker()
    kit.run(tracker, 0)
    tracker.close("exhausted")
    assert seen(kit.uri).study().info.status == "FINISHED"
    tracker = kit.tracker()
    kit.run(tracker, 1)
    tracker.close("interrupted")
    assert seen(kit.uri).study().info.status == "KILLED"


def test_trials_that_run_or_were_rejected_are_not_synced(kit, seen):
    trials = [
        kit.trial(0),
        kit.trial(1, TrialState.FAIL, rejected="a duplicate of trial 0"),
        *_finished(kit, [2]),
    ]
    assert _sync(kit, trials) == SyncReport(1, 0, "")
    assert list(seen(kit.uri).trials()) == [2]
    assert seen(kit.uri).study().data.tags["rejected"] == "1"


def test_a_tidied_study_folder_does_not_wipe_what_mlflow_holds(kit, seen):
    tracker = kit.tracker()
    kit.run(tracker, 0)
    tracker.close()
    shown = seen(kit.uri)
    (kit.folder / "trials" / "0000" / "history.jsonl").unlink()
    changed = kit.trial(0, DONE, origin="another snapshot")
    assert _sync(kit, [changed]) == SyncReport(1, 0, "")
    assert len(shown.curve(shown.trials()[0], "dice")) == 4


def test_a_torn_history_is_read_as_far_as_it_goes(kit, seen):
    trials = _finished(kit, [0])
    path = kit.folder / "trials" / "0000" / "history.jsonl"
    path.write_text(path.read_text() + '{"epoch": 5, "metr')
    assert _sync(kit, trials) == SyncReport(1, 0, "")
    assert len(seen(kit.uri).curve(seen(kit.uri).trials()[0], "dice")) == 4


def test_a_run_that_a_late_answer_doubled_is_removed(kit, seen):
    trials = _finished(kit, [0])
    _sync(kit, trials)
    shown = seen(kit.uri)
    run = shown.trials()[0]
    tags = {k: v for k, v in run.data.tags.items() if k != "automed.written"}
    shown.client.create_run(run.info.experiment_id, tags=tags)
    assert len(shown.runs()) == 3
    assert _sync(kit, trials) == SyncReport(1, 0, "")
    assert shown.trials()[0].info.run_id == run.info.run_id
    assert len(shown.runs()) == 2


def test_two_studies_of_one_name_do_not_mix(kit, seen, tmp_path):
    _sync(kit, _finished(kit, [0]))
    store, kit.workspace = kit.uri, tmp_path / "another"
    tracker = kit.tracker(store)
    assert tracker.sync(_finished(kit, [0])).synced == 1
    tracker.close()
    studies = [r for r in seen(store).runs() if r.data.tags["automed.kind"] == "study"]
    assert len(studies) == 2


def test_a_deleted_experiment_is_named_with_the_way_back(kit, seen):
    _sync(kit, _finished(kit, [0]))
    client = seen(kit.uri).client
    experiment = client.get_experiment_by_name("automed/polyp").experiment_id
    client.delete_experiment(experiment)
    report = _sync(kit, _finished(kit, [0, 1]))
    assert (report.synced, report.failed) == (0, 2)
    assert f"mlflow experiments restore -x {experiment}" in report.reason


def test_one_trial_that_mlflow_refuses_does_not_keep_back_the_others(kit, seen, monkeypatch):
    from automed.tracking.notebook import Notebook

    write = Notebook.write_trial

    def refuse(self, trial, live, started):
        if trial.number == 1:
            raise ValueError("no such thing")
        write(self, trial, live, started)

    monkeypatch.setattr(Notebook, "write_trial", refuse)
    report = _sync(kit, _finished(kit, [0, 1, 2]))
    assert report == SyncReport(2, 1, "trial 1: no such thing")
    assert list(seen(kit.uri).trials()) == [0, 2]


def test_two_processes_do_not_write_one_study(kit, seen):
    first = kit.tracker()
    kit.run(first, 0)
    assert first.sync(_finished(kit, [0])).failed == 0
    second = kit.tracker()
    report = second.sync(_finished(kit, [0]))
    second.close()
    assert "study polyp-1 is being written to MLflow elsewhere" in report.reason
    first.close()
    assert _sync(kit, _finished(kit, [0])) == SyncReport(1, 0, "")


def test_hundreds_of_epochs_and_figures_fit_in_mlflow_s_batches(kit, seen):
    history = [
        m.replace(metrics={**m.metrics, **{f"per class/{i} (ä)": float(i) for i in range(40)}})
        for m in kit.history(0, epochs=60)
    ]
    kit.write_history(0, history)
    config = {f"model.option_{i}": "x" * 7000 for i in range(130)}
    trial = kit.trial(0, DONE)
    assert _sync(kit, [trial.replace(config=config)]) == SyncReport(1, 0, "")
    run = seen(kit.uri).trials()[0]
    assert len(seen(kit.uri).curve(run, "per class_7 _ä_")) == 60
    assert len([p for p in run.data.params if p.startswith("model.option")]) == 130
    assert len(run.data.params["model.option_0"]) == 6000


def test_figures_that_are_not_finite_are_written_once(kit, seen):
    trials = [
        kit.trial(0, DONE).replace(
            result=kit.trial(0, DONE).result.replace(
                metrics={"dice": float("nan"), "loss": float("inf")}
            )
        )
    ]
    history = [
        m.replace(metrics={"dice": float("nan"), "loss": float("inf")}) for m in kit.history(0)
    ]
    kit.write_history(0, history)
    assert _sync(kit, trials) == SyncReport(1, 0, "")
    shown = seen(kit.uri)
    before = shown.trials()[0]
    again = [trials[0].replace(origin="another snapshot")]
    assert _sync(kit, again) == SyncReport(1, 0, "")
    assert shown.trials()[0].info.run_id == before.info.run_id
    assert [step for step, _ in shown.curve(before, "loss")] == [1, 2, 3, 4]
