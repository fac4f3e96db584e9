"""What a data set looks like, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from rich.table import Table
from rich.text import Text

from automed.api.audit_report import Report
from automed.api.datasets import Checked
from automed.api.leak import Leak
from automed.cli.console import out
from automed.data.audit_codes import CODES
from automed.data.finding import Finding


def show(checked: Checked, notes: Sequence[str] = ()) -> None:
    """Samples, sizes, classes, groups; then errors and warnings with the files they name.

    Args:
        checked: The data set and what was found.
        notes: How it came to be read like this.
    """
    dataset = checked.dataset
    table = Table(
        title=f"{dataset.root}", title_justify="left", title_style="bold", show_header=False
    )
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    table.add_row("task", checked.task.name)
    for label, value in checked.audit.summary.lines():
        table.add_row(label, value)
    if not checked.audit.errors:  # a file that cannot be read has none
        table.add_row("digest", checked.ref.digest[:12])
    out.print(table)
    if dataset.grouped_by is None:
        kind = checked.task.split.group
        _note(f"no {kind} is known: images of one {kind} may lie on both sides of the split. Name "
              f"it with --group-csv FILE or --group-pattern 'NAME_{{{kind}}}_*'.")  # fmt: skip
    for note in (*notes, *dataset.notes):
        _note(note)
    for kind, style, findings in (
        ("error", "bold red", checked.audit.errors),
        ("warning", "yellow", checked.audit.warnings),
        ("allowed", "cyan", checked.audit.waived),
        ("note", "cyan", checked.audit.notes),
    ):
        for finding in findings:
            told = Text(f"{kind}: ", style=style) + Text(finding.message)
            out.print(told + Text(f" [{finding.code}]", style="dim"), soft_wrap=True)
            _show_files(finding)
            if kind == "error" and CODES[finding.code].waiver:
                waive = f"    or:   --allow {finding.code} ({CODES[finding.code].waiver})"
                out.print(Text(waive, style="green"), soft_wrap=True)


def _show_files(finding: Finding) -> None:
    for file in finding.files[:5]:
        out.print(Text(f"    {file}", style="dim"), soft_wrap=True)
    if len(finding.files) > 5:
        out.print(Text(f"    and {len(finding.files) - 5} more", style="dim"))
    if finding.hint:
        out.print(Text(f"    next: {finding.hint}", style="green"), soft_wrap=True)


def show_report(report: Report) -> None:
    """Where the report lies."""
    if report.page is not None:
        out.print(Text("report: ", style="cyan") + Text(str(report.page)), soft_wrap=True)
        return
    out.print(Text(f"no report was written: {report.reason}", style="yellow"), soft_wrap=True)


def show_leak(leak: Leak) -> None:
    """The scores of both kinds of split, and what lies between them."""
    table = Table("split", f"validation {leak.metric}", "mean")
    for name, scores in (("grouped", leak.grouped), ("random", leak.random)):
        table.add_row(name, "  ".join(f"{s:.4f}" for s in scores), f"{fmean(scores):.4f}")
    out.print(table)
    out.print(f"kept together: {leak.kept}", soft_wrap=True)
    out.print(
        f"[bold]inflation: {leak.inflation:+.4f}[/bold] {leak.metric} by cutting at random "
        f"({len(leak.random)} splits of either kind)", soft_wrap=True,
    )  # fmt: skip
    out.print(f"written to {leak.file}", soft_wrap=True)


def _note(text: str) -> None:
    out.print(Text("note: ", style="cyan") + Text(text), soft_wrap=True)
