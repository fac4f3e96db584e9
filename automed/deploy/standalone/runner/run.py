"""All images, one after the other; one that is bad does not stop the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .files import MASKS, OVERLAYS, TABLE
from .model import Model
from .preprocess import Image
from .read import read_image
from .refused import RefusedError
from .write import columns, row, write_mask, write_overlay, write_table

Reader = Callable[[Path, int], Image]
"""From a path and a number of channels to uint8 (height, width, channels)."""


def _silent(done: int, total: int) -> None:
    del done, total


@dataclass(frozen=True)
class Report:
    """What came of a run.

    Attributes:
        table: The CSV; None: no image could be read.
        header: Of the table.
        rows: Of the table, one an image, in order.
        problems: Why images were left out.
    """

    table: Path | None
    header: list[str]
    rows: list[list[str]]
    problems: list[str]


def predict_files(
    model: Model,
    images: Mapping[Path, str],
    out: Path,
    *,
    overlays: bool = True,
    read: Reader = read_image,
    tick: Callable[[int, int], None] = _silent,
) -> Report:
    """Predict images and write ``masks/``, ``overlays/`` and ``predictions.csv``.

    Files of the same names are replaced, others stay. What was done is in the table even if the
    run is interrupted.

    Args:
        model: The bundle.
        images: Paths, and the names of their results.
        out: The folder to write to.
        overlays: Whether to draw masks over their images.
        read: Reads an image; raises RefusedError where it cannot.
        tick: Called with how many are done, and how many there are.

    Raises:
        OSError: The folder cannot be written to.
    """
    out.mkdir(parents=True, exist_ok=True)
    header, rows, problems = columns(model), [], []
    try:
        for done, (path, name) in enumerate(images.items(), start=1):
            try:
                image = read(path, model.channels)
            except RefusedError as error:
                problems.append(str(error))
            else:
                rows.append(_one(model, image, path, out, name, overlays=overlays))
            tick(done, len(images))
    finally:
        if rows:
            write_table(header, rows, out / TABLE)
    return Report(out / TABLE if rows else None, header, rows, problems)


def _one(
    model: Model, image: Image, path: Path, out: Path, name: str, *, overlays: bool
) -> list[str]:
    prediction = model.predict(image)
    file = f"{MASKS}/{name}.png"
    if prediction.mask is not None:
        write_mask(prediction.mask, out / file, binary=model.binary)
        if overlays:
            write_overlay(image, prediction.mask, out / OVERLAYS / f"{name}.png")
    return row(path.as_posix(), file, prediction)
