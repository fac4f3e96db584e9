"""A task's baselines as the first trials of a study."""

from __future__ import annotations

from dataclasses import dataclass

from automed.domain.config import Config
from automed.domain.task import ClassificationTask, SegmentationTask


@dataclass(frozen=True)
class Baselines:
    """The configs to try first.

    Attributes:
        configs: By name, in the task's order, each config once.
        notes: Which baselines were left out and why, for the user.
    """

    configs: dict[str, Config]
    notes: tuple[str, ...]


def baselines_of(task: SegmentationTask | ClassificationTask) -> Baselines:
    """The task's baselines as configs of its space, which flags may have narrowed.

    One that a flag overrules is named so: it is no longer what its paper trained.
    """
    configs: dict[str, Config] = {}
    notes: list[str] = []
    for baseline in task.baselines:
        config = task.space.complete(baseline.config)
        same = next((name for name, other in configs.items() if other == config), None)
        if config is None:
            notes.append(
                f"the baseline {baseline.name!r} is left out: it lies outside the search space "
                "as --space, --set and --fix leave it"
            )
        elif same is not None:
            notes.append(f"the baseline {baseline.name!r} is left out: it now equals {same!r}")
        else:
            changed = any(baseline.config.get(key, value) != value for key, value in config.items())
            configs[f"{baseline.name} (changed)" if changed else baseline.name] = config
    return Baselines(configs, tuple(notes))
