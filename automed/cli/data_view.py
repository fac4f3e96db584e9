"""What a data set looks like, as tables."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from automed.api.datasets import Checked
from automed.cli.console import out


def show(checked: Checked) -> None:
    """Samples, sizes, classes, groups; then errors and warnings with the files they name."""
    dataset = checked.dataset
    table = Table(
        title=f"{dataset.root}", title_justify="left", title_style="bold", show_header=False
    )
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    table.add_row("task", checked.task.name)
    for label, value in checked.audit.summary.lines():
        table.add_row(label, value)
    table.add_row("digest", dataset.digest[:12])
    out.print(table)
    if dataset.grouped_by is None:
        kind = checked.task.split.group
        _note(f"no {kind} is known: images of one {kind} may lie on both sides of the split. Name "
              "it with --group-csv FILE or --group-pattern 'REGEX with a (group)'.")  # fmt: skip
    for note in dataset.notes:
        _note(note)
    for kind, style, findings in (
        ("error", "bold red", checked.audit.errors),
        ("warning", "yellow", checked.audit.warnings),
    ):
        for finding in findings:
            out.print(Text(f"{kind}: ", style=style) + Text(finding.message), soft_wrap=True)
            for file in finding.files[:5]:
                out.print(Text(f"    {file}", style="dim"), soft_wrap=True)
            if len(finding.files) > 5:
                out.print(Text(f"    and {len(finding.files) - 5} more", style="dim"))
            if finding.hint:
                out.print(Text(f"    next: {finding.hint}", style="green"), soft_wrap=True)


def _note(text: str) -> None:
    out.print(Text("note: ", style="cyan") + Text(text), soft_wrap=True)
