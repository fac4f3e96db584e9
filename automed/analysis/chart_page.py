"""Charts and tables, one below the other, as a page that needs no network."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import plotly.graph_objects as go

from automed.analysis.front_html import FONT
from automed.analysis.palette import GRID, INK

Cell = str | int | float | None

_CONTROLS = {
    "displaylogo": False,
    "responsive": True,
    # By default a button of the page uploads the chart and its data to Plotly's cloud.
    "showSendToCloud": False,
}
_STYLE = """
body { font: 16px/1.5 Helvetica, Arial, sans-serif; color: #222222; background: white;
       max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } section { border-top: 1px solid #e6e8eb; margin-top: 2.5rem; }
dl { display: flex; flex-wrap: wrap; gap: .5rem 3rem; margin: .5rem 0 1.5rem; }
dt { color: #57606a; font-size: .875rem; } dd { margin: 0; font-size: 1.5rem; }
p { max-width: 60rem; } code { background: #eef1f4; padding: 0 .3rem; }
figure { margin: 1rem 0; overflow-x: auto; } figure > div { min-width: 46rem; }
.table { overflow: auto; max-height: 40rem; border: 1px solid #e6e8eb; }
table { border-collapse: collapse; font-size: .875rem; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem; }
th { position: sticky; top: 0; background: #f4f5f7; }
tr + tr td { border-top: 1px solid #e6e8eb; }
"""


@dataclass(frozen=True, eq=False)
class Part:
    """One heading with what is under it, in this order.

    Attributes:
        title: The heading.
        figures: Single figures, by what they are called.
        chart: The chart.
        words: Sentences, a paragraph each; empty ones are passed over.
        command: What to type, after the words.
        table: Rows with the same columns.
    """

    title: str
    figures: Mapping[str, str] = field(default_factory=dict)
    chart: go.Figure | None = None
    words: Sequence[str] = ()
    command: str = ""
    table: Sequence[Mapping[str, Cell]] = ()


def write_chart_page(path: Path, title: str, told: str, parts: Sequence[Part]) -> Path:
    """Write the page; it is whole or not there. Every text stands in it as it is.

    Plotly's JavaScript is embedded once (about 5 MB), where there is a chart.

    Args:
        path: The file to write.
        title: Above all; say here if the data are synthetic.
        told: A sentence below the title.
        parts: From top to bottom.
    """
    name = html.escape(title)
    first = next((index for index, part in enumerate(parts) if part.chart is not None), None)
    body = "".join(_part(part, index, index == first) for index, part in enumerate(parts))
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><h1>{name}</h1>"
        f"<p>{html.escape(told)}</p>{body}</body></html>\n"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        partial.write_text(page, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def _part(part: Part, index: int, with_script: bool) -> str:
    figures = "".join(
        f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd></div>"
        for name, value in part.figures.items()
    )
    words = "".join(f"<p>{html.escape(text)}</p>" for text in part.words if text)
    return (
        f"<section><h2>{html.escape(part.title)}</h2>"
        f"{f'<dl>{figures}</dl>' if figures else ''}"
        f"{_chart(part, index, with_script) if part.chart is not None else ''}{words}"
        f"{f'<p><code>{html.escape(part.command)}</code></p>' if part.command else ''}"
        f"{_table(part.table) if part.table else ''}</section>"
    )


def _chart(part: Part, index: int, with_script: bool) -> str:
    assert part.chart is not None
    chart = go.Figure(part.chart).update_layout(
        template="simple_white", font={"family": FONT, "color": INK, "size": 14},
        hoverlabel={"bgcolor": "white", "align": "left", "font": {"family": FONT, "size": 12}},
    )  # fmt: skip
    chart.update_xaxes(showgrid=True, gridcolor=GRID).update_yaxes(showgrid=True, gridcolor=GRID)
    name = part.title.lower()
    drawn = chart.to_html(
        full_html=False, include_plotlyjs=with_script, div_id=f"chart-{index}",
        config=_CONTROLS | {"toImageButtonOptions": {"format": "svg", "filename": name}},
    )  # fmt: skip
    return f'<figure aria-label="{html.escape(part.title)}">{drawn}</figure>'


def _table(rows: Sequence[Mapping[str, Cell]]) -> str:
    heading = "".join(f"<th>{html.escape(name)}</th>" for name in rows[0])
    body = "".join(f"<tr>{''.join(map(_cell, row.values()))}</tr>" for row in rows)
    return (
        f'<div class="table" tabindex="0"><table><thead><tr>{heading}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _cell(cell: Cell) -> str:
    if cell is None or cell == "":
        return "<td>-</td>"
    return f"<td>{html.escape(f'{cell:.4f}' if isinstance(cell, float) else str(cell))}</td>"
