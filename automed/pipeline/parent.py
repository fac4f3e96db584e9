"""A parent: a model that a trial trains."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from automed.domain.applied import applied
from automed.domain.cost import Cost, Quantity
from automed.domain.decision import Decision
from automed.domain.digest import derive_seed, digest
from automed.domain.errors import TrainingError
from automed.domain.measurement import Measurement
from automed.domain.result import Result
from automed.domain.task import AnyTask
from automed.domain.trial import Trial
from automed.models.build import build_model
from automed.models.cost import predict_cost
from automed.models.normalization import fixed_normalization
from automed.models.weights import load_pretrained
from automed.models.weights_file import save_weights
from automed.pipeline.exported import export_trained
from automed.pipeline.files import CHECKPOINT, TRAINED, WEIGHTS, History, replacing
from automed.pipeline.folder import fresh_folder, relative, remove_checkpoint, write_result
from automed.pipeline.job import Job
from automed.pipeline.kept_checkpoints import take_over, trim
from automed.pipeline.package import threshold_of
from automed.pipeline.parts import Parts, parts_of
from automed.pipeline.preview import write_pictures
from automed.training.device import resolve_device
from automed.training.fit import Fitted, fit
from automed.training.recipe import Recipe, recipe_of
from automed.training.statistics import statistics

Report = Callable[[Measurement], Decision]


def run_parent(trial: Trial, job: Job, report: Report) -> Result:
    """Build, train, select, export, measure and write down one trial.

    A function of its arguments and of the image cache: on a CPU the same trial gives the same
    metrics, whatever ran before. Torch's global random state is left as it was found. The test
    part of the split is never read.

    The task trained is the study's with the config applied: its ``data.*`` and ``augment.*`` keys
    decide preprocessing, normalization and augmentation.

    Writes ``weights.safetensors``, ``history.jsonl`` (a line an epoch), ``trained.json`` and
    ``model.onnx`` where the study wants files, ``preview.npz`` or ``predictions.npz``, and last
    ``result.json`` into the trial's folder. Meanwhile ``checkpoint.safetensors`` lies there: a
    trial that was interrupted goes on from it, and ends as if nothing had happened.

    Args:
        trial: Its config and its seed decide everything.
        job: Task, data, split, folders and device.
        report: Hears of each epoch; answers whether to go on. `Decision.STOP` ends the training
            early; the result is then what was reached, in PyTorch: no file is exported, and the
            checkpoint stays, for a trial that takes the training up again. Of a training that goes
            on from a checkpoint it hears all epochs again first. Whatever it raises leaves the
            training to go on from there.

    Raises:
        SpaceError: A ``data.*`` or ``augment.*`` key of the config is unknown or not valid.
        BuildError: The config cannot be built, or not for this image size.
        WeightsError: Its pretrained weights are missing.
        DivergedError: Loss, weights or outputs stopped being finite.
        TrainingError: The config cannot be trained.
        DataError: The image cache is missing or damaged.
        ExportError: The exported file does not do what the model does.
        WorkspaceError: A file cannot be written.
    """
    task = applied(job.spec.task, trial.config)
    recipe = recipe_of(trial.config, task)
    predicted = predict_cost(trial.config, task)
    parts = parts_of(task, job)
    folder = fresh_folder(trial, job)
    take_over(trial, job)
    fitted = _trained(trial, task, recipe, parts, job, report)
    with replacing(folder / WEIGHTS) as draft:
        save_weights(fitted.forward.model, draft)
    result = _in_torch(predicted, fitted, job, folder)
    if job.spec.artifact == "weights" or fitted.stopped:
        write_pictures(fitted.forward, fitted.best, parts.val, job.split.val, folder)
        write_result(result, folder, stopped=fitted.stopped)
        trim(job)
        return result
    write_result(result, folder, TRAINED)
    return export_trained(trial, result, fitted.forward.model, job)


def _in_torch(predicted: Cost, fitted: Fitted, job: Job, folder: Path) -> Result:
    size = (folder / WEIGHTS).stat().st_size
    return Result(
        metrics={**fitted.best.metrics, "loss": fitted.best.loss},
        cost=predicted.replace(
            size_bytes=Quantity(value=size, source="measured"),
            peak_memory_bytes=_peak(fitted.forward.device),
        ),
        epochs=fitted.epochs, best_epoch=fitted.best_epoch, seconds=fitted.seconds,
        weights=relative(folder / WEIGHTS, job), threshold=threshold_of(fitted.best),
        split_digest=job.split.digest, device=str(fitted.forward.device),
        normalization=fitted.forward.normalization, remarks=_remarks(fitted),
    )  # fmt: skip


def _remarks(fitted: Fitted) -> tuple[str, ...]:
    if fitted.images_at_once is None:
        return ()
    return (
        f"memory ran out: batches were trained in parts of about {fitted.images_at_once} images, "
        "which batch normalization saw one by one",
    )


def _trained(
    trial: Trial, task: AnyTask, recipe: Recipe, parts: Parts, job: Job, report: Report
) -> Fitted:
    device = resolve_device(job.device)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(derive_seed(trial.seed, "weights"))
        model = build_model(trial.config, task)
        load_pretrained(model, trial.config, task, job.spec.weights)
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        history = History(job.trial_folder(trial))

        def heard(measurement: Measurement) -> Decision:
            history.add(measurement)
            return report(measurement)

        try:
            return fit(
                model, task, recipe, parts.train, parts.val,
                normalization=fixed_normalization(task) or statistics(parts.train),
                seed=trial.seed, device=device, report=heard,
                checkpoint=job.trial_folder(trial) / CHECKPOINT, belongs_to=_identity(trial, job),
            )  # fmt: skip
        except TrainingError:  # it would only fail again
            remove_checkpoint(job.trial_folder(trial))
            raise


def _identity(trial: Trial, job: Job) -> str:
    """What decides model and data; `fit` knows the rest."""
    return digest([trial.config.digest, job.spec.weights, job.spec.data.digest, job.split.digest])


def _peak(device: torch.device) -> Quantity | None:
    if device.type != "cuda":
        return None
    return Quantity(value=torch.cuda.max_memory_allocated(device), source="measured")
