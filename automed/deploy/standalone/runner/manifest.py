"""The manifest of a bundle, read without automed."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any

from .refused import RefusedError

FORMAT = 1
"""Of the manifests that this code understands."""

SEGMENTATION, CLASSIFICATION = KINDS = ("segmentation", "classification")


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a bundle, with everything that predicting reads of it.

    Raises:
        RefusedError: It is missing, damaged, of another format, or a field has no value of its
            kind.
    """
    file = folder / "manifest.json"
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
        found = manifest["format"]
    except OSError as error:
        raise RefusedError(f"{folder} is no bundle: {file}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise RefusedError(f"{folder} is no bundle: {file} is damaged or foreign") from None
    if found != FORMAT:
        raise RefusedError(f"{file}: format {found}, but this code reads format {FORMAT}")
    for name, (fits, expected) in _FIELDS.items():
        if not fits(manifest.get(name)):
            raise RefusedError(
                f"{file} is damaged: {name} is {_short(manifest.get(name))}, expected {expected}"
            )
    _check_together(file, manifest)
    return dict(manifest)


def is_binary(manifest: dict[str, Any]) -> bool:
    """Whether masks are foreground and background."""
    return manifest["kind"] == SEGMENTATION and len(manifest["classes"]) == 1


def _check_together(file: Path, manifest: dict[str, Any]) -> None:
    channels, normalization = manifest["input_shape"][0], manifest["normalization"]
    for name in ("mean", "std"):
        if len(normalization[name]) != channels:
            raise RefusedError(
                f"{file} is damaged: normalization has {len(normalization[name])} values of {name} "
                f"for {channels} channels"
            )
    if manifest.get("threshold") is not None and not is_binary(manifest):
        raise RefusedError(f"{file} is damaged: a threshold has no effect on its classes")


def _short(value: object) -> str:
    text = "missing" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _is_number(value: object) -> bool:
    # JSON has no NaN and no infinity, but Python's reader takes them.
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _are_classes(value: Any) -> bool:  # noqa: ANN401 - of JSON
    if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
        return False
    return 0 < len(value) == len(set(value))


def _is_shape(value: Any) -> bool:  # noqa: ANN401 - of JSON
    return isinstance(value, list) and len(value) == 3 and all(map(_is_size, value))


def _is_normalization(value: Any) -> bool:  # noqa: ANN401 - of JSON
    return isinstance(value, dict) and all(
        isinstance(value.get(name), list) and all(map(_is_number, value[name]))
        for name in ("mean", "std")
    ) and all(v > 0 for v in value["std"])  # fmt: skip


_FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "kind": (lambda v: v in KINDS, f"one of {', '.join(KINDS)}"),
    "classes": (_are_classes, "a list of names, each once"),
    "input_shape": (_is_shape, "channels, height and width"),
    "preprocess": (lambda v: isinstance(v, str), "steps joined by +, or raw"),
    "normalization": (_is_normalization, "lists of numbers mean and std, std above 0"),
    "threshold": (
        lambda v: v is None or (_is_number(v) and 0 < v < 1), "null, or a number between 0 and 1"
    ),
    "demo": (lambda v: isinstance(v, bool), "true or false"),
    "model_sha256": (lambda v: isinstance(v, str), "64 hexadecimal digits"),
}  # fmt: skip
"""What predicting reads: whether a value will do, and which would."""
