"""A search with its live table, from the first step to the printed front."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rich.text import Text

from automed.api.front import show_front, write_front
from automed.api.request import SearchRequest
from automed.api.search import Search, resume, start
from automed.api.studies import latest
from automed.api.tracking import browse, open_tracker
from automed.cli.console import err, next_steps, out, steps
from automed.cli.front_view import print_files, print_front, to_export
from automed.cli.live import LiveTable
from automed.domain.compression import Compression
from automed.domain.study_spec import StudySpec
from automed.domain.task import AnyTask
from automed.domain.trial import Trial, TrialState
from automed.domain.workspace import Workspace
from automed.executors.outcome import Outcome


def run_new(
    request: SearchRequest, workspace: Workspace, device: str, task: AnyTask | None = None
) -> None:
    """Create a study and run it; see `automed.api.search.start`.

    Raises:
        AutomedError: See `automed.api.search.start`.
    """
    rejected = _Relay()
    with steps() as step:
        search = start(request, workspace, step, rejected, device, task)
    _run(search, workspace, rejected)


def run_on(
    task: str, name: str | None, workspace: Workspace, budget: int | None, device: str,
    compress: tuple[Compression, ...] = (),
) -> None:  # fmt: skip
    """Go on with a study.

    Raises:
        AutomedError: See `automed.api.search.resume`.
    """
    rejected = _Relay()
    with steps() as step:
        study = name or latest(workspace, task)
        search = resume(study, workspace, step, rejected, budget, device, compress)
    _run(search, workspace, rejected)


class _Relay:
    """Passes rejected trials on to watchers that exist only after the study does."""

    def __init__(self) -> None:
        self.targets: list[Callable[[Trial], None]] = []

    def __call__(self, trial: Trial) -> None:
        for target in self.targets:
            target(trial)


def _run(search: Search, workspace: Workspace, rejected: _Relay) -> None:
    spec = search.study.spec
    _announce(search)
    earlier = search.study.trials
    tracker = open_tracker(spec, search.study.folder, workspace, earlier)
    live = LiveTable(spec, earlier)
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
            f"[green]automed sync {spec.name}{workspace.flag}[/green]"
        )
    _conclude(search, workspace, outcome)


def to_run(trials: Sequence[Trial], spec: StudySpec) -> int:
    """Trainings that are left: those not begun, and those that were cut off and begin again."""
    ended = sum(t.charged and t.state is not TrialState.RUNNING for t in trials)
    return max(0, spec.budget.trials - ended)


def _announce(search: Search) -> None:
    spec = search.study.spec
    height, width = spec.task.image_size
    out.print(
        f"[bold]{spec.task.title}[/bold]  study [bold]{spec.name}[/bold], "
        f"{to_run(search.study.trials, spec)} of {spec.budget.trials} trials to run, "
        f"input {height}x{width}, seed {spec.seed}"
    )
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
    _print_notes(search.notes)


def _print_notes(notes: Iterable[str]) -> None:
    for note in notes:
        out.print(Text("note: ", style="cyan") + Text(note), soft_wrap=True)


def _conclude(search: Search, workspace: Workspace, outcome: Outcome) -> None:
    study = search.study
    spec = study.spec
    resume_command = f"automed search {spec.task.name} --resume --name {spec.name}{workspace.flag}"
    if outcome is Outcome.INTERRUPTED:
        left = to_run(study.trials, spec)
        out.print(f"\n[yellow]Interrupted[/yellow] with {left} of {spec.budget.trials} trials to "
                  "go. Finished trials are kept; the running one starts again.")  # fmt: skip
    elif outcome is Outcome.EXHAUSTED:
        out.print("\nThe search ended before its budget was spent.")
    _print_notes(note for note in study.notes if note not in search.notes)
    shown = show_front(spec.name, workspace)
    print_front(shown)
    if shown.front.trials:
        print_files(write_front(shown, workspace))
    more = f"{resume_command} --budget {2 * spec.budget.trials}"
    next_steps(
        ("go on", resume_command if outcome is Outcome.INTERRUPTED else more),
        ("see the front again", f"automed front {spec.name}{workspace.flag}"),
        *to_export(shown, workspace),
        ("browse every trial", browse(workspace)),
    )
