"""Opening a bundle."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from automed.deploy.files import MANIFEST, MODEL
from automed.deploy.standalone.runner.model import checked_model
from automed.deploy.standalone.runner.refused import RefusedError
from automed.domain.bundle import FORMAT, Bundle
from automed.domain.errors import BundleError

_AGAIN = "export it anew: automed export STUDY --trial N -o FOLDER"


def read_bundle(folder: Path) -> Bundle:
    """The manifest of a bundle, if its model is the one that was exported.

    Raises:
        BundleError: A file is missing, damaged, foreign, or of another version's format.
    """
    bundle = read_manifest(folder)
    try:
        checked_model(folder, {"model_sha256": bundle.model_sha256})
    except RefusedError as error:
        raise BundleError(
            f"the bundle {folder} is damaged: {error}",
            expected=f"{bundle.model_bytes} bytes with SHA-256 {bundle.model_sha256[:12]}...",
            hint=_AGAIN,
        ) from None
    return bundle


def read_manifest(folder: Path) -> Bundle:
    """The manifest alone.

    Raises:
        BundleError: It is missing, damaged, foreign, or of another version's format.
    """
    file = folder / MANIFEST
    text = _text(file, folder)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{file} is no JSON", found=str(error), hint=_AGAIN) from None
    if not isinstance(found, dict) or "model_sha256" not in found:
        raise BundleError(
            f"{file} is no manifest of automed's", expected="a folder that automed export wrote"
        )
    if found.get("format") != FORMAT:
        raise BundleError(
            f"{file} has another format than this version of automed reads",
            found=f"format {found.get('format')!r}",
            expected=f"format {FORMAT}",
            hint="use the bundle's own predict.py, or the version of automed that exported it",
        )
    try:
        return Bundle.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        raise BundleError(
            f"{file} is damaged: {'.'.join(map(str, first['loc'])) or 'manifest'}: {first['msg']}",
            found=repr(first["input"])[:80],
            hint=_AGAIN,
        ) from None


def _text(file: Path, folder: Path) -> str:
    if not folder.is_dir():
        raise BundleError(
            f"there is no bundle {folder}",
            expected=f"a folder with {MODEL} and {MANIFEST}",
            hint="make one: automed export STUDY -o FOLDER",
        )
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BundleError(
            f"{folder} is no bundle: it has no {MANIFEST}",
            found=", ".join(sorted(p.name for p in folder.iterdir())[:6]) or "an empty folder",
            expected=f"a folder with {MODEL} and {MANIFEST}",
        ) from None
    except UnicodeDecodeError as error:
        raise BundleError(f"{file} is no JSON", found=str(error), hint=_AGAIN) from None
    except OSError as error:
        raise BundleError(f"{file} cannot be read", found=error.strerror or str(error)) from None
