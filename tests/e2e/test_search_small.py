"""A search through the command line: live, resumed, listed, plotted and tracked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from automed.api.tasks import list_tasks
from automed.domain.workspace import Workspace

QUICK = (
    "--no-pretrained", "--epochs", 1, "--image-size", 32,
    "--fix", "model.encoder=tf_mobilenetv3_small_075", "--set", "training.batch_size=4",
)  # fmt: skip


def load(workspace: Path, name: str) -> optuna.Study:
    backend = JournalFileBackend(str(workspace / "studies" / name / "journal.log"))
    return optuna.load_study(study_name=name, storage=JournalStorage(backend))


@pytest.mark.filterwarnings("ignore:JournalStorage is experimental")
def test_search_resume_front_and_lists(automed, small_pairs: Path, workspace: Path) -> None:
    added = automed("data", "add", "polyp", small_pairs)
    assert added.code == 0, added.err
    assert "20" in added.out
    first = automed("search", "polyp", "--budget", 2, "--name", "one", *QUICK)
    assert first.code == 0, first.out + first.err
    assert "Front of one" in first.out
    assert "automed front one" in first.out
    assert "DEMO" not in first.out
    more = automed("search", "polyp", "--resume", "--name", "one", "--budget", 4)
    assert more.code == 0, more.out + more.err

    study = load(workspace, "one")
    assert [t.state.name for t in study.trials] == ["COMPLETE"] * 4
    assert study.metric_names == ["dice", "macs", "size_bytes"]
    assert study.trials[0].params["model.encoder"] == "tf_mobilenetv3_small_075"
    for trial in study.trials:
        folder = workspace / "studies" / "one" / "trials" / f"{trial.number:04d}"
        assert {f.name for f in folder.iterdir()} >= {
            "weights.safetensors", "history.jsonl", "result.json", "preview.npz",
        }  # fmt: skip
        size = (folder / "weights.safetensors").stat().st_size
        assert trial.values[2] == size
        result = json.loads((folder / "result.json").read_text())
        assert result["cost"]["size_bytes"] == {"value": size, "source": "measured"}

    again = automed("front", "one", "-o", workspace / "plots")
    assert again.code == 0
    assert (workspace / "plots" / "front.png").read_bytes().startswith(b"\x89PNG")
    assert "plotly" in (workspace / "plots" / "front.html").read_text()
    listed = automed("studies")
    assert "one" in listed.out
    assert "polyp" in listed.out
    a_copy_goes_by_its_folder(automed, workspace)
    tasks = automed("tasks")
    assert tasks.code == 0
    rows = {row.name: row.data for row in list_tasks(Workspace.at(workspace))}
    assert rows["polyp"] == str(small_pairs)
    assert rows["cell"] == "demo (synthetic)"


def a_copy_goes_by_its_folder(automed, workspace: Path) -> None:
    folder = workspace / "studies" / "a copy"
    shutil.copytree(workspace / "studies" / "one", folder)
    (folder / "front.csv").unlink()
    shown = automed("front", "a copy")
    assert shown.code == 0, shown.err
    assert "Front of a copy" in shown.out
    assert "--resume --name 'a copy'" in shown.out
    assert (folder / "front.csv").exists()
    assert "a copy" in automed("studies").out


def test_demo_data_are_announced_everywhere(automed, workspace: Path) -> None:
    done = automed("search", "cell", "--budget", 1, "--name", "d", *QUICK)
    assert done.code == 0, done.out + done.err
    assert "DEMO DATA" in done.out
    assert "synthetic demo data" in done.out
    spec = json.loads((workspace / "studies" / "d" / "study.json").read_text())
    assert spec["data"]["name"] == "demo"
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{workspace}/mlflow.db")
    ids = [e.experiment_id for e in client.search_experiments()]
    runs = client.search_runs(ids)
    assert len(runs) == 2
    assert all(run.data.tags["dataset"] == "demo" for run in runs)
    [study] = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    kept = {file.path for file in client.list_artifacts(study.info.run_id)}
    assert {"audit.html", "audit.json", "space.html"} <= kept
    space = Path(client.download_artifacts(study.info.run_id, "space.html")).read_text()
    assert "study d, synthetic demo data" in space
    assert "Too few trials to tell: 1 complete" in space
    facts = json.loads((workspace / "studies" / "d" / "audit.json").read_text())
    assert facts["digest"] == spec["data"]["digest"]


def test_screening_keeps_the_constraints(automed, small_pairs: Path, workspace: Path) -> None:
    flags = ("--max-size-mb", 9, "--data", small_pairs, "--name", "cheap", *QUICK)
    done = automed("search", "polyp", "--budget", 3, *flags)
    assert done.code == 0, done.out + done.err
    from automed.search.view import read_study

    trials = read_study(workspace / "studies" / "cheap").trials
    trained = [t for t in trials if t.charged]
    assert len(trained) == 3
    assert all(t.result.cost.megabytes <= 9 for t in trained)


@pytest.mark.thorough
def test_two_searches_of_one_seed_are_equal(automed, small_pairs: Path, workspace: Path) -> None:
    from automed.search.view import read_study

    histories = []
    for name in ("first", "second"):
        flags = ("--data", small_pairs, "--name", name, "--seed", 5, *QUICK)
        assert automed("search", "polyp", "--budget", 3, *flags).code == 0
        trials = read_study(workspace / "studies" / name).trials
        histories.append([(t.config, t.result.metrics, t.seed) for t in trials])
    assert histories[0] == histories[1]
    assert len({config for config, _, _ in histories[0]}) == 3


def test_check_prints_what_was_found(automed, small_pairs: Path) -> None:
    done = automed("data", "check", small_pairs, "--task", "polyp")
    assert done.code == 0
    assert "40x48" in done.out
    assert "none known" in done.out
    assert f"automed data add polyp {small_pairs}" in done.out


def test_a_study_on_changed_data_does_not_go_on(automed, small_pairs: Path) -> None:
    flags = ("--data", small_pairs, "--name", "s", *QUICK)
    assert automed("search", "polyp", "--budget", 1, *flags).code == 0
    (small_pairs / "masks" / "00.png").write_bytes((small_pairs / "masks" / "01.png").read_bytes())
    done = automed("search", "polyp", "--resume", "--name", "s", "--budget", 2)
    assert done.code == 2
    assert "changed" in done.err


@pytest.mark.thorough
def test_a_built_in_plugin_conforms(automed) -> None:
    done = automed("plugin", "check", "breast_cell")
    assert done.code == 0, done.out
    assert done.out.count("ok") >= 8
