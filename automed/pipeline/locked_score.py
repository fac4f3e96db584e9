"""A retrained model on the locked test part: the end of a confirmation, never part of a search."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError

from automed.artifact.session import OnnxForward
from automed.domain.applied import applied
from automed.domain.compression import dense
from automed.domain.errors import TrainingError
from automed.domain.result import Result
from automed.domain.task import AnyTask
from automed.domain.trial import Trial
from automed.domain.trial_files import RESULT
from automed.models.build import build_model
from automed.models.weights_file import load_weights
from automed.pipeline.files import ARTIFACT, WEIGHTS, replacing, writing
from automed.pipeline.job import Job
from automed.pipeline.parts import locked_part_of, parts_of
from automed.training.device import resolve_device
from automed.training.evaluate import Answers, evaluate
from automed.training.forward import Forward
from automed.training.recipe import recipe_of
from automed.training.trial_loss import trial_loss

SCORE = "test.json"
OUTPUTS = "test.npz"


@dataclass(frozen=True, eq=False)
class LockedScore:
    """What a model does on the test part.

    Attributes:
        metrics: As `automed.training.evaluate.Evaluation` has them.
        outputs: The same; one row an image, in the part's order.
        labels: Of a classification, shape (images,); empty otherwise.
    """

    metrics: dict[str, float]
    outputs: NDArray[Any]
    labels: NDArray[np.int64]


def score_locked(trial: Trial, job: Job) -> None:
    """Score a retrained model on the test part, once, and write down what it does.

    Writes ``test.npz`` and last ``test.json``; the model's files are removed then, for nothing else
    is done with it, and a confirmation of ten points would fill a disk with them.

    Args:
        trial: Was trained in this job: its result and its model are there.
        job: Holds the split whose test part is read.

    Raises:
        TrainingError: The trial's files are gone, or the model's answers are not finite.
        DataError: The image cache is missing or damaged.
        WorkspaceError: A file cannot be written.
    """
    folder = job.trial_folder(trial)
    if read_locked(trial, job) is not None:
        return
    task = applied(job.spec.task, dense(trial.config))
    part = locked_part_of(task, job)
    forward = _forward(trial, _result(folder), task, job)
    loss = trial_loss(recipe_of(dense(trial.config), task), task, parts_of(task, job).train)
    seen = evaluate(forward, loss.to(forward.device), task, part, epoch=0)
    labels = part.labels if part.targets.ndim == 1 else np.zeros(0, np.int64)
    with replacing(folder / OUTPUTS) as draft, draft.open("wb") as file:
        np.savez_compressed(file, outputs=seen.outputs, labels=labels, allow_pickle=False)
    with replacing(folder / SCORE) as draft:
        metrics = {**seen.metrics, "loss": seen.loss}
        draft.write_text(json.dumps({"metrics": metrics}, indent=1), encoding="utf-8")


def read_locked(trial: Trial, job: Job) -> LockedScore | None:
    """What `score_locked` wrote; None where it did not get so far, or the files are damaged."""
    folder = job.trial_folder(trial)
    try:
        metrics = json.loads((folder / SCORE).read_text(encoding="utf-8"))["metrics"]
        with np.load(folder / OUTPUTS, allow_pickle=False) as arrays:
            return LockedScore(dict(metrics), arrays["outputs"], arrays["labels"])
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None


def remove_models(trial: Trial, job: Job) -> None:
    """Remove the weights and the exported file of a model that was scored.

    Raises:
        WorkspaceError: They cannot be removed.
    """
    folder = job.trial_folder(trial)
    with writing(folder):
        for name in (WEIGHTS, ARTIFACT):
            (folder / name).unlink(missing_ok=True)


def has_model(trial: Trial, job: Job) -> bool:
    """Whether what `score_locked` needs of a trial is there."""
    folder = job.trial_folder(trial)
    return (folder / _model_file(trial)).is_file() and (folder / RESULT).is_file()


def _model_file(trial: Trial) -> str:
    return WEIGHTS if trial.parent is None else ARTIFACT


def _forward(trial: Trial, result: Result, task: AnyTask, job: Job) -> Answers:
    assert result.normalization is not None
    folder = job.trial_folder(trial)
    if trial.parent is not None:
        return OnnxForward(folder / ARTIFACT, result.normalization)
    device = resolve_device(job.device)
    with torch.random.fork_rng(devices=[]):
        model = build_model(trial.config, task)
    load_weights(model, folder / WEIGHTS)
    model.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Forward(model, result.normalization, device, recipe_of(trial.config, task).precision)


def _result(folder: Path) -> Result:
    try:
        return Result.model_validate_json((folder / RESULT).read_bytes())
    except (OSError, ValidationError) as error:
        raise TrainingError(
            f"{folder / RESULT} cannot be read", hint="confirm once more: it is trained anew"
        ) from error
