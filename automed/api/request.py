"""What a user asks of a search, and the task and study settings that follow from it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from automed.api.bounds import check_dice, read_constraint, read_count
from automed.api.flags import read_flags, with_flags
from automed.api.random_weights import NOTE, for_random_weights
from automed.api.vocabulary import load_known
from automed.domain.budget import Limits
from automed.domain.compression import PREFIX, Compression
from automed.domain.config import Value
from automed.domain.data_options import DataOptions
from automed.domain.errors import AutomedError
from automed.domain.objective import Constraint
from automed.domain.space import SearchSpace
from automed.domain.study_spec import NAME
from automed.domain.task import AnyTask

TRIALS = 50
"""Trainings of a study that nothing else limits."""

COMPRESSIONS = "compression"
"""The shipped space that says how to compress; it has no models of its own."""


@dataclass(frozen=True)
class SearchRequest:
    """A new study as a user describes it; None: the task's own setting.

    Attributes:
        task: Name of the task.
        budget: Trainings to start; None: 50, or any number where there is another limit.
        seconds: Wall time of the search.
        device_hours: Hours of training, summed over workers.
        epoch_budget: Epochs of all trainings together.
        seed: Of the split, the suggestions and the trainings.
        name: Of the study; None: the task's name and the next free number.
        data: Folder to use instead of the registered one.
        options: How to read that folder.
        epochs: Most epochs a trial.
        image_size: Height and width.
        max_gflops: Most multiply-accumulates, in units of 10^9.
        max_size_mb: Largest weights file, in units of 10^6 bytes.
        max_latency_ms: Longest time for one image; known only after a training.
        max_params: Most parameters: ``2500000``, ``800k`` or ``2.5M``.
        min_dice: Least Dice, for tasks that are scored by it; known only after a training.
        bounds: On any other metric, such as ``f1_macro>=0.8``.
        space: Name of a search space that ships with automed, or a ``.toml`` file.
        set_values: ``key=value`` pairs that narrow a parameter or change a setting.
        fix_values: ``key=value`` pairs that hold a parameter.
        weights: ``imagenet``, ``none`` or a folder with weight files.
        sampler: Name of the sampler; None: `default_sampler`.
        stopper: Name of what ends trainings early; None: `default_stopper`.
        brackets: Among how many brackets successive halving shares trainings out.
        enqueue: File of configs to try after the baselines.
        warm_start: Name of the study whose trials guide the sampler at first.
        compress: What each trained model is compressed with.
        compress_auto: Whether the sampler chooses how to compress, too.
        max_drop: How much of the guide metric a child may lose before it is marked.
        artifact: ``onnx``: models are exported, and scored as files; ``weights``: in PyTorch.
    """

    task: str
    budget: int | None = None
    seconds: float | None = None
    device_hours: float | None = None
    epoch_budget: int | None = None
    seed: int = 0
    name: str | None = None
    data: Path | None = None
    options: DataOptions = field(default_factory=DataOptions)
    epochs: int | None = None
    image_size: tuple[int, int] | None = None
    max_gflops: float | None = None
    max_size_mb: float | None = None
    max_latency_ms: float | None = None
    max_params: str | None = None
    min_dice: float | None = None
    bounds: tuple[str, ...] = ()
    space: str | None = None
    set_values: tuple[str, ...] = ()
    fix_values: tuple[str, ...] = ()
    weights: str = "imagenet"
    sampler: str | None = None
    stopper: str | None = None
    brackets: int = 1
    enqueue: Path | None = None
    warm_start: str | None = None
    compress: tuple[Compression, ...] = ()
    compress_auto: bool = False
    max_drop: float = 0.01
    artifact: Literal["onnx", "weights"] = "onnx"

    def __post_init__(self) -> None:
        self._limits()
        if self.epochs is not None:
            check_positive("--epochs", self.epochs, "a number of epochs, at least 1")
        if self.max_gflops is not None:
            check_positive("--max-gflops", self.max_gflops, "more than 0")
        if self.max_size_mb is not None:
            check_positive("--max-size-mb", self.max_size_mb, "more than 0")
        if self.max_latency_ms is not None:
            check_positive("--max-latency-ms", self.max_latency_ms, "more than 0")
        if self.min_dice is not None and not 0 < self.min_dice <= 1:
            raise AutomedError("--min-dice is no Dice", found=self.min_dice, expected="0 to 1")
        self.constraints()
        if not self.max_drop >= 0:
            raise AutomedError("--max-drop is negative", found=self.max_drop, expected="0 or more")
        if (self.compress or self.compress_auto) and self.artifact == "weights":
            raise AutomedError(
                "--compress and --artifact weights exclude each other",
                found="--compress " + (",".join(map(str, self.compress)) or "auto"),
                expected="--artifact onnx: compressed models are files, and compared with files",
            )
        if self.name is not None and not re.fullmatch(NAME, self.name):
            raise AutomedError(
                f"--name {self.name} cannot name a study, which is a folder",
                expected="letters, digits, '.', '_' and '-', beginning with a letter or digit",
            )
        if self.image_size is not None:
            check_image_size(self.image_size)

    @property
    def limits(self) -> Limits:
        """What the study may spend."""
        limits = self._limits()
        changed: Limits = limits if limits.given else limits.replace(trials=TRIALS)
        return changed

    @property
    def asked(self) -> Limits:
        """The limits that the user gave, perhaps none."""
        return self._limits()

    def _limits(self) -> Limits:
        return limits_of(self.budget, self.seconds, self.device_hours, self.epoch_budget)

    def constraints(self) -> tuple[Constraint, ...]:
        """The bounds on cost and quality.

        Raises:
            AutomedError: One of them cannot be read.
        """
        found = []
        if self.max_gflops is not None:
            found.append(Constraint(metric="macs", bound=self.max_gflops * 1e9))
        if self.max_size_mb is not None:
            found.append(Constraint(metric="size_bytes", bound=self.max_size_mb * 1e6))
        if self.max_params is not None:
            found.append(Constraint(metric="parameters", bound=read_count(self.max_params)))
        if self.max_latency_ms is not None:
            found.append(Constraint(metric="latency_ms", bound=self.max_latency_ms))
        if self.min_dice is not None:
            found.append(Constraint(metric="dice", bound=self.min_dice, kind="at_least"))
        return (*found, *map(read_constraint, self.bounds))

    def adapt(self, task: AnyTask) -> AnyTask:
        """The task with this request's space, settings and image size.

        Raises:
            SpaceError: There is no such space, or it is invalid; or a ``--set`` or ``--fix`` names
                an unknown key or a value outside the space.
            AutomedError: A bound is on a metric that the task is not scored by.
        """
        if self.min_dice is not None:
            check_dice(task)
        task = self._moved(task).task
        flags = [*read_flags("--set", self.set_values), *read_flags("--fix", self.fix_values)]
        adapted = with_flags(task, flags)
        if self.weights == "none":
            adapted = for_random_weights(adapted, self._named())
        settings = adapted.training
        if self.epochs is not None:
            settings = settings.replace(epochs=self.epochs)
        size = self.image_size or task.image_size
        finished: AnyTask = adapted.replace(training=settings, image_size=size)
        return finished

    def notes(self, task: AnyTask) -> tuple[str, ...]:
        """What the user should know about adapting a task to this request.

        Raises:
            SpaceError: See `adapt`.
        """
        moved = self._moved(task)
        unfrozen = self.weights == "none" and for_random_weights(moved.task, self._named())
        return (*moved.notes, NOTE) if unfrozen and unfrozen != moved.task else moved.notes

    def _moved(self, task: AnyTask) -> Moved:
        moved = Moved(task, ())
        if self.space is not None:
            moved = with_space(task, load_known(self.space))
        return with_compressions(moved) if self.compress_auto else moved

    def _named(self) -> set[str]:
        return {pair.partition("=")[0].strip() for pair in (*self.set_values, *self.fix_values)}


@dataclass(frozen=True)
class Moved:
    """A task in another search space.

    Attributes:
        task: With the baselines that fit the space.
        notes: Which baselines were left out and why.
    """

    task: AnyTask
    notes: tuple[str, ...]


def with_space(task: AnyTask, space: SearchSpace) -> Moved:
    """The task with another search space.

    A baseline that names a parameter which the space lacks is left out: it would be trained in
    another way than its name says.
    """
    kept, notes = [], []
    for baseline in task.baselines:
        missing = [key for key in baseline.config if key not in space.parameters]
        if missing or space.complete(baseline.config) is None:
            why = f": it lacks {', '.join(missing)}" if missing else ""
            notes.append(
                f"the baseline {baseline.name!r} is left out: it is no config of space "
                f"{space.name!r}{why}"
            )
        else:
            kept.append(baseline)
    moved: AnyTask = task.replace(space=space, baselines=tuple(kept))
    return Moved(moved, tuple(notes))


def with_compressions(moved: Moved) -> Moved:
    """A task whose space also says how to compress; one that does so by itself stays as it is."""
    space = moved.task.space
    if any(key.startswith(PREFIX) for key in space.parameters):
        return moved
    added = load_known(COMPRESSIONS).parameters
    # A paper's configuration is what it was: not compressed.
    dense = {f"{PREFIX}method": "none"}
    task: AnyTask = moved.task.replace(
        space=space.replace(parameters={**space.parameters, **added}),
        baselines=tuple(b.replace(config={**b.config, **dense}) for b in moved.task.baselines),
    )
    return Moved(task, moved.notes)


def choices_of(space: SearchSpace, key: str, default: Value) -> tuple[Value, ...]:
    """The values a categorical parameter can take; the default alone where the space lacks it."""
    parameter = space.parameters.get(key)
    if parameter is None:
        return (default,)
    found: tuple[Value, ...] = getattr(parameter, "choices", (default,))
    return found


def encoders_of(space: SearchSpace) -> tuple[str, ...]:
    """The encoders that a space can choose; none where its networks have none."""
    return tuple(str(c) for c in choices_of(space, "model.encoder", "") if c)


def check_image_size(size: tuple[int, int]) -> None:
    """Raise where a side is below 16 pixels.

    Raises:
        AutomedError: Naming the flag.
    """
    if min(size) < 16:
        found = "x".join(map(str, size))
        raise AutomedError("--image-size is too small", found=found, expected="at least 16")


def limits_of(
    trials: int | None, seconds: float | None, device_hours: float | None, epochs: int | None
) -> Limits:
    """What flags say a study may spend.

    Raises:
        AutomedError: Naming the flag whose value cannot be.
    """
    if trials is not None:
        check_positive("--budget", trials, "a number of trials, at least 1")
    if seconds is not None:
        check_positive("--time", seconds, "more than 0")
    if device_hours is not None:
        check_positive("--device-hours", device_hours, "a number of hours, more than 0")
    if epochs is not None:
        check_positive("--epoch-budget", epochs, "a number of epochs, at least 1")
    device_seconds = None if device_hours is None else device_hours * 3600
    return Limits(trials=trials, seconds=seconds, device_seconds=device_seconds, epochs=epochs)


def check_positive(flag: str, value: float, expected: str) -> None:
    """Raise where a number is 0, below or without end.

    Raises:
        AutomedError: Naming the flag.
    """
    if not 0 < value < math.inf:
        raise AutomedError(f"{flag} must be positive", found=value, expected=expected)
