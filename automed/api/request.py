"""What a user asks of a search, and the task and study settings that follow from it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from automed.domain.config import Value
from automed.domain.data_options import DataOptions
from automed.domain.errors import AutomedError, SpaceError
from automed.domain.objective import Constraint
from automed.domain.space import SearchSpace
from automed.domain.space_edit import suggestion
from automed.domain.study_spec import NAME
from automed.domain.task import AnyTask
from automed.domain.training_settings import TrainingSettings


@dataclass(frozen=True)
class SearchRequest:
    """A new study as a user describes it; None: the task's own setting.

    Attributes:
        task: Name of the task.
        budget: Trainings to start.
        seed: Of the split, the suggestions and the trainings.
        name: Of the study; None: the task's name and the next free number.
        data: Folder to use instead of the registered one.
        options: How to read that folder.
        epochs: Most epochs a trial.
        image_size: Height and width.
        max_gflops: Most multiply-accumulates, in units of 10^9.
        max_size_mb: Largest weights file, in units of 10^6 bytes.
        set_values: ``key=value`` pairs that narrow a parameter or change a training setting.
        fix_values: ``key=value`` pairs that hold a parameter.
        weights: ``imagenet``, ``none`` or a folder with weight files.
        sampler: Name of the sampler.
    """

    task: str
    budget: int = 50
    seed: int = 0
    name: str | None = None
    data: Path | None = None
    options: DataOptions = field(default_factory=DataOptions)
    epochs: int | None = None
    image_size: tuple[int, int] | None = None
    max_gflops: float | None = None
    max_size_mb: float | None = None
    set_values: tuple[str, ...] = ()
    fix_values: tuple[str, ...] = ()
    weights: str = "imagenet"
    sampler: str = "tpe"

    def __post_init__(self) -> None:
        check_positive("--budget", self.budget, "a number of trials, at least 1")
        if self.epochs is not None:
            check_positive("--epochs", self.epochs, "a number of epochs, at least 1")
        if self.max_gflops is not None:
            check_positive("--max-gflops", self.max_gflops, "more than 0")
        if self.max_size_mb is not None:
            check_positive("--max-size-mb", self.max_size_mb, "more than 0")
        if self.name is not None and not re.fullmatch(NAME, self.name):
            raise AutomedError(
                f"--name {self.name} cannot name a study, which is a folder",
                expected="letters, digits, '.', '_' and '-', beginning with a letter or digit",
            )
        if self.image_size is not None and min(self.image_size) < 16:
            found = "x".join(map(str, self.image_size))
            raise AutomedError("--image-size is too small", found=found, expected="at least 16")

    def constraints(self) -> tuple[Constraint, ...]:
        """The bounds on cost."""
        found = []
        if self.max_gflops is not None:
            found.append(Constraint(metric="macs", bound=self.max_gflops * 1e9))
        if self.max_size_mb is not None:
            found.append(Constraint(metric="size_bytes", bound=self.max_size_mb * 1e6))
        return tuple(found)

    def adapt(self, task: AnyTask) -> AnyTask:
        """The task with this request's space, settings and image size.

        Raises:
            SpaceError: A ``--set`` or ``--fix`` names an unknown key or a value outside the space.
        """
        space, settings = task.space, task.training
        for key, text in map(lambda pair: _pair("--set", pair), self.set_values):
            if key in space.parameters:
                space = space.narrow(key, text)
            else:
                settings = _with_setting(settings, space, key, text)
        fixed = [_pair("--fix", pair) for pair in self.fix_values]
        for key, text in fixed:
            space = space.fix(key, text)
        _refuse_lost(fixed, space)
        if self.epochs is not None:
            settings = settings.replace(epochs=self.epochs)
        if settings.class_weights and task.kind == "segmentation":
            raise SpaceError(
                "--set training.class_weights=true: class weights are for classification",
                found=f"the segmentation task {task.name!r}",
                hint="the dice and focal losses serve rare objects",
            )
        size = self.image_size or task.image_size
        adapted: AnyTask = task.replace(space=space, training=settings, image_size=size)
        return adapted


def choices_of(space: SearchSpace, key: str, default: Value) -> tuple[Value, ...]:
    """The values a categorical parameter can take; the default alone where the space lacks it."""
    parameter = space.parameters.get(key)
    if parameter is None:
        return (default,)
    found: tuple[Value, ...] = getattr(parameter, "choices", (default,))
    return found


def _with_setting(
    settings: TrainingSettings, space: SearchSpace, key: str, text: str
) -> TrainingSettings:
    prefix, _, name = key.partition(".")
    if prefix == "training" and name in TrainingSettings.model_fields:
        return settings.with_value(name, text)
    known = [*space.parameters, *(f"training.{n}" for n in TrainingSettings.model_fields)]
    raise SpaceError(
        f"--set {key}={text}: {key!r} is neither a parameter of space {space.name!r} nor a "
        f"training setting{suggestion(key, known)}",
        expected="one of " + ", ".join(known),
    )


def _refuse_lost(fixed: Sequence[tuple[str, str]], space: SearchSpace) -> None:
    for key, text in fixed:
        if key not in space.parameters:
            raise SpaceError(
                f"--fix {key}={text}: {key} never has an effect here",
                found="another --fix rules it out",
                hint="drop one of the flags",
            )


def _pair(flag: str, text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip() or not value.strip():
        raise SpaceError(f"{flag} {text}: not a pair", expected=f"{flag} key=value")
    return key.strip(), value.strip()


def check_positive(flag: str, value: float, expected: str) -> None:
    """Raise where a number is 0 or below.

    Raises:
        AutomedError: Naming the flag.
    """
    if not value > 0:
        raise AutomedError(f"{flag} must be positive", found=value, expected=expected)
