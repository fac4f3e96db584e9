"""The commands export, predict and bench, as a user types them."""

from __future__ import annotations

import os
import shlex

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from automed.cli import console
from automed.cli.bench import bench
from automed.cli.export import export
from automed.cli.predict import predict
from automed.deploy.read_bundle import read_bundle
from automed.domain.budget import Budget
from automed.domain.cost import Cost, Quantity
from automed.domain.errors import AutomedError, BundleError, StudyError
from automed.domain.normalization import Normalization
from automed.domain.result import Failure, Result
from automed.domain.space_file import parse_space
from automed.domain.study_spec import DataRef, StudySpec
from automed.registry.tasks import load_task
from automed.search.study import Study

SIZE = (32, 48)
SPACE = """
[space]
name = "widths"
[model.encoder]
choices = ["resnet18", "resnet34", "resnet50"]
"""
COSTS = {"resnet18": 1e6, "resnet34": 2e6, "resnet50": 9e6}
DICE = {"resnet18": 0.7, "resnet34": 0.9, "resnet50": 0.91}


def cost_of(config):
    value = Quantity(value=COSTS[config["model.encoder"]])
    return Cost(parameters=value, macs=value, size_bytes=value, input_shape=(3, *SIZE))


@pytest.fixture
def run(workspace, tmp_path, monkeypatch):
    """``run("export tiny -o folder")``: exit code and what was printed; errors are raised."""
    app = typer.Typer()
    for command in (export, predict, bench):
        app.command()(command)
    monkeypatch.chdir(tmp_path)

    def typed(line):
        done = CliRunner().invoke(app, shlex.split(line))
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.output

    return typed


