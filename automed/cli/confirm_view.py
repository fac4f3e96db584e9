"""A confirmation from its first training to the printed report."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from automed.analysis.confirm_words import (
    cost_text,
    cost_unit,
    interval_words,
    short,
    signed,
    step_words,
    verdict_words,
)
from automed.api.confirm import ConfirmRequest, prepare
from automed.api.confirming import Confirming
from automed.cli.confirm_progress import ConfirmProgress
from automed.cli.console import err, next_steps, out, steps
from automed.cli.eta import clock
from automed.cli.front_view import print_files
from automed.domain.confirmation import Confirmation, ConfirmedPoint, Estimate
from automed.domain.workspace import Workspace


def run_confirm(request: ConfirmRequest, workspace: Workspace) -> None:
    """Run what is left of a confirmation, and print its report.

    Raises:
        AutomedError: See `automed.api.confirm.prepare` and `Confirming.run`.
        KeyboardInterrupt: On Ctrl-C, after saying how to go on.
    """
    with steps() as step:
        confirming = prepare(request, workspace, step)
    try:
        _announce(confirming)
        epochs = confirming.spec.task.training.epochs
        try:
            with ConfirmProgress(confirming.plan, confirming.spec.task.quality, epochs) as progress:
                confirmation = confirming.run(progress)
        except KeyboardInterrupt:
            _say_how_to_go_on(confirming, request, workspace)
            raise
        with err.status("Drawing"):
            files = confirming.write(confirmation)
    finally:
        confirming.close()
    print_confirmation(confirmation)
    print_files(files)
    next_steps(
        *_to_export(confirmation, workspace),
        *_to_prove(confirmation, workspace),
        ("show it in MLflow, too", f"automed sync {request.study}{workspace.flag}"),
    )


def print_confirmation(confirmation: Confirmation) -> None:
    """The table of the points, the steps between neighbours in words, and what to take."""
    label = confirmation.quality.label
    demo = "  [black on yellow] synthetic demo data [/]" if confirmation.demo else ""
    table = Table(
        title=f"{confirmation.study} confirmed: {len(confirmation.points)} points on "
        f"{confirmation.partitions} other partitions{demo}",
        title_justify="left", title_style="bold", caption=_caption(confirmation),
        caption_justify="left",
    )  # fmt: skip
    costs = tuple(confirmation.points[0].costs)
    for column in ("trial", *map(cost_unit, costs), "search", f"{label}, partitions",
                   f"{label}, test", "optimism"):  # fmt: skip
        table.add_column(column, justify="right", overflow="fold")
    for point in confirmation.points:
        table.add_row(*_cells(point, confirmation))
    out.print()
    out.print(table)
    if confirmation.steps:
        out.print("\n[bold]From each point to the next dearer one[/bold]")
    for step in confirmation.steps:
        style = "green" if step.significant and step.gain > 0 else ""
        out.print(Text(f"  {step_words(step, confirmation)}", style=style), soft_wrap=True)
    for point in confirmation.points:
        for failure in point.failures:
            out.print(Text(f"! trial {point.trial} failed on a partition: ", style="yellow")
                      + Text(failure), soft_wrap=True)  # fmt: skip
    out.print(f"\n{verdict_words(confirmation)}", soft_wrap=True)
    if len(confirmation.looks) > 1:
        out.print(f"[yellow]The test part was used {len(confirmation.looks)} times[/yellow]: it is "
                  "no longer untouched.", soft_wrap=True)  # fmt: skip


def _announce(confirming: Confirming) -> None:
    numbers = ", ".join(str(trial.number) for trial in confirming.trials)
    due = [r for r in confirming.plan if r.outcome is None]
    split = confirming.plan[0].job.split
    out.print(
        f"[bold]{confirming.spec.task.title}[/bold]  study [bold]{confirming.spec.name}[/bold]: "
        f"trials {numbers} on {confirming.partitions} other partitions "
        f"({len(split.train)} train, {len(split.val)} validation)",
        soft_wrap=True,
    )
    if not due:
        out.print("every training is done")
    else:
        done = len(confirming.plan) - len(due)
        before = f"{done} trainings are done, " if done else ""
        out.print(
            f"{before}{len(due)} to go, about {clock(sum(r.seconds for r in due))} going by the "
            f"search; then each model meets the {len(split.test)} test images once",
            soft_wrap=True,
        )
    if confirming.spec.data.is_demo:
        out.print(
            Text(
                " DEMO DATA: synthetic images. The figures below say nothing about patients. ",
                style="black on yellow",
            )
        )
    for note in confirming.notes:
        out.print(Text("note: ", style="cyan") + Text(note), soft_wrap=True)


def _cells(point: ConfirmedPoint, confirmation: Confirmation) -> list[str]:
    mark = " *" if point.trial == confirmation.supported else ""
    return [
        f"{point.trial}{mark}",
        *(cost_text(metric, value) for metric, value in point.costs.items()),
        short(point.search), _stacked(point.validation) or "too few ended",
        _stacked(point.test), "" if point.optimism is None else signed(point.optimism),
    ]  # fmt: skip


def _stacked(estimate: Estimate | None) -> str:
    """The interval on a line of its own: a narrow terminal would break it anywhere."""
    return interval_words(estimate).replace(" (", "\n(")


def _caption(confirmation: Confirmation) -> str:
    units = f"{confirmation.images} images"
    if confirmation.groups is not None:
        units += f" of {confirmation.groups} groups ({confirmation.grouped_by})"
    return (
        "* best supported. Means with 95 % intervals: over partitions corrected for their overlap "
        f"(Nadeau and Bengio), on the test part by drawing its {units} anew. optimism: the "
        "search's validation minus the test mean. Neighbours: corrected t-test, Holm's correction."
    )


def _say_how_to_go_on(
    confirming: Confirming, request: ConfirmRequest, workspace: Workspace
) -> None:
    done = sum(r.outcome is not None for r in confirming.plan)
    out.print(
        f"\n[yellow]Interrupted[/yellow]: {done} of {len(confirming.plan)} trainings are done and "
        "kept; the running one goes on after its last checkpoint."
    )
    trials = f" --trials {','.join(map(str, request.trials))}" if request.trials else ""
    next_steps(("go on", f"automed confirm {request.study}{trials} --partitions "
                f"{request.partitions}{workspace.flag}"))  # fmt: skip


def _to_export(confirmation: Confirmation, workspace: Workspace) -> tuple[tuple[str, str], ...]:
    command = f"automed export {confirmation.study} --trial {{}} -o bundle{workspace.flag}"
    chosen = ("take the best supported one along", command.format(confirmation.supported))
    if confirmation.best == confirmation.supported:
        return (chosen,)
    return (chosen, ("or the one with the best mean", command.format(confirmation.best)))


def _to_prove(confirmation: Confirmation, workspace: Workspace) -> tuple[tuple[str, str], ...]:
    if confirmation.best == confirmation.supported:
        return ()
    trials = ",".join(map(str, sorted(point.trial for point in confirmation.points)))
    more = max(8, 2 * confirmation.partitions)
    return (("prove more with more partitions", f"automed confirm {confirmation.study} --trials "
             f"{trials} --partitions {more}{workspace.flag}"),)  # fmt: skip
