"""Predictions as a table that fits a terminal."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from automed.api.bundles import Predicted
from automed.cli.bundle_view import demo_badge
from automed.cli.console import err, out
from automed.deploy.predict import Report
from automed.domain.bundle import Bundle

_SHOWN = 10
"""Rows that are printed; all are in the file."""


def print_predictions(predicted: Predicted) -> None:
    """The first rows of the table, short; what was left out goes to stderr."""
    report = predicted.report
    if report.table is not None:
        title = f"{len(report.rows)} of {predicted.images} images{demo_badge(predicted.bundle)}"
        out.print(_table(report, predicted.bundle, title))
        out.print(f"All rows and columns: {report.table}", soft_wrap=True)
    for problem in report.problems:
        err.print(f"[red]left out:[/red] {problem}", soft_wrap=True)


def _table(report: Report, bundle: Bundle, title: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("file", overflow="fold")
    columns = _columns(bundle)
    for label in columns.values():
        table.add_column(label, justify="left" if label == "predicted" else "right")
    rows = report.rows[:_SHOWN]
    for name, row in zip(_names([row[0] for row in rows]), rows, strict=True):
        cells = dict(zip(report.header, row, strict=True))
        chosen = {**cells, "probability": cells.get(f"probability_{cells.get('predicted')}", "")}
        table.add_row(name, *(_short(column, chosen[column]) for column in columns))
    return table


def _columns(bundle: Bundle) -> dict[str, str]:
    """Of the file, those that are shown, and what they are called here."""
    if bundle.kind == "classification":
        return {"predicted": "predicted", "probability": "probability"}
    if bundle.binary:
        return {"area_pixels": "pixels", "area_share": "share of image",
                "components": "components", "confidence": "confidence"}  # fmt: skip
    return {f"area_share_{name}": f"share of {name}" for name in bundle.classes}


def _names(files: Sequence[str]) -> list[str]:
    """Without the folder that all lie in."""
    paths = [Path(file).absolute() for file in files]
    root = os.path.commonpath([path.parent for path in paths])
    return [path.relative_to(root).as_posix() for path in paths]


def _short(column: str, text: str) -> str:
    return f"{float(text):.3f}" if "." in text and column != "predicted" else text
