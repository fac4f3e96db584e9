"""Exported models and their compressed children, from the config to the files."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from automed.artifact.session import OnnxForward
from automed.domain.compression import read_compressions, with_compression
from automed.domain.config import Config
from automed.domain.decision import Decision
from automed.domain.errors import ExportError, TrainingError
from automed.domain.history import read_history
from automed.domain.result import Result
from automed.models.cost import predict_cost
from automed.pipeline import exported
from automed.pipeline import package as packaging
from automed.pipeline.resume import resume_trial
from automed.pipeline.run import run_trial
from automed.training.evaluate import evaluate
from automed.training.losses import build_loss
from automed.training.part import Part

KINDS = ("segmentation", "classification")


def go_on(measurement):
    return Decision.CONTINUE


@pytest.fixture(autouse=True)
def quick_timing(monkeypatch):
    """Latencies with no more than the least number of calls: their worth is tested elsewhere."""
    whole = packaging.measure_latency
    monkeypatch.setattr(
        packaging, "measure_latency", lambda *a, **k: whole(*a, **{**k, "seconds": 0.1})
    )


PLAIN = {"model.architecture": "plain_unet", "model.base_width": 8}
"""Exported in a third of the time that a network with an encoder takes."""


def parent_of(trial_of, kind):
    trial = trial_of(kind, number=0)
    if kind == "classification":
        return trial
    training = trial.config.part("training.")
    return trial.replace(config=Config({**dict(training.items()), **PLAIN}))


@pytest.fixture(scope="module")
def parents(base_jobs, tmp_path_factory):
    """For each kind of task: the folder of a study with one complete, exported trial."""
    made = {}

    def parent(kind, trial):
        if kind not in made:
            folder = tmp_path_factory.mktemp("parent") / "study"
            job = base_jobs[kind].replace(folder=str(folder))
            job = job.replace(spec=job.spec.replace(artifact="onnx"))
            made[kind] = folder, run_trial(trial, job, go_on)
        return made[kind]

    return parent


@pytest.fixture
def family(job_of, trial_of, parents):
    """A job that exports, and the complete parent of the children to come."""

    def make(kind, **spec_fields):
        job, parent = job_of(kind, artifact="onnx", **spec_fields), parent_of(trial_of, kind)
        folder, result = parents(kind, parent)
        shutil.copytree(folder, job.folder)
        return job, parent, result

    return make


def child_of(parent, text, number=1):
    config = with_compression(parent.config, read_compressions(text)[0])
    return parent.replace(config=config, number=number, parent=parent.number)


@pytest.mark.parametrize("kind", KINDS)
def test_the_metrics_and_costs_of_an_exported_trial_are_those_of_its_file(family, cache_of, kind):
    job, parent, result = family(kind)
    folder = job.trial_folder(parent)
    file = Path(job.folder) / result.artifact
    assert file == folder / "model.onnx"
    assert result.cost.size_bytes.value == file.stat().st_size
    assert result.cost.latency.p50_ms > 0
    assert result.cost.zipped_bytes.value <= 1.01 * file.stat().st_size
    predicted = predict_cost(parent.config, job.spec.task)
    assert result.cost.macs.value == predicted.macs.value
    assert result.cost.parameters.value == predicted.parameters.value
    assert result.parity.max_difference < 1e-3
    guide = job.spec.task.guide
    assert result.metrics[guide] == pytest.approx(result.parity.metrics[guide], abs=1e-3)
    task, cache = job.spec.task, cache_of(job)
    val = Part(cache.images, cache.targets, cache.index(job.split.val), classes=len(task.classes))
    loss = build_loss(str(parent.config["training.loss"]))
    seen = evaluate(OnnxForward(file, result.normalization), loss, task, val, 1)
    assert {**seen.metrics, "loss": seen.loss} == pytest.approx(result.metrics, abs=1e-6)
    assert Result.model_validate_json((folder / "result.json").read_bytes()) == result
    assert (result.threshold is None) == (kind == "classification")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        pytest.param("segmentation", "ptq", marks=pytest.mark.thorough),
        ("segmentation", "prune:0.5:1ep+ptq"),
        pytest.param("segmentation", "sparse:0.9:1ep", marks=pytest.mark.thorough),
        ("classification", "qat:1ep"),
    ],
)
def test_a_child_is_a_smaller_file_of_its_parents_model(family, kind, text):
    job, parent, result = family(kind)
    trial, heard = child_of(parent, text), []
    child = run_trial(trial, job, lambda m: heard.append(m) or Decision.CONTINUE)
    folder = job.trial_folder(trial)
    file = Path(job.folder) / child.artifact
    assert file == folder / "model.onnx"
    assert child.parent == parent.number
    assert child.cost.size_bytes.value == file.stat().st_size
    assert child.epochs == len(heard) == len(read_history(folder / "history.jsonl"))
    assert [m.epoch for m in heard] == list(range(1, child.epochs + 1))
    assert child.epochs == (0 if text == "ptq" else 1)
    assert child.normalization == result.normalization
    assert child.details
    if "prune" in text:
        assert child.cost.macs.value < 0.6 * result.cost.macs.value
        assert child.cost.parameters.value < 0.6 * result.cost.parameters.value
    else:
        assert child.cost.macs.value == result.cost.macs.value
    if "sparse" in text:
        assert child.cost.zipped_bytes.value < 0.6 * result.cost.zipped_bytes.value
        assert child.cost.size_bytes.value == pytest.approx(result.cost.size_bytes.value, rel=0.02)
    if text == "prune:0.5:1ep+ptq":
        assert child.cost.size_bytes.value < result.cost.size_bytes.value
    picture = "predictions.npz" if kind == "classification" else "preview.npz"
    with np.load(folder / picture) as arrays:
        assert len(arrays["ids"])


def test_a_child_is_a_function_of_its_config_its_seed_and_its_parent(family):
    job, parent, _ = family("segmentation")
    first = run_trial(child_of(parent, "prune:0.5", number=1), job, go_on)
    twin = run_trial(child_of(parent, "prune:0.5", number=2), job, go_on)
    assert first.metrics == twin.metrics
    files = [(Path(job.folder) / r.artifact).read_bytes() for r in (first, twin)]
    assert files[0] == files[1]


def test_a_child_that_loses_more_than_is_allowed_is_kept_and_marked(family):
    job, parent, result = family("segmentation", max_drop=0.05)
    better = result.replace(metrics={**result.metrics, job.spec.task.guide: 0.999})
    (job.trial_folder(parent) / "result.json").write_text(better.model_dump_json())
    child = run_trial(child_of(parent, "ptq"), job, go_on)
    assert "worse than its parent's 0.999 (allowed: 0.05)" in child.remarks[0]
    lenient = job.replace(spec=job.spec.replace(max_drop=1.0))
    assert run_trial(child_of(parent, "ptq"), lenient, go_on).remarks == ()


@pytest.mark.parametrize("name", ["result.json", "weights.safetensors"])
def test_a_child_whose_parent_is_gone_says_which_file_is_missing(family, name):
    job, parent, _ = family("segmentation")
    file = job.trial_folder(parent) / name
    file.unlink()
    with pytest.raises(TrainingError, match="cannot be read") as error:
        run_trial(child_of(parent, "ptq"), job, go_on)
    assert str(file) in str(error.value)


def test_a_training_whose_export_was_cut_off_is_not_repeated(family):
    job, parent, result = family("segmentation")
    folder = job.trial_folder(parent)
    weights = (folder / "weights.safetensors").stat().st_mtime_ns
    (folder / "result.json").unlink()
    (folder / "model.onnx").unlink()
    heard = []
    again = resume_trial(parent, job, lambda m: heard.append(m) or Decision.CONTINUE)
    assert again.metrics == result.metrics
    assert (folder / "weights.safetensors").stat().st_mtime_ns == weights
    assert len(heard) == result.epochs


def test_a_file_that_does_not_do_what_the_model_did_fails_the_trial(job_of, trial_of, monkeypatch):
    job, parent = job_of("segmentation", artifact="onnx"), parent_of(trial_of, "segmentation")
    whole = exported.export_onnx

    def sabotaged(model, path, shape):
        weight = next(p for p in model.parameters() if p.ndim == 4)
        kept = weight.detach().clone()
        weight.data = weight.data.flip(0)
        whole(model, path, shape)
        weight.data = kept

    monkeypatch.setattr(exported, "export_onnx", sabotaged)
    with pytest.raises(ExportError):
        run_trial(parent, job, go_on)
    assert not (job.trial_folder(parent) / "result.json").exists()
    assert (job.trial_folder(parent) / "weights.safetensors").exists()
