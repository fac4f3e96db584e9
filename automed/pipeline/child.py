"""A child: the model of an earlier trial, compressed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import torch
from pydantic import ValidationError
from torch import nn

from automed.compression.bench import Bench
from automed.compression.method import Details
from automed.compression.methods import compress
from automed.domain.applied import applied
from automed.domain.compression import compression_of, dense
from automed.domain.decision import Decision
from automed.domain.digest import derive_seed
from automed.domain.errors import TrainingError
from automed.domain.measurement import Measurement
from automed.domain.result import Result
from automed.domain.task import AnyTask
from automed.domain.trial import Trial
from automed.domain.trial_files import RESULT
from automed.models.build import build_model
from automed.models.weights_file import load_weights
from automed.pipeline.files import ARTIFACT, WEIGHTS, History, replacing
from automed.pipeline.folder import fresh_folder, relative, write_result
from automed.pipeline.job import Job
from automed.pipeline.package import package, threshold_of
from automed.pipeline.parts import parts_of
from automed.pipeline.preview import write_pictures
from automed.training.device import resolve_device
from automed.training.evaluate import Evaluation
from automed.training.recipe import recipe_of
from automed.training.trial_loss import trial_loss

Report = Callable[[Measurement], Decision]


def run_child(trial: Trial, job: Job, report: Report) -> Result:
    """Compress the model of a trial's parent, and score the file that comes out.

    A function of its arguments, of the parent's weights and of the image cache, as `run_trial`.
    Writes ``model.onnx``, ``history.jsonl``, ``preview.npz`` or ``predictions.npz``, and last
    ``result.json``.

    Args:
        trial: Has a parent, and a config that says how to compress.
        job: As for `run_trial`.
        report: Hears of each epoch of fine-tuning.

    Raises:
        TrainingError: The parent's files are gone, or fine-tuning fails.
        CompressionError: The model cannot be compressed in this way.
        ExportError: The file does not do what the model does.
        DataError: The image cache is missing or damaged.
        WorkspaceError: A file cannot be written.
    """
    began = time.monotonic()
    folder = fresh_folder(trial, job)
    parent = _parent(trial, job)
    heard = _Heard(History(folder), report)
    bench = _bench(trial, parent, job, heard)
    plain, details = _compressed(trial, bench, job)
    loss = trial_loss(bench.recipe, bench.task, bench.train)
    packed = package(
        folder / ARTIFACT, plain, loss, bench.task, bench.val, bench.normalization,
        metrics=None, quantized=bench.compression.quantized, reference=job.latency_reference,
    )  # fmt: skip
    write_pictures(packed.forward, packed.seen, bench.val, job.split.val, folder)
    result = Result(
        metrics={**packed.seen.metrics, "loss": packed.seen.loss}, cost=packed.cost,
        epochs=heard.epochs, best_epoch=0, seconds=time.monotonic() - began,
        artifact=relative(folder / ARTIFACT, job), parity=packed.parity,
        threshold=threshold_of(packed.seen), split_digest=job.split.digest,
        device=str(bench.device), normalization=bench.normalization, parent=trial.parent,
        details=details, remarks=_remarks(parent, packed.seen, job, bench.task),
    )  # fmt: skip
    write_result(result, folder)
    return result


class _Heard:
    """Keeps, counts and passes on the epochs of all fine-tunings, numbered through."""

    def __init__(self, history: History, report: Report) -> None:
        self._history = history
        self._report = report
        self.epochs = 0

    def __call__(self, measurement: Measurement) -> Decision:
        self.epochs += 1
        numbered: Measurement = measurement.replace(epoch=self.epochs)
        self._history.add(numbered)
        return self._report(numbered)


def _parent(trial: Trial, job: Job) -> Result:
    assert trial.parent is not None
    folder = job.folder_of(trial.parent)
    try:
        result = Result.model_validate_json((folder / RESULT).read_bytes())
    except (OSError, ValidationError) as error:
        raise _gone(folder / RESULT, trial) from error
    if not (folder / WEIGHTS).is_file():
        raise _gone(folder / WEIGHTS, trial)
    return result


def _gone(file: Path, trial: Trial) -> TrainingError:
    return TrainingError(
        f"trial {trial.number} compresses the model of trial {trial.parent}, whose {file} cannot "
        "be read",
        expected="the file that the parent's training left there",
        hint="restore it from a backup, or search anew",
    )


def _bench(trial: Trial, parent: Result, job: Job, report: Report) -> Bench:
    compression = compression_of(trial.config)
    assert compression is not None
    assert parent.normalization is not None
    config = dense(trial.config)
    task = applied(job.spec.task, config)
    parts = parts_of(task, job)
    return Bench(
        compression=compression, task=task, recipe=recipe_of(config, task), train=parts.train,
        val=parts.val, normalization=parent.normalization, seed=trial.seed,
        device=resolve_device(job.device), report=report,
    )  # fmt: skip


def _compressed(trial: Trial, bench: Bench, job: Job) -> tuple[nn.Module, Details]:
    assert trial.parent is not None
    device = bench.device
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(derive_seed(trial.seed, "weights"))
        model = build_model(dense(trial.config), bench.task)
        load_weights(model, job.folder_of(trial.parent) / WEIGHTS)
        model.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        with replacing(job.trial_folder(trial) / ARTIFACT) as draft:
            return compress(model.eval(), draft, bench)


def _remarks(parent: Result, seen: Evaluation, job: Job, task: AnyTask) -> tuple[str, ...]:
    quality = task.quality
    before, after = (metrics[quality.metric] for metrics in (parent.metrics, seen.metrics))
    drop = quality.loss(after) - quality.loss(before)
    if drop <= job.spec.max_drop:
        return ()
    return (
        f"{quality.label} is {drop:.3f} worse than its parent's {before:.3f} "
        f"(allowed: {job.spec.max_drop:g})",
    )
