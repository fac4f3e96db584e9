"""From a trained model to the file that a user would deploy."""

from __future__ import annotations

import torch
from torch import nn

from automed.artifact.export import export_onnx
from automed.domain.applied import applied
from automed.domain.result import Result
from automed.domain.trial import Trial
from automed.models.build import build_model
from automed.models.weights_file import load_weights
from automed.pipeline.files import ARTIFACT, WEIGHTS, replacing
from automed.pipeline.folder import relative, write_result
from automed.pipeline.job import Job
from automed.pipeline.package import package, threshold_of
from automed.pipeline.parts import parts_of
from automed.pipeline.preview import write_pictures
from automed.training.recipe import recipe_of
from automed.training.trial_loss import trial_loss


def export_trained(trial: Trial, trained: Result, model: nn.Module, job: Job) -> Result:
    """Export a trained model, and put what the file does and costs in the place of the model's.

    Writes ``model.onnx``, the arrays of the pictures, and last ``result.json``.

    Args:
        trial: Whose model it is.
        trained: Its result in PyTorch.
        model: With its best weights; is moved to the CPU.
        job: As for `run_trial`.

    Raises:
        ExportError: The model cannot be exported, or the file does not do what it does.
        DataError: The image cache is missing or damaged.
        WorkspaceError: A file cannot be written.
    """
    assert trained.normalization is not None
    task = applied(job.spec.task, trial.config)
    parts = parts_of(task, job)
    folder = job.trial_folder(trial)
    model.to("cpu", memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    with replacing(folder / ARTIFACT) as draft:
        export_onnx(model, draft, (task.channels, *task.image_size))
    loss = trial_loss(recipe_of(trial.config, task), task, parts.train)
    packed = package(
        folder / ARTIFACT, model, loss, task, parts.val, trained.normalization,
        metrics=trained.metrics, quantized=False, reference=job.latency_reference,
    )  # fmt: skip
    write_pictures(packed.forward, packed.seen, parts.val, job.split.val, folder)
    result: Result = trained.replace(
        metrics={**packed.seen.metrics, "loss": packed.seen.loss},
        cost=packed.cost.replace(peak_memory_bytes=trained.cost.peak_memory_bytes),
        artifact=relative(folder / ARTIFACT, job), parity=packed.parity,
        threshold=threshold_of(packed.seen),
    )  # fmt: skip
    write_result(result, folder)
    return result


def reload_and_export(trial: Trial, trained: Result, job: Job) -> Result:
    """As `export_trained`, with the model that an earlier process left on disk.

    Raises:
        WeightsError: The weights are missing or damaged.
        AutomedError: As `export_trained` does.
    """
    with torch.random.fork_rng(devices=[]):
        model = build_model(trial.config, applied(job.spec.task, trial.config))
    load_weights(model, job.trial_folder(trial) / WEIGHTS)
    return export_trained(trial, trained, model.eval(), job)
