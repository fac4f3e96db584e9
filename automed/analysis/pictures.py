"""The pictures of one trial, drawn from what its folder holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from pydantic import ValidationError

from automed.analysis.class_overlay import write_class_overlays
from automed.analysis.confusion import write_confusion
from automed.analysis.curves import write_curves
from automed.analysis.example import Example
from automed.analysis.overlay import write_overlays
from automed.analysis.roc import roc_of_trial, write_roc
from automed.analysis.trial_arrays import load_arrays
from automed.domain.history import HISTORY, read_history
from automed.domain.result import Result
from automed.domain.trial_files import PREDICTIONS, PREVIEW, RESULT
from automed.training.metrics.classification import confusion


def render(trial_folder: Path, classes: Sequence[str]) -> list[Path]:
    """Draw what can be drawn of a trial, into its folder.

    Args:
        trial_folder: Holds ``history.jsonl`` and ``preview.npz`` or ``predictions.npz``; what is
            missing or torn is left out.
        classes: Names of the classes. Empty for a classification whose data set names them: they
            are then numbered.

    Returns:
        The pictures that were written, of ``overlays.png``, ``confusion.png``, ``roc.png``,
        ``curves.png``. Masks of one class have no confusion matrix, those of several no ROC curve.
    """
    drawings: tuple[Callable[[Path, Sequence[str]], Path | None], ...] = (
        _overlays, _class_overlays, _pixel_confusion, _confusion, _roc, _curves,
    )  # fmt: skip
    return [path for draw in drawings if (path := draw(trial_folder, classes)) is not None]


def _overlays(folder: Path, classes: Sequence[str]) -> Path | None:
    arrays = load_arrays(folder / PREVIEW, ("ids", "images", "masks", "probabilities", "dice"))
    if arrays is None or not len(arrays[0]):
        return None
    ids, images, masks, probabilities, dice = arrays
    what = f" of {classes[0]}" if classes else ""
    title = f"Validation predictions{what}, {_name(folder)}"
    examples = _examples(ids, images, masks, probabilities >= 128, dice)
    return write_overlays(examples, folder / "overlays.png", title)


def _class_overlays(folder: Path, classes: Sequence[str]) -> Path | None:
    arrays = load_arrays(folder / PREVIEW, ("ids", "images", "masks", "predictions", "dice"))
    if arrays is None or not len(arrays[0]):
        return None
    title = f"Validation predictions, {_name(folder)}"
    return write_class_overlays(_examples(*arrays), classes, folder / "overlays.png", title)


def _examples(*arrays: NDArray[Any]) -> list[Example]:
    """Examples of ids, images, masks, predictions and Dice."""
    return [
        Example(str(name), image, mask, prediction, float(dice))
        for name, image, mask, prediction, dice in zip(*arrays, strict=True)
    ]


def _pixel_confusion(folder: Path, classes: Sequence[str]) -> Path | None:
    arrays = load_arrays(folder / PREVIEW, ("confusion",))
    if arrays is None:
        return None
    (counts,) = arrays
    accuracy = counts.trace() / counts.sum()
    title = f"Validation pixels, {_name(folder)}: accuracy {accuracy:.3f}"
    names = ["background", *(classes or _numbered(len(counts) - 1, first=1))]
    return write_confusion(counts, names, folder / "confusion.png", title)


def _confusion(folder: Path, classes: Sequence[str]) -> Path | None:
    arrays = load_arrays(folder / PREDICTIONS, ("labels", "probabilities"))
    if arrays is None or not len(arrays[0]):
        return None
    counts = confusion(*arrays)
    accuracy = counts.trace() / counts.sum()
    title = f"Validation, {_name(folder)}: {counts.sum()} images, accuracy {accuracy:.3f}"
    names = classes or _numbered(len(counts))
    return write_confusion(counts, names, folder / "confusion.png", title)


def _roc(folder: Path, classes: Sequence[str]) -> Path | None:
    del classes  # every drawing takes the same two things
    roc = roc_of_trial(folder, _name(folder))
    if roc is None:
        return None
    return write_roc([roc], folder / "roc.png", f"ROC on the validation part, {_name(folder)}")


def _curves(folder: Path, classes: Sequence[str]) -> Path | None:
    del classes  # every drawing takes the same two things
    history = read_history(folder / HISTORY)
    if not history:
        return None
    title = f"Training, {_name(folder)}"
    return write_curves(history, folder / "curves.png", title, _best_epoch(folder / RESULT))


def _best_epoch(path: Path) -> int | None:
    try:
        return Result.model_validate_json(path.read_bytes()).best_epoch
    except (FileNotFoundError, ValidationError):
        return None


def _numbered(count: int, first: int = 0) -> list[str]:
    return [f"class {index}" for index in range(first, first + count)]


def _name(folder: Path) -> str:
    return f"trial {int(folder.name)}" if folder.name.isdecimal() else folder.name
