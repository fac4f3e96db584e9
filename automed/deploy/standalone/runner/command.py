"""The command line of a bundle."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from .files import find_images, refuse_earlier
from .manifest import read_manifest
from .model import Model
from .refused import RefusedError
from .run import predict_files


def main(folder: Path, arguments: list[str] | None = None) -> int:
    """Predict; 0 where every image was read, 1 where one was not, 2 where nothing could begin."""
    chosen = _parser().parse_args(arguments)
    try:
        manifest = read_manifest(folder)
        if manifest["demo"]:
            _say("This model was trained on SYNTHETIC DEMO DATA: its answers mean nothing.")
        model = Model(folder, chosen.threads, chosen.threshold)
        refuse_earlier(chosen.output, chosen.force)
        images = find_images(chosen.images, chosen.output)
        report = predict_files(
            model, images, chosen.output, overlays=not chosen.no_overlays, tick=_progress()
        )
    except RefusedError as error:
        _say(f"error: {error}")
        return 2
    except OSError as error:
        _say(f"error: {chosen.output} cannot be written: {error.strerror or error}")
        return 2
    for problem in report.problems:
        _say(f"left out: {problem}")
    if report.table is not None:
        sys.stdout.write(f"{len(report.rows)} of {len(images)} images: {report.table}\n")
    return 1 if report.problems else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="predict.py",
        description="Masks or classes of images, as manifest.json and card.md say.",
    )
    parser.add_argument("images", nargs="+", help="image files, folders or patterns")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the results")
    parser.add_argument("--force", action="store_true", help="replace results that are there")
    parser.add_argument("--no-overlays", action="store_true", help="no masks over their images")
    parser.add_argument("--threads", type=_count, default=0, help="0: as many as cores")
    parser.add_argument("--threshold", type=_share, help="of one class; default: the manifest's")
    return parser


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text}, expected more than 0 and less than 1")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"threads {text}, expected 0 or more")
    return value


def _progress() -> Callable[[int, int], None]:
    begun = time.monotonic()

    def tick(done: int, total: int) -> None:
        if sys.stderr.isatty():
            left = (time.monotonic() - begun) / done * (total - done)
            end = "\n" if done == total else ""
            sys.stderr.write(f"\r{done} of {total} images, {left:.0f} s left   {end}")
            sys.stderr.flush()

    return tick


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
