"""Encoders as a table."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from automed.api.encoders import EncoderList, EncoderQuestion, EncoderRow
from automed.cli.console import out

_WIDE = 124
"""Columns of a terminal from which families and hub ids have room."""


def show(found: EncoderList, question: EncoderQuestion) -> None:
    """Cheapest first; on a narrow terminal without what the names tell anyway."""
    if not found.rows:
        out.print("No encoder is within these bounds.")
        _print_refused(found)
        return
    _, height, width = found.input_shape
    wide = out.width >= _WIDE
    table = Table(
        title=f"{len(found.rows)} encoders at {height}x{width}", title_justify="left",
        title_style="bold", caption=_caption(found, question, wide), caption_justify="left",
        box=box.HEAVY_HEAD if wide else box.SIMPLE_HEAD, show_edge=wide,
    )  # fmt: skip
    table.add_column("encoder", no_wrap=True)
    for column in ("M", "GMACs"):
        table.add_column(column, justify="right", no_wrap=True)
    for column in ("family", "weights") if wide else ():
        table.add_column(column, overflow="fold")
    table.add_column("licence", overflow="fold")
    table.add_column("from", overflow="fold")
    for row in found.rows:
        table.add_row(*_cells(row, wide))
    out.print(table)
    _print_refused(found)


def example(found: EncoderList, question: EncoderQuestion) -> list[tuple[str, str]]:
    """What to type next: a search among the cheapest two of the task's space."""
    if question.task is None:
        return [("at a task's image size, cheapest first", "automed encoders polyp")]
    names = [row.encoder.name for row in found.rows if row.in_space]
    if not names:
        return [("lift the bounds", f"automed encoders {question.task}")]
    also = f" --fix model.architecture={question.architecture}" if question.architecture else ""
    return [
        (
            "search with the cheapest of the task's space" if names[1:] else "search with it",
            f"automed search {question.task} --set model.encoder={','.join(names[:2])}{also}",
        )
    ]


def _cells(row: EncoderRow, wide: bool) -> list[str]:
    weights = row.weights
    mark = "* " if row.in_space else ""
    cells = [f"{mark}{row.encoder.name}", f"{row.cost.parameters.value / 1e6:.2f}",
             f"{row.cost.gmacs:.3f}"]  # fmt: skip
    if wide:
        cells += [row.encoder.family, weights.repo if weights else "none"]
    return [*cells, (weights.license or "not stated") if weights else "none", row.encoder.source]


def _caption(found: EncoderList, question: EncoderQuestion, wide: bool) -> str:
    lines = [
        f"M: millions of parameters, GMACs: 10^9 multiply-accumulates of {found.counted}, for "
        f"{found.input_shape[0]} channels."
    ]
    if any(row.in_space for row in found.rows):
        lines.append(f"*: in the search space of {question.task}.")
    if not wide:
        lines.append(f"Hub ids of the weights: in a terminal of {_WIDE} columns or more.")
    return "\n".join(lines)


def _print_refused(found: EncoderList) -> None:
    if not found.refused:
        return
    names = ", ".join(name for name, _ in found.refused)
    out.print(Text(f"\n{len(found.refused)} left out, which cannot be built or take this size: ")
              + Text(names, style="dim"))  # fmt: skip
    if found.takes is not None:
        out.print(Text(f"It takes {found.takes}."))
