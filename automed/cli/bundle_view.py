"""Bundles and timings as tables."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from automed.api.bundles import Exported, Speed
from automed.cli.console import out
from automed.domain.bundle import Bundle
from automed.domain.objective import LABELS


def print_bundle(exported: Exported) -> None:
    """What was exported, what it is worth and what must be known of it."""
    bundle = exported.bundle
    why = ": the knee of the front, since no --trial was given" if exported.chosen else ""
    out.print(f"\n[bold]{bundle.name}[/bold]{why}{demo_badge(bundle)}")
    for name in (bundle.guide,):
        interval = bundle.intervals.get(name)
        between = "" if interval is None else f" (95 %: {interval.low:.4f} to {interval.high:.4f})"
        value = bundle.metrics[name]
        out.print(f"  {LABELS.get(name, name)} {value:.4f}{between} on the validation part")
    out.print(f"  {bundle.cost.describe()}")
    for remark in bundle.remarks:
        out.print(f"  [yellow]{remark}[/yellow]")
    out.print(f"\nWritten: {exported.folder}", soft_wrap=True)


def demo_badge(bundle: Bundle) -> str:
    """A loud word where the model has learned from demo data."""
    return "  [black on yellow] synthetic demo data [/]" if bundle.demo else ""


def print_speeds(bundle: Bundle, speeds: Sequence[Speed]) -> None:
    """A row for each number of threads and batch size."""
    channels, height, width = bundle.input_shape
    first = speeds[0].latency
    table = Table(
        title=f"{bundle.name}: {channels}x{height}x{width}, {first.device}, {first.runtime}",
        title_justify="left", title_style="bold",
        caption="Of one call of the model; reading and resizing images is not in it. Spread: half "
        "the distance of the quartiles.",
        caption_justify="left",
    )  # fmt: skip
    for name in ("batch", "threads", "median ms", "95 % ms", "spread", "images/s"):
        table.add_column(name, justify="right")
    for speed in speeds:
        latency = speed.latency
        table.add_row(
            str(latency.batch), str(latency.threads), f"{latency.p50_ms:.2f}",
            f"{latency.p95_ms:.2f}", f"{latency.spread:.1%}", f"{speed.images_per_second:.1f}",
        )  # fmt: skip
    out.print(table)
