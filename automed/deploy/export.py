"""From a trial to a bundle."""

from __future__ import annotations

import hashlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import automed
from automed.deploy.intervals import intervals_of
from automed.deploy.standalone.runner.preprocess import CROP, NEED_OPENCV, STEPS
from automed.deploy.trained import OnnxModel, onnx_model, trained_task
from automed.deploy.weights_origin import weights_origin
from automed.deploy.write_bundle import check_target, write_bundle
from automed.domain.bundle import Bundle, Origin
from automed.domain.compression import dense
from automed.domain.cost import Cost, Quantity
from automed.domain.errors import BundleError
from automed.domain.result import Result
from automed.domain.task import AnyTask
from automed.domain.trial import Trial, TrialState
from automed.domain.workspace import trial_folder
from automed.search.view import StudyView

REQUIREMENTS = ("numpy>=1.26", "onnxruntime>=1.20", "pillow>=10.4")
OPENCV = "opencv-python-headless>=4.10"

_LIBRARIES = (
    "torch", "timm", "segmentation-models-pytorch", "torch-pruning", "onnx", "onnxruntime",
    "numpy", "pillow", "opencv-python-headless",
)  # fmt: skip


_STOPPED = ("its training was stopped early: it is no point of the front",)


def export_trial(
    study: StudyView, trial: Trial, target: Path, cache: Path, *, force: bool = False
) -> Bundle:
    """Write a trial's model as a bundle.

    Args:
        study: The trial's.
        trial: Complete, or stopped early.
        target: The bundle's folder; new, empty, or a bundle where ``force``.
        cache: The workspace's folder of image caches: its validation images check a model that is
            exported only now.
        force: Whether a bundle that is there may be replaced.

    Returns:
        What the manifest says.

    Raises:
        BundleError: The trial has no result, its files are gone, the target is taken, or its images
            were prepared by a plugin's own step.
        WeightsError: Its weights are damaged.
        ExportError: It cannot be exported, or the file does not do what the model does.
    """
    check_target(target, force=force)
    if trial.result is None:
        done = [str(t.number) for t in study.trials if t.state is TrialState.COMPLETE]
        raise BundleError(
            f"trial {trial.number} of {study.spec.name} has no model: it is {trial.label}",
            expected=f"one of the trials that are done: {', '.join(done) or 'none yet'}",
        )
    _refuse_own_steps(trained_task(study, trial))
    with onnx_model(study, trial, cache) as model:
        bundle = _bundle(study, trial, trial.result, model)
        write_bundle(bundle, model.path, target, force=force)
    return bundle


def _bundle(study: StudyView, trial: Trial, result: Result, model: OnnxModel) -> Bundle:
    spec, task = study.spec, trained_task(study, trial)
    stopped = trial.state is TrialState.PRUNED
    data = model.path.read_bytes()
    intervals, images = intervals_of(trial_folder(study.folder, trial.number))
    assert result.normalization is not None
    return Bundle(
        kind=task.kind, task=task.name, title=task.title, classes=task.classes,
        input_shape=(task.channels, *task.image_size), preprocess=task.preprocess,
        window=task.window, normalization=result.normalization,
        threshold=result.threshold if task.outputs == 1 else None,
        config=trial.config, metrics=result.metrics,
        parent_metrics=_parents_metrics(study, trial), guide=task.guide,
        intervals={k: v for k, v in intervals.items() if k in result.metrics},
        validation_images=images, predicted_cost=trial.predicted,
        cost=_cost(result.cost, model, len(data)), parity=model.parity,
        remarks=(*_STOPPED, *model.remarks) if stopped else model.remarks,
        details=result.details, demo=spec.data.is_demo,
        origin=Origin(
            study=spec.name, trial=trial.number, parent=trial.parent, study_digest=spec.digest,
            data=spec.data.name, data_digest=spec.data.digest, split_digest=result.split_digest,
            seed=spec.seed,
        ),
        weights=weights_origin(dense(trial.config), spec.weights),
        model_sha256=hashlib.sha256(data).hexdigest(), model_bytes=len(data),
        versions=_versions(spec.version), requirements=_requirements(task),
    )  # fmt: skip


def _parents_metrics(study: StudyView, trial: Trial) -> dict[str, float]:
    parents = (t.result for t in study.trials if t.number == trial.parent)
    return next((dict(result.metrics) for result in parents if result is not None), {})


def _refuse_own_steps(task: AnyTask) -> None:
    own = [name for name in task.preprocess.split("+") if name not in ("raw", CROP, *STEPS)]
    if own:
        raise BundleError(
            f"a bundle runs without plugins, and cannot do the preprocessing {own[0]!r}",
            found=f"data.preprocess = {task.preprocess!r}",
            expected=f"steps of automed's own: {', '.join(STEPS)}",
            hint="export a trial without it, or do that step to the images beforehand",
        )


def _cost(cost: Cost, model: OnnxModel, size: int) -> Cost:
    if not model.fresh:
        return cost
    measured: Cost = cost.replace(size_bytes=Quantity(value=size, source="measured"))
    return measured


def _requirements(task: AnyTask) -> tuple[str, ...]:
    asked = set(task.preprocess.split("+"))
    return (*REQUIREMENTS, OPENCV) if asked & set(NEED_OPENCV) else REQUIREMENTS


def _versions(searched: str) -> dict[str, str]:
    found = {"automed (search)": searched, "automed (export)": automed.__version__}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # installed under another name, as OpenCV can be
            found[name] = "unknown"
    return found
