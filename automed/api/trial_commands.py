"""The commands that make a trial again and take it along, checked before they are shown."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from automed.api.request import SearchRequest
from automed.domain.compression import PREFIX, Compression, compression_of, dense
from automed.domain.config import Config, Value
from automed.domain.errors import AutomedError
from automed.domain.study_spec import StudySpec
from automed.domain.task import AnyTask
from automed.domain.trial import Trial
from automed.registry.tasks import load_task

_COMPARED = (
    "kind", "classes", "image_size", "channels", "split", "preprocess", "normalize", "window",
    "augment", "training", "objectives", "mask_values",
)  # fmt: skip
"""What of a task decides on a training, besides the config."""


@dataclass(frozen=True)
class Again:
    """How to train a trial once more, as a study of its own.

    Attributes:
        arguments: Of ``automed``, in lines that belong together.
        space: Content of the file that ``--space`` names; empty: none is needed.
        file: Its name.
        differs: What of the task is no longer as the study had it, and no flag can bring back.
    """

    arguments: tuple[tuple[str, ...], ...]
    space: str = ""
    file: str = ""
    differs: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """As a shell takes it, in several lines."""
        lines = (" ".join(map(shlex.quote, line)) for line in self.arguments)
        return "automed " + " \\\n  ".join(lines)


def train_again(spec: StudySpec, trial: Trial) -> Again:
    """The search that trains this config and no other: same data, split, seed and settings.

    Where the task's own space does not hold the config, a space of one config comes along. A
    compressed child is made from its parent's training.

    Raises:
        AutomedError: The task's plugin is gone, or does not take the config in any way.
    """
    plugin = load_task(spec.task.name)
    config, compress = _asked(spec, trial)
    pairs = tuple(f"{key}={value}" for key, value in config.items())
    settings = _settings(spec.task, plugin, config)
    request = _request(spec, compress, fix_values=pairs, set_values=settings)
    try:
        adapted = request.adapt(plugin)
        fits = adapted.space.complete({}) == config
    except AutomedError:
        fits = False
    if fits:
        fixed = tuple(("--fix", pair) for pair in pairs)
        return Again((*_head(spec, trial, compress, settings), *fixed), differs=_differs(
            spec.task, adapted, config))  # fmt: skip
    file = f"{spec.name}-trial-{trial.number}.toml"
    text = space_of(config, f"{spec.name}-trial-{trial.number}")
    adapted = _with_file(spec, text, compress, settings).adapt(plugin)
    if adapted.space.complete({}) != config:
        raise AutomedError(
            f"trial {trial.number} cannot be spelled as a search of task {spec.task.name!r}",
            expected="the task's plugin as it was when the study began",
        )
    lines = (*_head(spec, trial, compress, settings), ("--space", file))
    return Again(lines, text, file, _differs(spec.task, adapted, config))


def space_of(config: Config, name: str) -> str:
    """The TOML file of a search space that holds one config."""
    tables = [f"[space]\nname = {_toml(name)}"]
    for key, value in config.items():
        path = ".".join(_toml_key(part) for part in key.split("."))
        tables.append(f"[{path}]\nchoices = [{_toml(value)}]")
    return "\n\n".join(tables) + "\n"


def export_command(spec: StudySpec, trial: Trial) -> str:
    """What writes the trial's bundle."""
    folder = f"{spec.name}-trial-{trial.number}"
    return f"automed export {spec.name} --trial {trial.number} -o {folder}"


def _asked(spec: StudySpec, trial: Trial) -> tuple[Config, Compression | None]:
    """The config to search for, and what ``--compress`` makes of it."""
    if any(key.startswith(PREFIX) for key in spec.task.space.parameters):
        return trial.config, None  # as the sampler chose it: see `_request`
    return dense(trial.config), compression_of(trial.config)


