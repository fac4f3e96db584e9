"""What ``--set`` and ``--fix`` do to a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from automed.data.preprocess import read_chain
from automed.domain.applied import AUGMENT_KEYS, DATA_KEYS, applied
from automed.domain.config import Config, Value
from automed.domain.errors import AutomedError, SpaceError
from automed.domain.exclusion import spelled
from automed.domain.space import SearchSpace
from automed.domain.suggestion import suggestion
from automed.domain.task import AnyTask
from automed.domain.training_settings import TrainingSettings

_TRAINING = tuple(f"training.{name}" for name in TrainingSettings.model_fields)


@dataclass(frozen=True)
class Flag:
    """One flag.

    Attributes:
        name: ``--set`` or ``--fix``.
        key: What it is about.
        text: The value as it was spelled.
    """

    name: str
    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.name} {self.key}={self.text}"

    def edit(self, space: SearchSpace) -> SearchSpace:
        """The space as this flag leaves it.

        Raises:
            SpaceError: The key is unknown or the value outside the space.
        """
        return (space.fix if self.name == "--fix" else space.narrow)(self.key, self.text)


def read_flags(name: str, pairs: Sequence[str]) -> list[Flag]:
    """The flags of one name.

    Raises:
        SpaceError: One of them is no pair.
    """
    flags = []
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise SpaceError(f"{name} {pair}: not a pair", expected=f"{name} key=value")
        flags.append(Flag(name, key.strip(), value.strip()))
    return flags


def with_flags(task: AnyTask, flags: Sequence[Flag]) -> AnyTask:
    """The task with the flags' space and settings.

    Args:
        task: Whose space and settings they change.
        flags: A key of the space narrows it; any other one is a setting of the study.

    Raises:
        SpaceError: A flag names an unknown key or a value outside the space, or two of them
            exclude each other.
    """
    edits = [flag for flag in flags if flag.key in task.space.parameters]
    settings = [flag for flag in flags if flag not in edits]
    changed: AnyTask = task.replace(space=_edited(task.space, edits))
    for flag in settings:
        changed = _with_setting(changed, flag)
    own = {flag.key: _value(flag) for flag in settings if not flag.key.startswith("training.")}
    # All at once for what counts: a strength leaves alone what another flag sets.
    finished: AnyTask = applied(task, Config(own)).replace(
        space=changed.space, training=changed.training
    )
    return finished


def _edited(start: SearchSpace, flags: Sequence[Flag]) -> SearchSpace:
    space = start
    for position, flag in enumerate(flags):
        try:
            space = flag.edit(space)
        except SpaceError:
            _refuse_conflict(start, flag, flags[:position])
            raise
    for flag in flags:
        if flag.name == "--fix" and flag.key not in space.parameters:
            _refuse_conflict(start, flag, [other for other in flags if other is not flag])
            raise SpaceError(
                f"{flag}: {flag.key} never has an effect here",
                found="other flags together rule it out",
                hint="drop one of the flags",
            )
    return space


def _refuse_conflict(start: SearchSpace, flag: Flag, others: Sequence[Flag]) -> None:
    """Name the flag that another one cannot go with, if a single one is to blame."""
    try:
        flag.edit(start)
    except SpaceError:
        return  # wrong by itself
    for other in others:
        if other.key != flag.key and _conflict(start, other, flag):
            when = start.parameters[flag.key].when
            needs = f"{flag.key} needs {spelled(when)}" if other.key in when else None
            raise SpaceError(
                f"{flag} cannot go with {other}",
                found=_exclusion(start, flag, other) or needs,
                hint="drop one of the flags",
            )


def _conflict(start: SearchSpace, first: Flag, second: Flag) -> bool:
    try:
        return second.key not in second.edit(first.edit(start)).parameters
    except SpaceError:
        return True


def _exclusion(space: SearchSpace, one: Flag, other: Flag) -> str | None:
    try:
        values = {flag.key: space.parameters[flag.key].parse(flag.text) for flag in (one, other)}
    except ValueError:
        return None  # a list or a range
    return space.clash(one.key, values) or space.clash(other.key, values)


def _with_setting(task: AnyTask, flag: Flag) -> AnyTask:
    changed: AnyTask
    if flag.key in _TRAINING:
        name = flag.key.removeprefix("training.")
        changed = task.replace(training=task.training.with_value(name, flag.text, flag.name))
        return changed
    if flag.key not in (*DATA_KEYS, *AUGMENT_KEYS):
        known = [*task.space.parameters, *_TRAINING, *DATA_KEYS, *AUGMENT_KEYS]
        prefix = flag.key.partition(".")[0] + "."
        alike = [key for key in known if key.startswith(prefix)] or known
        raise SpaceError(
            f"{flag}: {flag.key!r} is neither a parameter of space {task.space.name!r} nor a "
            f"setting{suggestion(flag.key, known)}",
            expected="one of " + ", ".join(dict.fromkeys(alike)),
        )
    try:
        changed = applied(task, Config({flag.key: _value(flag)}))
        if flag.key == "data.preprocess":
            read_chain(flag.text, task.channels)
    except AutomedError as error:
        raise SpaceError(
            f"{flag}: {error.problem}", found=error.found, expected=error.expected, hint=error.hint
        ) from None
    return changed


def _value(flag: Flag) -> Value:
    if not flag.key.startswith("augment."):
        return flag.text
    try:
        return float(flag.text)
    except ValueError:
        return flag.text
