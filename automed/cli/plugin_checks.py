"""The conformance suite, check by check."""

from __future__ import annotations

from rich.text import Text

from automed.cli.console import err, out
from automed.domain.task import AnyTask
from automed.testing.conformance import CHECKS, run_check


def checked(task: AnyTask) -> bool:
    """Run all checks, and print each as soon as it is done; whether all passed."""
    failed = 0
    for done, name in enumerate(CHECKS, start=1):
        title = name.replace("_", " ")
        with err.status(f"{title} ({done} of {len(CHECKS)})"):
            problem = run_check(name, task)
        mark = Text("ok  ", style="green") if problem is None else Text("FAIL", style="red")
        out.print(mark + Text(f" {title}" + (f": {problem}" if problem else "")), soft_wrap=True)
        failed += problem is not None
    return not failed
