"""A whole trial, from its config to its files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from automed.domain.decision import Decision
from automed.domain.errors import DataError, DivergedError, SpaceError, WeightsError, WorkspaceError
from automed.domain.history import read_history
from automed.domain.result import Result
from automed.models.build import BuildError, build_model
from automed.models.cost import predict_cost
from automed.models.normalization import fixed_normalization
from automed.models.weights_file import load_weights
from automed.pipeline.run import run_trial
from automed.training.evaluate import evaluate
from automed.training.forward import Forward
from automed.training.losses import build_loss
from automed.training.part import Part

KINDS = ("segmentation", "multiclass", "classification")


def go_on(measurement):
    return Decision.CONTINUE


def histories(job, trial):
    return [m.metrics for m in read_history(job.trial_folder(trial) / "history.jsonl")]


@pytest.mark.parametrize("kind", KINDS)
def test_a_trial_leaves_its_files_and_a_result_that_describes_them(job_of, trial_of, kind):
    job, trial, heard = job_of(kind), trial_of(kind), []
    result = run_trial(trial, job, lambda m: heard.append(m) or Decision.CONTINUE)
    folder = Path(job.folder) / "trials" / "0007"
    picture = "predictions.npz" if kind == "classification" else "preview.npz"
    assert {p.name for p in folder.iterdir()} == {
        "weights.safetensors", "history.jsonl", "result.json", picture,
    }  # fmt: skip
    assert read_history(folder / "history.jsonl") == tuple(heard)
    assert Result.model_validate_json((folder / "result.json").read_bytes()) == result
    best = heard[result.best_epoch - 1].metrics
    assert result.metrics == {k: v for k, v in best.items() if k not in ("train_loss", "lr")}
    guide = job.spec.task.guide
    assert result.metrics[guide] == max(m.metrics[guide] for m in heard)
    assert (result.epochs, result.device) == (3, "cpu")
    assert result.split_digest == job.split.digest
    assert Path(job.folder, result.weights) == folder / "weights.safetensors"


@pytest.mark.parametrize("kind", KINDS)
def test_the_cost_is_exact_and_its_size_is_the_files(job_of, trial_of, kind):
    job, trial = job_of(kind), trial_of(kind)
    cost = run_trial(trial, job, lambda m: Decision.STOP).cost
    written = (job.trial_folder(trial) / "weights.safetensors").stat().st_size
    predicted = predict_cost(trial.config, job.spec.task)
    assert (cost.parameters, cost.macs) == (predicted.parameters, predicted.macs)
    assert (cost.size_bytes.value, cost.size_bytes.source) == (written, "measured")
    assert predicted.size_bytes.value == written
    assert cost.peak_memory_bytes is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_weights_on_disk_reach_the_metrics_of_the_result(job_of, trial_of, cache_of, kind):
    job, trial = job_of(kind), trial_of(kind)
    result = run_trial(trial, job, go_on)
    task, cache = job.spec.task, cache_of(job)
    model = build_model(trial.config, task)
    load_weights(model, Path(job.folder) / result.weights)
    model.to(memory_format=torch.channels_last)
    forward = Forward(model, result.normalization, torch.device("cpu"), "fp32")
    rows = cache.index(job.split.val)
    val = Part(cache.images, cache.targets, rows, classes=len(task.classes))
    seen = evaluate(forward, build_loss(str(trial.config["training.loss"])), task, val, 1)
    assert {**seen.metrics, "loss": seen.loss} == pytest.approx(result.metrics, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_trial_is_a_function_of_its_config_and_seed(job_of, trial_of, kind):
    job, first, twin = job_of(kind), trial_of(kind, number=1), trial_of(kind, number=2)
    other = trial_of(kind, number=3, seed=6, training__optimizer="sgd")
    state = torch.random.get_rng_state()
    results = {trial.number: run_trial(trial, job, go_on) for trial in (first, other)}
    assert torch.equal(state, torch.random.get_rng_state())
    torch.manual_seed(123)
    np.random.seed(4)
    results[2] = run_trial(twin, job, go_on)
    assert results[1].metrics == results[2].metrics != results[3].metrics
    assert histories(job, first) == histories(job, twin)
    files = [(job.trial_folder(t) / "weights.safetensors").read_bytes() for t in (first, twin)]
    assert files[0] == files[1]


def test_a_stopped_trial_returns_what_it_reached(job_of, trial_of):
    job, trial = job_of("segmentation"), trial_of("segmentation")
    result = run_trial(trial, job, lambda m: Decision.STOP if m.epoch == 2 else Decision.CONTINUE)
    assert result.epochs == len(histories(job, trial)) == 2
    assert (job.trial_folder(trial) / "weights.safetensors").exists()


def test_each_epoch_is_on_disk_before_it_is_reported(job_of, trial_of):
    job, trial = job_of("segmentation"), trial_of("segmentation")

    def report(measurement):
        assert len(histories(job, trial)) == measurement.epoch
        return Decision.CONTINUE

    run_trial(trial, job, report)


def test_an_interrupt_leaves_no_result_and_a_repetition_ends_alike(job_of, trial_of):
    job, trial = job_of("segmentation"), trial_of("segmentation")
    whole = run_trial(trial, job, go_on)
    whole_history = histories(job, trial)

    def interrupt(measurement):
        if measurement.epoch == 2:
            raise KeyboardInterrupt
        return Decision.CONTINUE

    with pytest.raises(KeyboardInterrupt):
        run_trial(trial, job, interrupt)
    folder = job.trial_folder(trial)
    assert not (folder / "result.json").exists()
    assert len(histories(job, trial)) == 2
    again = run_trial(trial, job, go_on)
    assert again.metrics == whole.metrics
    assert histories(job, trial) == whole_history
    assert not [p for p in folder.iterdir() if p.name.startswith(".")]


def test_a_config_chooses_its_preprocessing(job_of, trial_of):
    job = job_of("classification")
    raw = run_trial(trial_of("classification", number=1), job, go_on)
    otsu = run_trial(trial_of("classification", number=2, data__preprocess="otsu"), job, go_on)
    assert raw.metrics["loss"] != otsu.metrics["loss"]


def test_a_config_chooses_its_normalization_and_augmentation(job_of, trial_of):
    job = job_of("segmentation")
    base = run_trial(trial_of("segmentation", number=1), job, go_on)
    imagenet = fixed_normalization(job.spec.task)
    assert base.normalization == imagenet
    changes = [
        {"data__normalize": "symmetric"}, {"augment__strength": 0.0}, {"augment__rotation": 90.0},
        {"augment__coarse_dropout": 1.0},
    ]  # fmt: skip
    losses = {base.metrics["loss"]}
    for number, change in enumerate(changes, start=2):
        result = run_trial(trial_of("segmentation", number=number, **change), job, go_on)
        losses.add(result.metrics["loss"])
        assert (result.normalization == imagenet) == ("data__normalize" not in change)
    assert len(losses) == 1 + len(changes)
    same = trial_of("segmentation", number=9, data__normalize="imagenet", augment__strength=1.0)
    assert run_trial(same, job, go_on).metrics == base.metrics


@pytest.mark.parametrize("kind", ["classification", "four channels"])
def test_statistics_of_the_data_set_are_those_of_the_training_part(
    job_of, trial_of, cache_of, kind
):
    job = job_of(kind)
    model = "multiclass" if kind == "four channels" else kind
    trial = trial_of(model, data__normalize="dataset")
    result = run_trial(trial, job, lambda m: Decision.STOP)
    cache = cache_of(job)
    train = cache.images[cache.index(job.split.train)].astype(np.float64) / 255
    assert result.normalization.mean == pytest.approx(train.mean((0, 1, 2)))
    assert result.normalization.std == pytest.approx(train.std((0, 1, 2)))
    written = Result.model_validate_json((job.trial_folder(trial) / "result.json").read_bytes())
    assert written.normalization == result.normalization


@pytest.mark.parametrize(
    "change",
    [{"data__normalise": "unit"}, {"data__normalize": "zscore"}, {"augment__flip": 0.5},
     {"augment__rotation": 720.0}],
)  # fmt: skip
def test_a_key_or_value_of_the_data_that_is_not_known_is_refused(job_of, trial_of, change):
    job, trial = job_of("segmentation"), trial_of("segmentation", **change)
    with pytest.raises(SpaceError, match=next(iter(change)).replace("__", r"\.")):
        run_trial(trial, job, go_on)
    assert not job.trial_folder(trial).exists()


def test_several_classes_in_four_channels_are_learned(job_of, trial_of):
    job = job_of("four channels")
    task = job.spec.task.replace(training=job.spec.task.training.replace(epochs=12))
    job = job.replace(spec=job.spec.replace(task=task))
    result = run_trial(trial_of("multiclass"), job, go_on)
    assert result.metrics["dice"] > 0.6
    assert result.cost.input_shape == (4, 32, 48)
    each = [result.metrics["dice_cytoplasm"], result.metrics["dice_nucleus"]]
    assert result.metrics["dice"] == pytest.approx(np.mean(each))
    assert "roc_auc" not in result.metrics


def test_pretrained_weights_are_where_the_training_starts(job_of, trial_of, tmp_path):
    donor = timm.create_model("test_efficientnet")
    save_file(donor.state_dict(), tmp_path / "test_efficientnet.safetensors")
    job = job_of("segmentation", weights=str(tmp_path))
    trial = trial_of("segmentation", training__learning_rate=1e-12, training__weight_decay=0.0)
    result = run_trial(trial, job, lambda m: Decision.STOP)
    loaded = load_file(Path(job.folder) / result.weights)
    torch.testing.assert_close(
        loaded["encoder.model.conv_stem.weight"], donor.state_dict()["conv_stem.weight"]
    )


def test_missing_weights_are_never_replaced_by_random_ones(job_of, trial_of, tmp_path):
    with pytest.raises(WeightsError, match="test_efficientnet"):
        run_trial(trial_of("segmentation"), job_of("segmentation", weights=str(tmp_path)), go_on)


def test_a_missing_cache_is_named(job_of, trial_of, tmp_path):
    job = job_of("segmentation").replace(cache=str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="nowhere"):
        run_trial(trial_of("segmentation"), job, go_on)


def test_what_cannot_be_built_is_refused_before_anything_is_written(job_of, trial_of):
    job, trial = job_of("segmentation"), trial_of("segmentation", model__encoder="test_vit")
    with pytest.raises(BuildError, match="test_vit"):
        run_trial(trial, job, go_on)
    assert not job.trial_folder(trial).exists()


def test_a_diverged_trial_raises_and_leaves_no_result(job_of, trial_of):
    job = job_of("segmentation")
    trial = trial_of("segmentation", training__learning_rate=1e30, training__optimizer="sgd")
    with pytest.raises(DivergedError):
        run_trial(trial, job, go_on)
    assert {p.name for p in job.trial_folder(trial).iterdir()} == {"history.jsonl"}


@pytest.mark.parametrize(
    ("limit", "name"), [(100_000, "weights.safetensors"), (10, "history.jsonl")]
)
def test_a_full_disk_is_told_with_the_file(job_of, trial_of, limit, name, files_no_larger_than):
    job, trial = job_of("segmentation"), trial_of("segmentation")
    with files_no_larger_than(limit), pytest.raises(WorkspaceError, match=f"{name} cannot be"):
        run_trial(trial, job, lambda m: Decision.STOP)
    assert not (job.trial_folder(trial) / "result.json").exists()
    assert not (job.trial_folder(trial) / "weights.safetensors").exists()
    assert not [p for p in job.trial_folder(trial).iterdir() if p.name.startswith(".")]


def test_a_folder_that_cannot_be_made_is_named(job_of, trial_of):
    job = job_of("segmentation")
    Path(job.folder).parent.mkdir(parents=True)
    Path(job.folder).write_text("a file stands here")
    with pytest.raises(WorkspaceError, match=r"trials/0007 cannot be written"):
        run_trial(trial_of("segmentation"), job, go_on)


def test_a_result_is_plain_json(job_of, trial_of):
    job, trial = job_of("classification"), trial_of("classification")
    run_trial(trial, job, lambda m: Decision.STOP)
    found = json.loads((job.trial_folder(trial) / "result.json").read_text())
    assert found["cost"]["macs"]["source"] == "predicted"
    assert {"f1_benign", "f1_early", "f1_macro", "roc_auc", "loss"} <= set(found["metrics"])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("kind", KINDS)
def test_a_trial_on_a_gpu_measures_its_memory(job_of, trial_of, kind):
    result = run_trial(trial_of(kind), job_of(kind).replace(device="cuda"), go_on)
    assert result.device == "cuda"
    assert result.cost.peak_memory_bytes.value > 1e6
