"""Writing a bundle, whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from automed.deploy.card import card
from automed.deploy.files import CARD, MANIFEST, MODEL, NAMES, copy_code
from automed.deploy.read_bundle import read_manifest
from automed.domain.bundle import Bundle
from automed.domain.errors import BundleError


def check_target(folder: Path, *, force: bool) -> None:
    """Refuse to write where something else lies.

    Args:
        folder: Of the bundle to be; may be missing or empty.
        force: Whether a bundle that is there may be replaced.

    Raises:
        BundleError: It is a file, or a folder with something that is no bundle's, or a bundle and
            not ``force``.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise BundleError(f"-o {folder} is a file", expected="a folder, which may not exist yet")
    names = sorted(path.name for path in folder.iterdir())
    if not names:
        return
    try:
        there = read_manifest(folder).name
    except BundleError:
        raise BundleError(
            f"-o {folder} is not empty, and no bundle",
            found=", ".join(names[:6]),
            expected="a new or empty folder",
        ) from None
    foreign = [name for name in names if name not in NAMES]
    if foreign:
        raise BundleError(
            f"-o {folder} holds other files besides a bundle, which would be lost",
            found=", ".join(foreign[:6]),
            expected="a new or empty folder",
        )
    if not force:
        raise BundleError(
            f"-o {folder} holds a bundle already",
            found=there,
            hint="replace it with --force, or choose another folder",
        )


def write_bundle(bundle: Bundle, model: Path, folder: Path, *, force: bool = False) -> None:
    """Write model, manifest, card and code.

    Args:
        bundle: The manifest.
        model: The ONNX file, which is copied.
        folder: As for `check_target`.
        force: Likewise.

    Raises:
        BundleError: Something else lies there, or the folder cannot be written.
    """
    check_target(folder, force=force)
    try:
        with _built_aside(folder.absolute()) as draft:
            shutil.copyfile(model, draft / MODEL)
            text = json.dumps(bundle.model_dump(mode="json"), indent=2, ensure_ascii=False)
            (draft / MANIFEST).write_text(text + "\n", encoding="utf-8")
            (draft / CARD).write_text(card(bundle), encoding="utf-8")
            copy_code(draft)
    except OSError as error:
        raise BundleError(
            f"the bundle {folder} cannot be written",
            found=error.strerror or str(error),
            expected="a folder that you may write to, on a disk with room",
        ) from error


@contextmanager
def _built_aside(folder: Path) -> Iterator[Path]:
    """A new folder beside the final one, which takes its place when the block ends well."""
    draft, old = (folder.with_name(f".{folder.name}.{os.getpid()}.{n}") for n in ("new", "old"))
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft.mkdir()
    try:
        yield draft
        if folder.exists():
            folder.replace(old)
        try:
            draft.replace(folder)
        except OSError:
            if old.exists():
                old.replace(folder)
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
