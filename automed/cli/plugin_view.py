"""What a plugin declares, and what is proposed for one, as tables."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from automed.api.plugin_proposal import Proposal
from automed.api.plugin_show import PluginShown
from automed.cli.console import next_steps, out
from automed.domain.frozen import Frozen
from automed.domain.split import SplitPolicy
from automed.domain.task import AnyTask
from automed.domain.workspace import Workspace


def print_plugin(shown: PluginShown, workspace: Workspace) -> None:
    """Everything that a task declares, and which data it has."""
    task = shown.task
    _print(f"{task.name}: {task.title}", [("origin", shown.origin), *_declared(task),
                                         *_components(shown), ("data", _data(shown))])  # fmt: skip
    steps = [("check it", f"automed plugin check {task.name}")]
    if shown.data is None:
        steps.append(("give it images", f"automed data add {task.name} PATH{workspace.flag}"))
    next_steps(
        *steps,
        ("see its search space", f"automed space show {task.name}"),
        ("search", f"automed search {task.name} --budget 50{workspace.flag}"),
    )


def print_proposal(proposal: Proposal, note: str | None = None) -> None:
    """What a folder holds, and what follows from it; a note comes last."""
    looked, dataset = proposal.looked, proposal.dataset
    height, width = looked.size
    sizes = f"{height}x{width} (height x width)" + (
        f" in the median, {looked.sizes} sizes seen" if looked.sizes > 1 else ""
    )
    grey = ", all grey" if looked.grey else ""
    values = dict(zip(proposal.classes, proposal.mask_values, strict=False))
    classes = ", ".join(
        f"{name} ({values[name]} in the masks)" if name in values else name
        for name in proposal.classes
    )
    if proposal.pattern is not None:
        groups = proposal.pattern.told()
    else:
        groups = dataset.grouped_by or "none known"
    _print(f"{dataset.root}", [
        ("samples", f"{len(dataset.samples)} ({dataset.layout})"),
        ("images", f"{sizes}; {looked.channels} channels{grey}"),
        ("kind", proposal.kind),
        ("title", proposal.title),
        ("classes", classes),
        ("groups", groups),
        ("split", _split(proposal.split)),
        ("input", f"{proposal.image_size[0]}x{proposal.image_size[1]}"),
        ("space", proposal.space),
    ])  # fmt: skip
    notes = list(proposal.notes)
    if proposal.split.waiver is not None:
        notes.append(proposal.split.waiver)
    notes += [note] if note else []
    for note in notes:
        out.print(Text("note: ", style="cyan") + Text(note), soft_wrap=True)


def _print(title: str, rows: Iterable[tuple[str, str]]) -> None:
    table = Table(title=Text(title), title_justify="left", title_style="bold", show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for label, value in rows:
        table.add_row(label, Text(value))
    out.print(table)


def _declared(task: AnyTask) -> list[tuple[str, str]]:
    height, width = task.image_size
    values = getattr(task, "mask_values", ())
    space = task.space
    return [
        ("kind", task.kind),
        ("classes", ", ".join(task.classes) or "those that the data name"),
        *([("mask values", ", ".join(map(str, values)))] if values else []),
        ("input", f"{height}x{width} (height x width), {task.channels} channels"),
        ("layout", task.layout),
        ("split", _split(task.split)),
        *([("waiver", task.split.waiver)] if task.split.waiver else []),
        ("preprocess", f"{task.preprocess}; scaled: {task.normalize}; window: {task.window}"),
        ("augment", _changed(task.augment)),
        ("training", _changed(task.training)),
        ("objectives", ", ".join(f"{o.direction} {o.label}" for o in task.objectives)),
        ("space", f"{space.name} (version {space.version}), {len(space.parameters)} parameters"),
        ("baselines", ", ".join(b.name for b in task.baselines) or "none"),
    ]


def _components(shown: PluginShown) -> list[tuple[str, str]]:
    named = ", ".join(f"{one.kind} {one.name}" for one in shown.components)
    return [("own parts", named)] if named else []


def _data(shown: PluginShown) -> str:
    if shown.data is not None:
        return f"{shown.data.path} ({shown.data.samples} samples){shown.data.options.flags}"
    return "demo (synthetic)" if shown.task.demo else "none registered"


def _split(split: SplitPolicy) -> str:
    whole = f"never cuts a {split.group}" + (" that is known" if split.waiver else "")
    return f"{split.train:g} train, {split.val:g} validation, {split.test:g} test; {whole}"


def _changed(value: Frozen) -> str:
    """The fields that differ from their defaults."""
    given = value.model_dump(exclude_defaults=True)
    return ", ".join(f"{name} {setting}" for name, setting in given.items()) or "defaults"
