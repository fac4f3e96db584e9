"""A real MLflow server: what ``mlflow ui`` shows, and a server that dies in the middle."""

from __future__ import annotations

import json

from mlflow_server import free_port, get, kill, runs_of, serving, tags

from automed.domain.trial import TrialState
from automed.tracking.mlflow_tracker import SyncReport


def test_a_server_that_dies_in_the_middle_and_what_its_ui_shows_afterwards(kit, capfd):
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    tracker = kit.tracker(address)
    with serving(kit.uri, port, kit.workspace) as server:
        trials = [kit.run(tracker, 0)]
        assert tracker.sync(trials) == SyncReport(1, 0, "")
        trials.append(kit.run(tracker, 1, after_epoch=lambda e: kill(server) if e == 2 else None))
    trials.append(kit.run(tracker, 2, TrialState.FAIL))
    assert tracker.close("finished") == 2
    assert tracker.unsynced == (1, 2)
    assert tracker.reason.startswith(address)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", ""), "nothing breaks the live table"

    with serving(kit.uri, port, kit.workspace):
        later = kit.tracker(address)
        assert later.sync(trials) == SyncReport(3, 0, "")
        later.close("finished")
        runs = runs_of(address)
        by_number = {tags(r).get("automed.trial"): r for r in runs}
        assert len(runs) == len(by_number) == 4, "the study and three trials, each once"
        study = by_number.pop(None)
        assert study["info"]["status"] == "FINISHED"
        states = {n: tags(r)["state"] for n, r in by_number.items()}
        assert states == {"0": "done", "1": "done", "2": "failed"}
        for run in by_number.values():
            assert tags(run)["mlflow.parentRunId"] == study["info"]["run_id"]
            run_id = run["info"]["run_id"]
            query = f"run_id={run_id}&metric_key=dice"
            curve = json.loads(get(f"{address}/api/2.0/mlflow/metrics/get-history?{query}"))
            assert [m["step"] for m in curve["metrics"]] == [1, 2, 3, 4]
            picture = get(f"{address}/get-artifact?path=overlays.png&run_uuid={run_id}")
            assert picture.startswith(b"a picture of")


def test_the_ui_shows_what_was_written_to_the_database(kit):
    tracker = kit.tracker()
    kit.run(tracker, 0)
    tracker.close()
    port = free_port()
    with serving(kit.uri, port, kit.workspace):
        address = f"http://127.0.0.1:{port}"
        by_name = {r["info"]["run_name"]: r for r in runs_of(address)}
        assert set(by_name) == {"polyp-1", "trial 0"}
        run_id = by_name["trial 0"]["info"]["run_id"]
        picture = get(f"{address}/get-artifact?path=overlays.png&run_uuid={run_id}")
        assert picture == b"a picture of 0000"
