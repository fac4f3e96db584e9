"""A search with its live table, from the first step to the printed front."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from shlex import quote

import typer
from rich.text import Text

from automed.api.front import show_front, write_front
from automed.api.request import SearchRequest
from automed.api.search import Search, resume, start
from automed.api.shared import Storage
from automed.api.studies import latest
from automed.api.tracking import browse, open_tracker
from automed.api.workers import AS_BEFORE, Workers
from automed.cli.budget_view import describe_paused, more_flags, owed_children, to_run
from automed.cli.console import err, next_steps, out, steps
from automed.cli.front_view import print_files, print_front, to_confirm, to_export
from automed.cli.live import LiveTable
from automed.domain.budget import Limits
from automed.domain.compression import Compression
from automed.domain.task import AnyTask
from automed.domain.trial import Trial
from automed.domain.workspace import Workspace
from automed.executors.outcome import Outcome
from automed.search.study import Study


def run_new(
    request: SearchRequest, workspace: Workspace, device: str, task: AnyTask | None = None,
    workers: Workers = AS_BEFORE, first: str | None = None,
) -> None:  # fmt: skip
    """Create a study and run it; see `automed.api.search.start`.

    Args:
        request: What is asked for.
        workspace: Where studies lie.
        device: As in `automed.pipeline.job.Job`.
        task: The request's task as it is to be searched, where not even the request can say it.
        workers: How many trainings at a time.
        first: What a shell needs before the next commands, where flags of this one stood for it.

    Raises:
        AutomedError: See `automed.api.search.start`.
    """
    rejected = _Relay()
    with steps() as step:
        search = start(request, workspace, step, rejected, device, task, workers)
    _run(search, workspace, rejected, first)


def run_on(
    task: str, name: str | None, workspace: Workspace, limits: Limits | None, device: str,
    compress: tuple[Compression, ...] = (), workers: Workers = AS_BEFORE, first: str | None = None,
) -> None:  # fmt: skip
    """Go on with a study; limits replace its own of their kind. See `run_new`.

    Raises:
        AutomedError: See `automed.api.search.resume`.
    """
    rejected = _Relay()
    with steps() as step:
        study = name or latest(workspace, task)
        search = resume(study, workspace, step, rejected, limits, device, compress, workers)
    _run(search, workspace, rejected, first)


INTERRUPTED = 130
"""Exit code, as shells have it of Ctrl-C: what was to follow the search does not."""


class _Relay:
    """Passes rejected trials on to watchers that exist only after the study does."""

    def __init__(self) -> None:
        self.targets: list[Callable[[Trial], None]] = []

    def __call__(self, trial: Trial) -> None:
        for target in self.targets:
            target(trial)


def _run(search: Search, workspace: Workspace, rejected: _Relay, first: str | None) -> None:
    spec = search.study.spec
    _announce(search)
    earlier = search.study.trials
    tracker = open_tracker(spec, search.study.folder, workspace, earlier)
    live = LiveTable(spec, lambda: search.study.spending, earlier)
    rejected.targets = [live.trial_rejected, tracker.trial_rejected]
    outcome = None
    try:
        with live:
            outcome = search.run([live, tracker])
    finally:
        with err.status("Writing the rest to MLflow"):
            unsynced = tracker.close(outcome)
        search.study.close()
    if unsynced:
        out.print(
            f"[yellow]MLflow missed some trials ({unsynced})[/yellow] ({tracker.reason}). "
            "Nothing is lost; later: "
            f"[green]automed sync {quote(search.study.folder.name)}{workspace.flag}[/green]"
        )
    _conclude(search, workspace, outcome, first, recorded=not unsynced)
    if outcome is Outcome.INTERRUPTED:
        raise typer.Exit(INTERRUPTED)


def _announce(search: Search) -> None:
    spec = search.study.spec
    height, width = spec.task.image_size
    out.print(
        f"[bold]{spec.task.title}[/bold]  study [bold]{spec.name}[/bold], "
        f"budget {spec.budget.describe()}, input {height}x{width}, seed {spec.seed}"
    )
    spent = search.study.spending
    if spent.trials:
        out.print(f"spent so far: {spec.budget.describe_spent(spent)}", soft_wrap=True)
    split = search.job.split
    counts = f"{len(split.train)} train, {len(split.val)} validation, {len(split.test)} test"
    out.print(f"data: {spec.data.path} ({counts}; the test part stays locked)", soft_wrap=True)
    if spec.data.is_demo:
        out.print(
            Text(
                " DEMO DATA: synthetic images. The figures below say nothing about patients. ",
                style="black on yellow",
            )
        )
        out.print(f"[yellow]Use your own: automed data add {spec.task.name} PATH[/yellow]")
    if spec.weights == "none":
        out.print("weights: random (--no-pretrained)")
    if spec.storage == "postgres":
        out.print(
            f"storage: {Storage.here().place}; another machine joins by the same "
            f"command with --name {spec.name}",
            soft_wrap=True,
        )
    _print_notes(search.notes)


def _print_notes(notes: Iterable[str]) -> None:
    for note in notes:
        out.print(Text("note: ", style="cyan") + Text(note), soft_wrap=True)


def _conclude(
    search: Search, workspace: Workspace, outcome: Outcome, first: str | None, *, recorded: bool
) -> None:
    study = search.study
    spec = study.spec
    name = quote(study.folder.name)
    resume_command = f"automed search {spec.task.name} --resume --name {name}{workspace.flag}"
    more = more_flags(spec.budget, study.spending)
    if outcome is Outcome.INTERRUPTED:
        _print_interrupted(study)
    elif outcome is Outcome.FINISHED:
        more = _print_spent(study)
    elif outcome is Outcome.EXHAUSTED:
        out.print("\nThe search ended before its budget was spent.")
    _print_notes(note for note in study.notes if note not in search.notes)
    shown = show_front(study.folder.name, workspace)
    print_front(shown)
    if shown.front.trials:
        print_files(write_front(shown, workspace))
    next_steps(
        *([("first, in every shell: it says where the study is", first)] if first else []),
        ("go on", resume_command if outcome is Outcome.INTERRUPTED else f"{resume_command} {more}"),
        ("look at it in a browser", f"automed dashboard{workspace.flag}"),
        ("see the front again", f"automed front {name}{workspace.flag}"),
        *to_export(shown, workspace),
        *to_confirm(shown, workspace),
        *([("browse every trial in MLflow", browse(workspace))] if recorded else []),
    )


def _print_interrupted(study: Study) -> None:
    budget, left = study.spec.budget, to_run(study.trials, study.spec)
    owed = owed_children(study.trials, study.spec)
    trials = [] if left is None else [f"{left} of {budget.trials} trials"]
    children = [f"{owed} compressed model{'s' * (owed > 1)}"] if owed else []
    to_go = " and ".join([*trials, *children])
    running = len(study.paused)
    rest = f"the {running} running ones go" if running > 1 else "the running one goes"
    epoch = "their last whole epochs" if running > 1 else "its last whole epoch"
    out.print(
        f"\n[yellow]Interrupted[/yellow]{f' with {to_go} to go' if to_go else ''}. Finished trials "
        f"are kept; {rest} on after {epoch}.",
        soft_wrap=True,
    )
    if set(budget.given) != {"trials"}:
        out.print(f"Spent: {budget.describe_spent(study.spending)}.", soft_wrap=True)


def _print_spent(study: Study) -> str:
    """Say which budget was spent, and what waits for more; the flags that give it."""
    budget, reached, paused = study.spec.budget, study.spent, study.paused
    assert reached is not None
    spent = study.spending
    out.print(
        f"\nThe budget of {reached.describe()} is spent: {budget.describe_spent(spent)}.",
        soft_wrap=True,
    )
    for line in describe_paused(paused, study.trials, study.spec.task.training.epochs):
        out.print(f"[yellow]{line}[/yellow] With a larger budget it goes on.", soft_wrap=True)
    # What is paused needs no further training to start.
    without: Limits = reached.replace(trials=None)
    return more_flags(without if paused and without.given else reached, spent)