@pytest.fixture
def study(workspace, onnx_of, monkeypatch):
    """Three trials of demo data, that of resnet50 failed; gives numbers by encoder."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    folder = workspace / "studies/tiny"
    task = load_task("polyp").replace(
        image_size=SIZE, space=parse_space(SPACE, source="x.toml"), baselines=()
    )
    spec = StudySpec(
        name="tiny", task=task, split_digest="c" * 64, budget=Budget(trials=3), version="0",
        sampler="random", data=DataRef(name="demo", path="/nowhere", digest="d"),
    )  # fmt: skip
    _, file = onnx_of(3, 1, "segmentation")
    numbers = {}
    with Study.create(folder, spec, cost_of) as running:
        while (trial := running.ask()) is not None:
            encoder = trial.config["model.encoder"]
            numbers[encoder] = trial.number
            artifact = f"trials/{trial.number:04d}/model.onnx"
            (folder / artifact).parent.mkdir(parents=True)
            (folder / artifact).write_bytes(file.read_bytes())
            result = Result(
                metrics={"dice": DICE[encoder]}, cost=cost_of(trial.config), epochs=1, best_epoch=1,
                seconds=1, artifact=artifact, threshold=0.45, split_digest="c" * 64,
                normalization=Normalization(mean=(0.4,) * 3, std=(0.3,) * 3),
                remarks=(f"mind {encoder}",),
            )  # fmt: skip
            failed = Failure(kind="DivergedError", message="diverged")
            running.tell(trial, failed if encoder == "resnet50" else result)
    return numbers


def photo(path, picture):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture(0)).save(path)
    return path


def test_export_predict_and_bench_one_after_the_other(study, run, picture, tmp_path):
    code, text = run(f"export tiny --trial {study['resnet18']} -o bundle")
    assert code == 0
    for words in ("Dice 0.7000", "mind resnet18", "synthetic demo data", "automed predict bundle"):
        assert words in text
    assert "knee" not in text
    assert read_bundle(tmp_path / "bundle").config["model.encoder"] == "resnet18"

    photo(tmp_path / "photos/a/1.png", picture)
    photo(tmp_path / "photos/b/1.png", picture)
    code, text = run("predict bundle photos -o out")
    assert code == 0
    assert "2 of 2 images" in text
    assert "out/predictions.csv" in text
    masks = [np.asarray(Image.open(tmp_path / f"out/masks/{f}/1.png")) for f in "ab"]
    assert np.array_equal(*masks)

    with pytest.raises(BundleError, match="out holds the results of an earlier run"):
        run("predict bundle photos/a -o out")
    assert "2 of 2 images" in run("predict bundle photos -o out --force")[1]

    code, text = run("bench bundle --threads 1 --batch 1 --batch 4 --seconds 0.05")
    assert code == 0
    assert "images/s" in text
    assert len([line for line in text.splitlines() if line.startswith("│")]) == 2


def test_without_a_trial_the_knee_is_taken_and_said_so(study, run, tmp_path):
    code, text = run("export tiny")
    assert code == 0
    assert "the knee of the front, since no --trial was given" in text
    folder = tmp_path / f"tiny-trial-{read_bundle_number(tmp_path)}"
    assert read_bundle(folder).origin.trial in (study["resnet18"], study["resnet34"])
    with pytest.raises(BundleError, match="holds a bundle already"):
        run("export tiny")
    assert run("export tiny --force")[0] == 0


def read_bundle_number(folder):
    (found,) = folder.glob("tiny-trial-*")
    return int(found.name.rpartition("-")[2])


@pytest.mark.parametrize(
    ("line", "kind", "words"),
    [
        ("export other", StudyError, "there is no study 'other'"),
        ("export tiny --trial 99", BundleError, "--trial 99: study tiny has no such trial"),
        ("export tiny --trial {failed}", BundleError, "it is failed"),
        ("predict nowhere a.png -o out", BundleError, "there is no bundle nowhere"),
        ("predict . a.png -o out", BundleError, "it has no manifest.json"),
        ("bench nowhere", BundleError, "there is no bundle nowhere"),
        ("bench bundle --threads 0", BundleError, "--threads"),
        ("bench bundle --batch -1", BundleError, "--batch"),
        ("bench bundle --seconds 0", AutomedError, "--seconds must be positive"),
        ("predict bundle a.png -o out --threshold 2", BundleError, "--threshold"),
        ("predict bundle a.png -o out --threads -2", BundleError, "--threads"),
        ("predict bundle a.png -o bundle/card.md", BundleError, "-o bundle/card.md is a file"),
        ("predict bundle nothing.png -o out", BundleError, "nothing.png: there is no such file"),
    ],
)
def test_bad_input_is_named(line, kind, words, study, run, bundle_of):
    bundle_of()
    with pytest.raises(kind) as error:
        run(line.format(failed=study["resnet50"]))
    assert words in str(error.value)


def test_predictions_fit_a_terminal(bundle_of, run, picture, tmp_path, monkeypatch):
    monkeypatch.setattr(console.out, "width", 80)
    relative = photo(tmp_path / "a/a_folder/1.png", picture)
    photo(tmp_path / "b/2.png", picture)
    bundle_of()
    text = run(f"predict bundle {relative.parent.parent} b -o one")[1]
    rows = [line for line in text.splitlines() if line.startswith("│")]
    assert [row.split()[1] for row in rows] == [
        "a/a_folder/1.png", "b/2.png"
    ]  # fmt: skip
    assert all(len(line) <= 80 for line in text.splitlines() if "predictions.csv" not in line)
    bundle_of(("Benign", "Pro", "Early"), kind="classification", folder=tmp_path / "classes")
    text = run("predict classes b/2.png -o two")[1]
    (row,) = (line.split() for line in text.splitlines() if line.startswith("│"))
    assert row[1] == "2.png"
    assert row[3] in ("Benign", "Pro", "Early")
    assert 1 / 3 < float(row[5]) <= 1
    bundle_of(("cytoplasm", "nucleus"), folder=tmp_path / "several")
    text = run("predict several b/2.png -o three")[1]
    assert "share of" in text
    assert "nucleus" in text


def test_bad_images_are_told_at_the_end_and_change_the_exit_code(bundle_of, run, picture, tmp_path):
    bundle_of()
    photo(tmp_path / "photos/good.png", picture)
    (tmp_path / "photos/bad.png").write_bytes(b"no image")
    code, text = run("predict bundle photos -o out")
    assert code == 1
    assert "1 of 2 images" in text
    assert "photos/bad.png" in text.splitlines()[-1]
    code, text = run("predict bundle photos/bad.png -o none")
    assert code == 1
    assert not (tmp_path / "none/predictions.csv").exists()
