"""The ONNX file of a trial, made from its weights where the search kept none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn

from automed.artifact.export import export_onnx
from automed.artifact.parity import check_export, compare
from automed.artifact.session import OnnxForward
from automed.data.cache import cache_key, open_cache
from automed.domain.applied import applied
from automed.domain.compression import dense
from automed.domain.errors import BundleError, DataError
from automed.domain.normalization import Normalization
from automed.domain.parity import Parity
from automed.domain.result import Result
from automed.domain.split import Split
from automed.domain.task import AnyTask
from automed.domain.trial import Trial
from automed.models.build import build_model
from automed.models.weights_file import load_weights
from automed.search.view import StudyView
from automed.training.evaluate import BATCH
from automed.training.forward import Forward
from automed.training.part import Part

NOT_COMPARED = (
    "exported from the trained weights and compared with the PyTorch model on noise only: the "
    "image cache of the validation images is gone"
)
SCORED_IN_PYTORCH = "the metrics are those of the PyTorch model that this file was exported from"


@dataclass(frozen=True)
class OnnxModel:
    """A file to deploy.

    Attributes:
        path: Of the ONNX file.
        parity: How it compares with the PyTorch model, where that is known.
        remarks: What the result does not say yet.
        fresh: Whether it was made just now, so that its size is not the result's.
    """

    path: Path
    parity: Parity | None
    remarks: tuple[str, ...] = ()
    fresh: bool = False


@contextmanager
def onnx_model(study: StudyView, trial: Trial, cache: Path) -> Iterator[OnnxModel]:
    """The trial's ONNX file: the one that the search scored, else one exported for the while.

    Args:
        study: The trial's.
        trial: Complete.
        cache: The workspace's folder of image caches.

    Raises:
        BundleError: The trial's files are gone.
        WeightsError: Its weights are damaged.
        ExportError: The model cannot be exported, or its file does not do what the model does.
    """
    result = trial.result
    assert result is not None
    if result.artifact is not None and result.artifact.endswith(".onnx"):
        path = study.folder / result.artifact
        _check_there(path, trial)
        yield OnnxModel(path, result.parity, result.remarks)
        return
    # Studies of earlier versions name their weights as the artifact.
    weights = study.folder / (result.weights or result.artifact or "weights.safetensors")
    _check_there(weights, trial)
    with TemporaryDirectory() as folder:
        yield _exported(study, trial, result, weights, cache, Path(folder) / "model.onnx")


def trained_task(study: StudyView, trial: Trial) -> AnyTask:
    """The study's task as the trial's config trains it."""
    return applied(study.spec.task, dense(trial.config))


def _exported(
    study: StudyView, trial: Trial, result: Result, weights: Path, cache: Path, path: Path
) -> OnnxModel:
    task = trained_task(study, trial)
    model = _model(trial, task, weights)
    export_onnx(model, path, (task.channels, *task.image_size))
    images = _validation_images(study, task, cache)
    shown = _noise(task) if images is None else images
    assert result.normalization is not None
    parity = _compared(model, path, result.normalization, shown, result)
    said = (SCORED_IN_PYTORCH,) if images is not None else (SCORED_IN_PYTORCH, NOT_COMPARED)
    known = None if images is None else parity
    return OnnxModel(path, known, (*result.remarks, *said), fresh=True)


def _model(trial: Trial, task: AnyTask, weights: Path) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        model = build_model(dense(trial.config), task)
    load_weights(model, weights)
    return model.eval()


def _compared(
    model: nn.Module, path: Path, normalization: Normalization, images: Tensor, result: Result
) -> Parity:
    plain = Forward(model, normalization, torch.device("cpu"), "fp32")
    plain.eval()
    with torch.inference_mode():
        compared = compare(plain, OnnxForward(path, normalization), images)
    check_export(compared)
    return Parity(
        max_difference=compared.max_difference, snr_db=compared.snr_db, metrics=result.metrics
    )


def _validation_images(study: StudyView, task: AnyTask, cache: Path) -> Tensor | None:
    """Up to a batch of validation images in [0, 1]; None where cache or split are gone."""
    try:
        split = Split.model_validate_json((study.folder / "split.json").read_bytes())
        found = open_cache(cache, cache_key(study.spec.data.digest, task))
        rows = found.index(split.val[:BATCH])
    except (OSError, ValueError, DataError):
        return None
    part = Part(found.images, found.targets, rows, classes=len(task.classes))
    return part.batch(torch.arange(len(part)).numpy(), torch.device("cpu"))[0]


def _noise(task: AnyTask) -> Tensor:
    source = torch.Generator().manual_seed(0)
    return torch.rand(4, task.channels, *task.image_size, generator=source)


def _check_there(path: Path, trial: Trial) -> None:
    if not path.is_file():
        raise BundleError(
            f"trial {trial.number} cannot be exported: its {path} is gone",
            hint="restore it from a backup, or choose another trial with --trial",
        )
