"""``automed space show|check``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from automed.domain.space import SearchSpace

app = typer.Typer(help="Show and check search spaces; without a command, list the shipped ones.")


@app.callback(invoke_without_command=True)
def _list(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is not None:
        return
    from rich.table import Table

    from automed.api.space import shipped_spaces
    from automed.cli.console import next_steps, out

    table = Table("space", "parameters", "combinations", "real-valued")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, space in shipped_spaces().items():
        table.add_row(
            f"[bold]{name}[/bold]", str(len(space.parameters)),
            f"{space.combinations():,}", str(len(space.real_valued)),
        )  # fmt: skip
    out.print(table)
    next_steps(
        ("see one", "automed space show polyp"),
        ("check your own, which may extend one of these", "automed space check mine.toml"),
    )


@app.command()
def show(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A shipped space, a .toml file or a task.")
    ],
) -> None:
    """Print a search space as a tree, with conditions and the papers' values."""
    from automed.api.space import find
    from automed.cli.console import next_steps, out
    from automed.cli.space_view import counts, example_flags, tree

    found = find(name)
    out.print(tree(found.space))
    out.print(counts(found.space))
    fix, narrow = example_flags(found.space)
    next_steps(
        ("hold one parameter, narrow another", f"{found.command} {fix} {narrow}".rstrip()),
        ("search all of it", found.command),
    )


@app.command()
def check(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A .toml file or a shipped space.")],
    task: Annotated[
        str | None,
        typer.Option(help="Also build random configs as this task would; see automed tasks."),
    ] = None,
    samples: Annotated[
        int, typer.Option(min=1, help="How many random configs --task builds.")
    ] = 20,
) -> None:
    """Say everything that is wrong with a search space. Exit code 1 if there is anything."""
    from rich.text import Text

    from automed.api.vocabulary import load_known
    from automed.cli.console import err, next_steps, out
    from automed.cli.space_view import counts
    from automed.domain.space_problem import InvalidSpaceError

    try:
        space = load_known(file)
    except InvalidSpaceError as error:
        for problem in error.problems:
            err.print(Text(problem), soft_wrap=True)
        raise typer.Exit(1) from None
    if task is not None:
        _build_samples(space, task, samples)
    out.print(Text(f"ok: {space.name} v{space.version}, ", style="green") + counts(space))
    usage = f"automed search {task or 'TASK'} --space {file}"
    next_steps(("see it", f"automed space show {file}"), ("search it", usage))


def _build_samples(space: SearchSpace, task: str, samples: int) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from automed.api.space import failing_configs
    from automed.cli.console import err, out, steps

    with steps() as step:
        failed = failing_configs(space, task, samples, step)
    if not failed:
        out.print(f"{samples} random configs build for task {task}, and their recipes are valid")
        return
    err.print(f"{len(failed)} of {samples} random configs cannot be trained for task {task}:")
    for one in failed:
        err.print(Text(f"  {one.problem}"), soft_wrap=True)
        values = "  ".join(f"{key}={value}" for key, value in one.config.items())
        err.print(Padding(Text(values, style="dim"), (0, 0, 0, 4)))
    raise typer.Exit(1)
