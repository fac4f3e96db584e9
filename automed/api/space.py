"""Search spaces: which there are, what one holds, whether its configs can be trained."""

from __future__ import annotations

import random
import shlex
from dataclasses import dataclass
from pathlib import Path

from automed.api.progress import Steps, silent
from automed.api.request import COMPRESSIONS, with_space
from automed.api.screened_cost import screened_cost
from automed.data.preprocess import read_chain
from automed.domain.applied import applied
from automed.domain.config import Config
from automed.domain.errors import AutomedError, SpaceError
from automed.domain.placeholder_classes import with_classes
from automed.domain.space import SearchSpace
from automed.domain.space_chain import shipped_names
from automed.domain.space_file import load_space
from automed.domain.suggestion import suggestion
from automed.domain.task import AnyTask
from automed.registry.tasks import load_task, task_plugins

SAMPLES = 20
"""Random configs that a check builds."""

_SEED = 0


@dataclass(frozen=True)
class FoundSpace:
    """A space, and how a search uses it.

    Attributes:
        space: The space.
        command: Begins a search in it; ``TASK`` stands for a task where none is known.
    """

    space: SearchSpace
    command: str


@dataclass(frozen=True)
class FailedConfig:
    """A config of a space that cannot be trained.

    Attributes:
        config: All of it.
        problem: Why.
    """

    config: Config
    problem: str


def shipped_spaces() -> dict[str, SearchSpace]:
    """The spaces that come with automed, by the name that finds them."""
    return {name: load_space(name) for name in shipped_names()}


def find(name: str) -> FoundSpace:
    """A shipped space or a task's own by name, or any file by path.

    Raises:
        SpaceError: There is none, or it is invalid.
        PluginError: The task of that name is broken.
    """
    plugins = task_plugins()
    if name.endswith(".toml"):
        return FoundSpace(load_space(name), f"automed search TASK --space {_quoted(name)}")
    if name in plugins:
        return FoundSpace(load_task(name).space, f"automed search {name}")
    known = sorted({*plugins, *shipped_names()})
    if name not in known:
        raise SpaceError(
            f"there is no search space {name!r}{suggestion(name, known)}",
            expected=f"one of {', '.join(known)}, or a path that ends in .toml",
            hint="list them with: automed space",
        )
    how = "--compress auto" if name == COMPRESSIONS else f"--space {name}"
    return FoundSpace(load_space(name), f"automed search TASK {how}")


def failing_configs(
    space: SearchSpace, task_name: str, samples: int = SAMPLES, steps: Steps = silent
) -> list[FailedConfig]:
    """Random configs of a space that a task could not train.

    Each is applied to the task, its recipe read and its model built, without weights or data, to
    know its cost.

    Raises:
        PluginError: There is no such task, or it is broken.
        SpaceError: No random config can be drawn.
    """
    task = with_classes(with_space(load_task(task_name), space).task)
    rng = random.Random(_SEED)
    tick = steps(f"Building {samples} random configs")
    failed = []
    for number in range(samples):
        config = space.sample(rng)
        problem = _problem(config, task)
        if problem is not None:
            failed.append(FailedConfig(config, problem))
        tick(number + 1, samples)
    return failed


def _problem(config: Config, task: AnyTask) -> str | None:
    try:
        read_chain(applied(task, config).preprocess, task.channels)
        screened_cost(config, task)
    except AutomedError as error:
        found = f" (found: {error.found})" if error.found is not None else ""
        return f"{error.problem}{found}"
    return None


def _quoted(name: str) -> str:
    return shlex.quote(str(Path(name)))