def _request(
    spec: StudySpec, compress: Compression | None, space: str | None = None,
    fix_values: tuple[str, ...] = (), set_values: tuple[str, ...] = (),
) -> SearchRequest:  # fmt: skip
    return SearchRequest(
        task=spec.task.name, budget=1, seed=spec.seed, epochs=spec.task.training.epochs,
        image_size=spec.task.image_size, space=space, set_values=set_values,
        fix_values=fix_values, weights=spec.weights,
        compress=() if compress is None else (compress,),
        compress_auto=_chosen_by_sampler(spec), artifact=spec.artifact,
    )  # fmt: skip


def _with_file(
    spec: StudySpec, text: str, compress: Compression | None, settings: tuple[str, ...]
) -> SearchRequest:
    request = _request(spec, compress, set_values=settings)
    return _OfText(**{**vars(request), "space": text})


class _OfText(SearchRequest):
    """A request whose space is the content of a file, rather than its name."""

    def adapt(self, task: AnyTask) -> AnyTask:
        """The task with this request's space and settings; see `SearchRequest.adapt`."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / "space.toml"
            path.write_text(str(self.space), encoding="utf-8")
            return SearchRequest(**{**vars(self), "space": str(path)}).adapt(task)


def _chosen_by_sampler(spec: StudySpec) -> bool:
    return any(key.startswith(PREFIX) for key in spec.task.space.parameters)


def _head(
    spec: StudySpec, trial: Trial, compress: Compression | None, settings: tuple[str, ...]
) -> Iterator[tuple[str, ...]]:
    task = spec.task
    height, width = task.image_size
    yield ("search", task.name, "--name", f"{spec.name}-again-{trial.number}", "--budget", "1")
    if not spec.data.is_demo:
        yield ("--data", spec.data.path, *shlex.split(spec.data.options.flags))
    yield ("--seed", str(spec.seed), "--image-size", f"{height}x{width}", "--epochs",
           str(task.training.epochs), "--stopper", "none")  # fmt: skip
    if spec.weights != "imagenet":
        yield ("--no-pretrained",) if spec.weights == "none" else ("--weights", spec.weights)
    if spec.budget.workers > 1:  # as many threads a training: else the last digits differ
        yield ("--workers", str(spec.budget.workers))
    if spec.artifact != "onnx":
        yield ("--artifact", spec.artifact)
    if compress is not None:
        yield ("--compress", str(compress), "--max-drop", f"{spec.max_drop:g}")
    elif _chosen_by_sampler(spec):
        yield ("--compress", "auto")
    for setting in settings:
        yield ("--set", setting)


def _settings(task: AnyTask, plugin: AnyTask, config: Config) -> tuple[str, ...]:
    """What the study changed of its task and the config does not say, as ``--set`` spells it."""
    found: dict[str, Value] = {}
    for name in type(task.training).model_fields:
        value = getattr(task.training, name)
        if value != getattr(plugin.training, name) and name != "epochs" and value is not None:
            found[f"training.{name}"] = value
    for name in ("preprocess", "normalize", "window"):
        if getattr(task, name) != getattr(plugin, name):
            found[f"data.{name}"] = getattr(task, name)
    for name in type(task.augment).model_fields:
        if getattr(task.augment, name) != getattr(plugin.augment, name):
            found[f"augment.{name}"] = getattr(task.augment, name)
    kept = {key: value for key, value in found.items() if key not in config}
    return tuple(f"{key}={value}" for key, value in kept.items())


def _differs(task: AnyTask, again: AnyTask, config: Config) -> tuple[str, ...]:
    """What of the task is not as the study had it. What the config decides counts as it does."""
    found = []
    for name in _COMPARED:
        one, other = getattr(task, name, None), getattr(again, name, None)
        # A plugin leaves the classes to the data.
        if one != other and not (name == "classes" and not other):
            found.append(name)
    return tuple(name for name in found if f"data.{name}" not in config)


def _toml(value: Value) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _toml_key(part: str) -> str:
    return part if part.isidentifier() and part.isascii() else _toml(part)
