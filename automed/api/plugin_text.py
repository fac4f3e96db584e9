"""A plugin file, from what was proposed."""

from __future__ import annotations

import os
import shlex
import textwrap
from pathlib import Path

from automed.api.plugin_proposal import Proposal

_WIDTH = 100


def plugin_text(proposal: Proposal, command: str, folder: Path) -> str:
    """The source of a plugin: 20 to 40 lines that a person can read and change.

    Args:
        proposal: What it declares.
        command: What the user may run again to make it anew.
        folder: Where the plugin will lie; a space of one's own is named relative to it.
    """
    space, imports = _space(proposal.space, folder)
    layout = proposal.options.layout
    task = "SegmentationTask" if proposal.kind == "segmentation" else "ClassificationTask"
    lines = [
        *_docstring(proposal, command),
        "from __future__ import annotations",
        "",
        *imports,
        f"from automed import Augment, {task}, SplitPolicy, load_space",
        "",
        f"task = {task}(",
        f"    name={_quoted(proposal.name)},  # the name of this file",
        f"    title={_quoted(proposal.title)},",
        *_classes(proposal),
        f"    image_size={proposal.image_size},  # height and width; {_native(proposal)}",
        *([f"    channels={proposal.looked.channels},"] if proposal.looked.channels != 3 else []),
        *([f"    layout={_quoted(layout)},"] if layout else []),
        *_split(proposal),
        f"    normalize={_quoted(proposal.normalize)},",
        "    # Drop what your images cannot show; rotation, zoom, brightness, ... are there, too.",
        "    augment=Augment(horizontal_flip=0.5, vertical_flip=0.5),",
        f"    # What a search varies: automed space show {shlex.quote(proposal.space)}",
        f"    space=load_space({space}),",
        ")",
    ]
    return "\n".join(lines) + "\n"


def _space(name: str, folder: Path) -> tuple[str, list[str]]:
    """What ``load_space`` is given, and the lines that it needs at the top of the file.

    Files are named from the plugin's place: from elsewhere, the working directory is another.
    """
    if not name.endswith(".toml"):
        return _quoted(name), []
    file = Path(os.path.relpath(Path(name).expanduser().resolve(), folder.resolve()))
    here = "Path(__file__)"
    if len(file.parts) == 1:
        place = f"{here}.with_name({_quoted(file.name)})"
    else:
        place = f"{here}.resolve().parent / {_quoted(file.as_posix())}"
    return f"str({place})", ["from pathlib import Path", ""]


def _docstring(proposal: Proposal, command: str) -> list[str]:
    samples = len(proposal.dataset.samples)
    found = f"Proposed from {samples} samples ({proposal.dataset.layout}) by"
    grouped = proposal.dataset.grouped_by
    said = f"Groups: {grouped}." if grouped else ""
    body = [found, "", *_literal(command), ""]
    body += [*textwrap.wrap(said, _WIDTH, break_long_words=False), ""] if said else []
    text = "\n".join([f"{proposal.title}.", "", *body])
    quotes = '"""'
    prefix = "r" if "\\" in text else ""
    return [f"{prefix}{quotes}{text.replace(quotes, '')}".rstrip(), quotes, ""]


def _literal(command: str) -> list[str]:
    return textwrap.wrap(
        command, _WIDTH - 4, initial_indent="    ", subsequent_indent="        ",
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _classes(proposal: Proposal) -> list[str]:
    listed = _tuple([_quoted(name) for name in proposal.classes])
    if proposal.kind == "classification":
        # A list this long, and whether more classes come, is the data's to say.
        if len(listed) > _WIDTH - 20:
            return [f"    # classes: the {len(proposal.classes)} that the data name"]
        return [f"    classes={listed},"]
    if not proposal.mask_values:
        return [f"    classes={listed},  # what is marked in the masks"]
    values = _tuple([str(value) for value in proposal.mask_values])
    return [
        f"    classes={listed},",
        f"    mask_values={values},  # of these classes, in this order; 0 is background",
    ]


def _split(proposal: Proposal) -> list[str]:
    split = proposal.split
    parts = f"train={split.train:g}, val={split.val:g}, test={split.test:g}"
    head = f"        {parts}, group={_quoted(split.group)},"
    if split.waiver is None:
        return ["    split=SplitPolicy(", head, "    ),"]
    room = _WIDTH - 24
    rows = textwrap.wrap(split.waiver, room, drop_whitespace=False)
    waiver = [
        f"        waiver={_quoted(rows[0])}",
        *(f"        {_quoted(row)}" for row in rows[1:]),
    ]
    waiver[-1] += ","
    return ["    split=SplitPolicy(", head, *waiver, "    ),"]


def _native(proposal: Proposal) -> str:
    looked = proposal.looked
    height, width = looked.size
    return f"the images are {height}x{width}" + (" (median)" if looked.sizes > 1 else "")


def _tuple(items: list[str]) -> str:
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def _quoted(text: str) -> str:
    """A Python literal in double quotes."""
    plain = repr(text)
    if plain.startswith("'") and '"' not in text:
        return f'"{plain[1:-1]}"'.replace("\\'", "'")
    return plain
