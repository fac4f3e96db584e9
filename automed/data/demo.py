"""Synthetic demo data: what automed runs on before a user has brought images."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from automed.data.atomic_folder import built_aside, locked, writing
from automed.data.demo_images import breast_cell, cell, leukemia, polyp
from automed.data.demo_images.picture import Picture
from automed.domain.errors import DataError, WorkspaceError

VERSION = 1
"""Raised when the same name gives other images: folders of an older version are drawn anew."""

MARKER = ".automed-demo.json"

SEED = 2023


@dataclass(frozen=True)
class _Demo:
    pictures: Callable[[int], Iterator[Picture]]
    count: int
    table: str | None
    about: str


DEMOS = {
    "polyp": _Demo(polyp.pictures, polyp.COUNT, polyp.TABLE, polyp.ABOUT),
    "cell": _Demo(cell.pictures, cell.COUNT, cell.TABLE, cell.ABOUT),
    "leukemia": _Demo(leukemia.pictures, leukemia.COUNT, leukemia.TABLE, leukemia.ABOUT),
    "breast_cell": _Demo(
        breast_cell.pictures, breast_cell.COUNT, breast_cell.TABLE, breast_cell.ABOUT
    ),
}
"""By the name that a task gives in ``demo``."""


def make_demo(name: str, folder: Path, progress: Callable[[int, int], None] | None = None) -> Path:
    """Draw demo data into a folder, unless they are there already.

    The images are a function of the name alone. The folder appears when all of it is written;
    several processes may ask for it at once, one draws and the others wait.

    Args:
        name: ``polyp``, ``cell``, ``leukemia`` or ``breast_cell``.
        folder: Where the images, masks or class folders, the table of groups and a README go. It
            must not hold anything else.
        progress: Called with (images done, images in all) while drawing.

    Returns:
        The folder.

    Raises:
        DataError: There is no such demo.
        WorkspaceError: The folder cannot be written, or holds other files.
    """
    if name not in DEMOS:
        raise DataError(f"there are no demo data {name!r}", expected=", ".join(DEMOS))
    if _is_current(name, folder):
        return folder
    with locked(folder):
        if not _is_current(name, folder):
            _refuse_foreign(folder)
            with built_aside(folder) as aside:
                _draw(name, aside, progress)
    return folder


def _is_current(name: str, folder: Path) -> bool:
    """Whether the folder holds this demo in this version, and no image is missing."""
    marker = _marker(folder)
    images = sum(1 for _ in folder.rglob("*.png")) if marker else 0
    return marker == {"demo": name, "version": VERSION, "images": images}


def _marker(folder: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none, or not ours: `_refuse_foreign` says so
        return {}
    return content


def _refuse_foreign(folder: Path) -> None:
    """Never delete what is not ours."""
    if not folder.exists() or _marker(folder):
        return
    with writing(folder):
        strangers = sorted(path.name for path in folder.iterdir())
    if strangers:
        raise WorkspaceError(
            f"{folder} holds files that are no demo data",
            found=", ".join(strangers[:5]),
            expected="an empty folder, or none",
            hint="move them away, or choose another place: --workspace PATH",
        )


def _draw(name: str, folder: Path, progress: Callable[[int, int], None] | None) -> None:
    demo = DEMOS[name]
    rows = []
    images = 0
    for done, picture in enumerate(demo.pictures(SEED), start=1):
        images += _save(picture, folder)
        rows.append(picture.row)
        if progress is not None:
            progress(done, demo.count)
    with writing(folder):
        if demo.table is not None:
            with (folder / demo.table).open("w", encoding="utf-8", newline="") as file:
                table = csv.DictWriter(file, fieldnames=list(rows[0]))
                table.writeheader()
                table.writerows(rows)
        (folder / "README.md").write_text(_readme(name, demo), encoding="utf-8")
        marker = {"demo": name, "version": VERSION, "images": images}
        (folder / MARKER).write_text(json.dumps(marker), encoding="utf-8")


def _save(picture: Picture, folder: Path) -> int:
    """Write the image and its mask, if any; how many files that were."""
    path = folder / picture.path
    files = {path: _png(picture.pixels)}
    if picture.mask is not None:
        mask = folder / "masks" / path.name
        files[mask] = _png(picture.mask.astype(np.uint8) * np.uint8(255))
    with writing(folder):
        for file, content in files.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    return len(files)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    ordered = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR) if pixels.ndim == 3 else pixels
    _, encoded = cv2.imencode(".png", ordered)
    return encoded.tobytes()


def _readme(name: str, demo: _Demo) -> str:
    return (
        f"# SYNTHETIC demo data for the task {name}\n\n"
        "Every image in this folder was drawn by a program (automed). None shows a person, a "
        "patient or a specimen. Scores on these images say nothing about real ones.\n\n"
        f"{demo.about}\n"
    )
