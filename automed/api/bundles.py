"""Bundles: made of a trial, used, and timed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from automed.api.front import show_front
from automed.api.progress import Steps, silent
from automed.api.request import check_positive
from automed.deploy import predict as deployed
from automed.deploy.bench import Speed, bench, usual_threads
from automed.deploy.export import export_trial
from automed.deploy.read_bundle import read_bundle
from automed.domain.bundle import Bundle
from automed.domain.errors import BundleError
from automed.domain.trial import Trial
from automed.domain.workspace import Workspace
from automed.search.view import StudyView, read_study

__all__ = [
    "Exported", "Predicted", "Speed",
    "bench_bundle", "export_bundle", "predict_with", "read_bundle",
]  # fmt: skip


@dataclass(frozen=True)
class Exported:
    """A bundle that was just written.

    Attributes:
        folder: Where it lies.
        bundle: Its manifest.
        chosen: Whether the trial is the front's knee, because none was named.
    """

    folder: Path
    bundle: Bundle
    chosen: bool


def export_bundle(
    study: str,
    workspace: Workspace,
    *,
    trial: int | None = None,
    output: Path | None = None,
    force: bool = False,
) -> Exported:
    """Write a trial of a study as a bundle.

    Args:
        study: Its name.
        workspace: Where it lies.
        trial: Its number; None: the knee of the front.
        output: The bundle's folder; None: ``STUDY-trial-N`` in the current folder.
        force: Whether a bundle that is there may be replaced.

    Raises:
        StudyError: There is no such study.
        BundleError: There is no such trial, it has no model, or the folder is taken.
        WeightsError: The trial's weights are damaged.
        ExportError: The model cannot be exported, or its file does not do what the model does.
    """
    show_front(study, workspace)  # says which studies there are
    view = read_study(workspace.studies / study)
    chosen = _knee(view, workspace) if trial is None else _named(view, trial)
    folder = output or Path(f"{study}-trial-{chosen.number}")
    bundle = export_trial(view, chosen, folder, workspace.cache, force=force)
    return Exported(folder, bundle, chosen=trial is None)


def _knee(view: StudyView, workspace: Workspace) -> Trial:
    front = view.front()
    if front.knee is None:
        raise BundleError(
            f"study {view.spec.name} has no complete trial yet to export",
            hint=f"automed search {view.spec.task.name} --resume --name {view.spec.name}"
            f"{workspace.flag}",
        )
    return _named(view, front.knee)


def _named(view: StudyView, number: int) -> Trial:
    for trial in view.trials:
        if trial.number == number:
            return trial
    raise BundleError(
        f"--trial {number}: study {view.spec.name} has no such trial",
        expected=f"0 to {len(view.trials) - 1}" if view.trials else "a study with trials",
        hint=f"automed front {view.spec.name}",
    )


@dataclass(frozen=True)
class Predicted:
    """What came of a prediction.

    Attributes:
        bundle: What predicted.
        images: How many were found.
        report: The table, and what was left out.
    """

    bundle: Bundle
    images: int
    report: deployed.Report


def predict_with(
    folder: Path,
    given: Sequence[str],
    output: Path,
    *,
    overlays: bool = True,
    threads: int = 0,
    threshold: float | None = None,
    force: bool = False,
    steps: Steps = silent,
) -> Predicted:
    """Predict images with a bundle and write masks, overlays and a table.

    Args:
        folder: Of the bundle.
        given: Files, folders (with all below them) and patterns.
        output: Folder for the results.
        overlays: Whether to draw masks over their images.
        threads: Within an operator; 0: as many as the machine has cores.
        threshold: Of a binary segmentation, in place of the manifest's.
        force: Whether results that are there may be replaced.
        steps: Hears of the progress.

    Raises:
        BundleError: The bundle is not usable, no image is found, or the folder cannot be written
            or holds earlier results.
    """
    if threshold is not None and not 0 < threshold < 1:
        raise BundleError("--threshold", found=threshold, expected="more than 0 and less than 1")
    if threads < 0:
        raise BundleError("--threads", found=threads, expected="0 (all cores) or more")
    bundle = read_bundle(folder)
    deployed.refuse_earlier(output, force)
    model = deployed.open_model(folder, threads, threshold)
    images = deployed.find_images(given, output)
    tick = steps(f"Predicting {len(images)} images")
    report = deployed.predict_images(model, bundle, images, output, overlays=overlays, tick=tick)
    return Predicted(bundle, len(images), report)


def bench_bundle(
    folder: Path,
    *,
    threads: Sequence[int] = (),
    batches: Sequence[int] = (1, 8),
    seconds: float = 2.0,
    steps: Steps = silent,
) -> tuple[Bundle, list[Speed]]:
    """Time a bundle's model on this machine.

    Args:
        folder: Of the bundle.
        threads: Within an operator; empty: 1, 2, 4, ... and all cores.
        batches: Images in a call.
        seconds: For each measurement.
        steps: Hears of the progress.

    Raises:
        BundleError: The bundle is not usable.
        ExportError: The runtime refuses its model.
    """
    check_positive("--seconds", seconds, "more than 0")
    for flag, values in (("--threads", threads), ("--batch", batches)):
        if any(value < 1 for value in values):
            raise BundleError(flag, found=list(values), expected="whole numbers, at least 1")
    bundle = read_bundle(folder)
    tick = steps("Timing the model")
    counts = tuple(threads) or usual_threads()
    return bundle, list(bench(folder, bundle, counts, batches, seconds, tick))
