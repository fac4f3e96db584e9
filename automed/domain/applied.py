"""A task as one config trains it."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from automed.domain.augment import Augment
from automed.domain.config import Config
from automed.domain.errors import SpaceError
from automed.domain.suggestion import suggestion
from automed.domain.task import AnyTask

_STRENGTH = "augment.strength"

DATA_KEYS = ("data.preprocess", "data.normalize", "data.window")
AUGMENT_KEYS = (_STRENGTH, *(f"augment.{name}" for name in Augment.model_fields))
"""What a config may say about a task besides its model and its training."""


def applied(task: AnyTask, config: Config) -> AnyTask:
    """The task with the config's ``data.*`` and ``augment.*`` keys in place of its own settings.

    ``augment.strength`` multiplies all chances and ranges, and is applied before
    ``augment.<field>`` sets one of them.

    Raises:
        SpaceError: A key is unknown, or a value not valid.
    """
    changes: dict[str, Any] = {}
    for key, value in config.part("data.").items():
        _check(key, DATA_KEYS)
        changes[key.removeprefix("data.")] = value
    augment = config.part("augment.")
    if len(augment) > 0:
        changes["augment"] = _augmented(task.augment, augment)
    try:
        changed: AnyTask = task.replace(**changes)
    except ValidationError as error:
        raise _invalid(error, "data.") from None
    return changed


def _augmented(augment: Augment, given: Config) -> Augment:
    for key in given:
        _check(key, AUGMENT_KEYS)
    strength = given.get(_STRENGTH, 1.0)
    if isinstance(strength, bool | str) or not 0 <= strength < float("inf"):
        raise SpaceError(f"{_STRENGTH} = {strength!r}", expected="a number, at least 0")
    single = {k.removeprefix("augment."): v for k, v in given.items() if k != _STRENGTH}
    try:
        changed: Augment = augment.scaled(strength).replace(**single)
    except ValidationError as error:
        raise _invalid(error, "augment.") from None
    return changed


def _check(key: str, known: tuple[str, ...]) -> None:
    if key not in known:
        raise SpaceError(
            f"{key} would have no effect{suggestion(key, known)}", expected=", ".join(sorted(known))
        )


def _invalid(error: ValidationError, prefix: str) -> SpaceError:
    first = error.errors()[0]
    key = prefix + ".".join(map(str, first["loc"]))
    return SpaceError(f"{key}: {first['msg']}", found=repr(first["input"]))
