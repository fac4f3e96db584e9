"""One trial, from its config to its result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from automed.data.cache import cache_key, open_cache
from automed.data.image_cache import ImageCache
from automed.domain.applied import applied
from automed.domain.cost import Cost, Quantity
from automed.domain.decision import Decision
from automed.domain.digest import derive_seed
from automed.domain.measurement import Measurement
from automed.domain.result import Result
from automed.domain.task import AnyTask
from automed.domain.trial import Trial
from automed.models.build import build_model
from automed.models.cost import predict_cost
from automed.models.normalization import fixed_normalization
from automed.models.weights import load_pretrained
from automed.models.weights_file import save_weights
from automed.pipeline.files import RESULT, WEIGHTS, History, replacing, writing
from automed.pipeline.job import Job
from automed.pipeline.preview import write_predictions, write_preview
from automed.training.device import resolve_device
from automed.training.fit import Fitted, fit
from automed.training.part import Part
from automed.training.recipe import recipe_of
from automed.training.statistics import statistics

Report = Callable[[Measurement], Decision]


def run_trial(trial: Trial, job: Job, report: Report) -> Result:
    """Build, train, select, measure and write down one trial.

    A function of its arguments and of the image cache: on a CPU the same trial gives the same
    metrics, whatever ran before. Torch's global random state is left as it was found. The test
    part of the split is never read.

    The task trained is the study's with the config applied: its ``data.*`` and ``augment.*`` keys
    decide preprocessing, normalization and augmentation.

    Writes ``weights.safetensors``, ``history.jsonl`` (a line an epoch), ``preview.npz`` or
    ``predictions.npz``, and last ``result.json`` into the trial's folder.

    Args:
        trial: Its config and its seed decide everything.
        job: Task, data, split, folders and device.
        report: Hears of each epoch; answers whether to go on. `Decision.STOP` ends the training
            early; the result is then what was reached.

    Raises:
        SpaceError: A ``data.*`` or ``augment.*`` key of the config is unknown or not valid.
        BuildError: The config cannot be built, or not for this image size.
        WeightsError: Its pretrained weights are missing.
        DivergedError: Loss, weights or outputs stopped being finite.
        TrainingError: The config cannot be trained.
        DataError: The image cache is missing or damaged.
        WorkspaceError: A file cannot be written.
    """
    config = trial.config
    task = applied(job.spec.task, config)
    recipe = recipe_of(config, task)
    predicted = predict_cost(config, task)
    device = resolve_device(job.device)
    cache = _cache(task, job)
    train, val = (_part(cache, ids, task) for ids in (job.split.train, job.split.val))
    folder = _fresh_folder(trial, job)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(derive_seed(trial.seed, "weights"))
        model = build_model(config, task)
        load_pretrained(model, config, task, job.spec.weights)
        _forget_peak(device)
        history = History(folder)

        def heard(measurement: Measurement) -> Decision:
            history.add(measurement)
            return report(measurement)

        fitted = fit(
            model, task, recipe, train, val,
            normalization=fixed_normalization(task) or statistics(train),
            seed=trial.seed, device=device, report=heard,
        )  # fmt: skip
    with replacing(folder / WEIGHTS) as draft:
        save_weights(model, draft)
    write = write_preview if task.kind == "segmentation" else write_predictions
    write(fitted, val, job.split.val, folder)
    cost = _measured(predicted, folder / WEIGHTS, device)
    result = _result(fitted, cost, trial, job, device)
    with replacing(folder / RESULT) as draft:
        draft.write_text(result.model_dump_json(indent=1), encoding="utf-8")
    return result


def _cache(task: AnyTask, job: Job) -> ImageCache:
    key = cache_key(job.spec.data.digest, task)
    return open_cache(Path(job.cache), key)


def _part(cache: ImageCache, ids: tuple[str, ...], task: AnyTask) -> Part:
    return Part(cache.images, cache.targets, cache.index(ids), classes=len(task.classes))


def _fresh_folder(trial: Trial, job: Job) -> Path:
    """The trial's folder, without the result of an attempt that was cut off after writing it."""
    folder = job.trial_folder(trial)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / RESULT).unlink(missing_ok=True)
    return folder


def _forget_peak(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def _measured(predicted: Cost, weights: Path, device: torch.device) -> Cost:
    peak = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
    cost: Cost = predicted.replace(
        size_bytes=Quantity(value=weights.stat().st_size, source="measured"),
        peak_memory_bytes=None if peak is None else Quantity(value=peak, source="measured"),
    )
    return cost


def _result(fitted: Fitted, cost: Cost, trial: Trial, job: Job, device: torch.device) -> Result:
    best = fitted.best
    return Result(
        metrics={**best.metrics, "loss": best.loss},
        cost=cost,
        epochs=fitted.epochs,
        best_epoch=fitted.best_epoch,
        seconds=fitted.seconds,
        artifact=(job.trial_folder(trial) / WEIGHTS).relative_to(job.folder).as_posix(),
        split_digest=job.split.digest,
        device=str(device),
        normalization=fitted.forward.normalization,
    )
