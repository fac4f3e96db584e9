"""The pictures of one trial, drawn from what its folder holds."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from automed.analysis.confusion import write_confusion
from automed.analysis.curves import write_curves
from automed.analysis.overlay import Example, write_overlays
from automed.domain.history import HISTORY, read_history
from automed.domain.result import Result

PREVIEW = "preview.npz"
PREDICTIONS = "predictions.npz"
RESULT = "result.json"


def render(trial_folder: Path, classes: Sequence[str]) -> list[Path]:
    """Draw what can be drawn of a trial, into its folder.

    Args:
        trial_folder: Holds ``history.jsonl`` and ``preview.npz`` or ``predictions.npz``; what is
            missing or torn is left out.
        classes: Names of the classes. Empty for a classification whose data set names them: they
            are then numbered.

    Returns:
        The pictures that were written, of ``overlays.png``, ``confusion.png``, ``curves.png``.
    """
    drawings: tuple[Callable[[Path, Sequence[str]], Path | None], ...] = (
        _overlays, _confusion, _curves,
    )  # fmt: skip
    return [path for draw in drawings if (path := draw(trial_folder, classes)) is not None]


def _overlays(folder: Path, classes: Sequence[str]) -> Path | None:
    arrays = _load(folder / PREVIEW, ("ids", "images", "masks", "probabilities", "dice"))
    if arrays is None:
        return None
    ids, images, masks, probabilities, dice = arrays
    examples = [
        Example(str(i), image, mask, probability >= 128, float(d))
        for i, image, mask, probability, d in zip(
            ids, images, masks, probabilities, dice, strict=True
        )
    ]
    if not examples:
        return None
    what = f" of {classes[0]}" if classes else ""
    title = f"Validation predictions{what}, {_name(folder)}"
    return write_overlays(examples, folder / "overlays.png", title)


def _confusion(folder: Path, classes: Sequence[str]) -> Path | None:
    arrays = _load(folder / PREDICTIONS, ("labels", "probabilities"))
    if arrays is None:
        return None
    labels, probabilities = arrays
    if not len(labels):
        return None
    predicted = probabilities.argmax(axis=1)
    names = list(classes) or [f"class {i}" for i in range(probabilities.shape[1])]
    accuracy = float((predicted == labels).mean())
    title = f"Validation, {_name(folder)}: {len(labels)} images, accuracy {accuracy:.3f}"
    return write_confusion(labels, predicted, names, folder / "confusion.png", title)


def _curves(folder: Path, classes: Sequence[str]) -> Path | None:
    del classes  # curves know none; every drawing takes the same two things
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


def _load(path: Path, names: Sequence[str]) -> list[np.ndarray] | None:
    try:
        # Opened here, for numpy leaves a file open that turns out to be torn.
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            return [file[name] for name in names]
    except (FileNotFoundError, KeyError, EOFError, ValueError, zipfile.BadZipFile):
        return None


def _name(folder: Path) -> str:
    return f"trial {int(folder.name)}" if folder.name.isdecimal() else folder.name
