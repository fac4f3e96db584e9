"""Predicting with a bundle: by its own code, with automed's readers for what Pillow cannot read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from automed.data.readers import SUFFIXES, read_image
from automed.data.volume import ENDINGS, is_volume
from automed.deploy.read_bundle import read_bundle
from automed.deploy.standalone.runner import files, read, run
from automed.deploy.standalone.runner.model import Model
from automed.deploy.standalone.runner.refused import RefusedError
from automed.deploy.standalone.runner.run import Report
from automed.domain.bundle import Bundle
from automed.domain.errors import BundleError, DataError

__all__ = ["Report", "find_images", "open_model", "predict_images", "refuse_earlier"]


def open_model(folder: Path, threads: int = 0, threshold: float | None = None) -> Model:
    """A bundle that is ready to predict.

    Args:
        folder: Of the bundle.
        threads: Within an operator; 0: as many as the machine has cores.
        threshold: Of a binary segmentation, in place of the manifest's.

    Raises:
        BundleError: It is missing, damaged, foreign, or not made for what is asked.
    """
    read_bundle(folder)
    try:
        return Model(folder, threads, threshold)
    except RefusedError as error:
        raise BundleError(f"{folder}: {error}") from None


def find_images(given: Sequence[str], out: Path) -> dict[Path, str]:
    """Images by what a user typed, and the names of their results; see the runner's.

    Raises:
        BundleError: A path does not exist, or no image is found.
    """
    suffixes = sorted(SUFFIXES - set(ENDINGS))
    try:
        return files.find_images(given, out, suffixes)
    except RefusedError as error:
        raise BundleError(str(error), expected="image files, folders or patterns") from None


def refuse_earlier(out: Path, force: bool) -> None:
    """Refuse a folder with the results of another run; see the runner's.

    Raises:
        BundleError: There are results, or it is no folder.
    """
    if out.exists() and not out.is_dir():
        raise BundleError(f"-o {out} is a file", expected="a folder, made where it is missing")
    try:
        files.refuse_earlier(out, force)
    except RefusedError as error:
        raise BundleError(str(error)) from None


def predict_images(
    model: Model,
    bundle: Bundle,
    images: Mapping[Path, str],
    out: Path,
    *,
    overlays: bool = True,
    tick: Callable[[int, int], None],
) -> Report:
    """Predict images and write masks, overlays and a table; one that is bad is left out and told.

    Args:
        model: Ready to predict.
        bundle: Its manifest.
        images: As `find_images` gives them.
        out: Folder for the results.
        overlays: Whether to draw masks over their images.
        tick: Called with how many are done, and how many there are.

    Raises:
        BundleError: The folder cannot be written to.
    """

    def reader(path: Path, channels: int) -> NDArray[np.uint8]:
        return read_any(path, channels, bundle.window)

    try:
        return run.predict_files(model, images, out, overlays=overlays, read=reader, tick=tick)
    except OSError as error:
        raise BundleError(
            f"-o {out} cannot be written",
            found=error.strerror or str(error),
            expected="a folder that you may write to, on a disk with room",
        ) from error


def read_any(path: Path, channels: int, window: str) -> NDArray[np.uint8]:
    """An image as training read it: by the bundle's own reader, else by automed's.

    Raises:
        RefusedError: Neither can read it.
    """
    try:
        return read.read_image(path, channels)
    except RefusedError:
        if is_volume(str(path)):
            raise RefusedError(f"{path}: a volume; predict its slices, saved as images") from None
    try:
        return read_image(path, channels, window)
    except DataError as error:
        found = "" if error.found is None else f": {error.found}"
        raise RefusedError(f"{error.problem}{found}") from None
