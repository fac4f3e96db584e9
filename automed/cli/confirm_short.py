"""A confirmation in a few lines, without what training needs."""

from __future__ import annotations

from automed.analysis.confirm_words import interval_words, short, verdict_words
from automed.cli.console import out
from automed.domain.confirmation import Confirmation


def print_in_short(confirmation: Confirmation) -> None:
    """What a confirmation said, below a front."""
    label = confirmation.quality.label
    out.print(f"\n[bold]Confirmed[/bold] on {confirmation.partitions} other partitions:")
    for point in confirmation.points:
        out.print(
            f"  trial {point.trial}: {label} {interval_words(point.validation)}, on the test part "
            f"{interval_words(point.test)}, during the search {short(point.search)}",
            soft_wrap=True,
        )
    out.print(f"  {verdict_words(confirmation)}", soft_wrap=True)
