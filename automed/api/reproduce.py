"""A paper's experiment, run as a study and shown as the paper's table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from automed.analysis.grid_heatmap import write_grid_heatmap
from automed.analysis.grid_rows import grid_rows
from automed.analysis.grid_table import write_grid_csv, write_grid_markdown
from automed.api.front import show_front
from automed.api.request import SearchRequest
from automed.domain.config import Value
from automed.domain.errors import AutomedError, StudyError, WorkspaceError
from automed.domain.paper1_grid import PAPER_1
from automed.domain.paper_grid import GridRow, PaperGrid
from automed.domain.study_spec import StudySpec
from automed.domain.suggestion import suggestion
from automed.domain.task import AnyTask, Baseline
from automed.domain.workspace import Workspace
from automed.registry.tasks import load_task
from automed.search.study_file import SPEC_FILE, read_spec

GRIDS: Mapping[str, PaperGrid] = {PAPER_1.name: PAPER_1}
"""The experiments by name."""

_WIDTH = "model.base_width"


@dataclass(frozen=True)
class ReproduceRequest:
    """A paper's experiment as a user asks for it; None: as in the paper.

    Attributes:
        paper: Name of the experiment.
        data: Folder to use instead of the task's registered one.
        epochs: Of each training; fine-tuning takes a quarter of them.
        image_size: Height and width.
        seed: Of split and trainings.
        name: Of the study; None: the experiment's.
        base_width: Channels of the first level of the paper's U-Net, to try it out on less.
    """

    paper: str
    data: Path | None = None
    epochs: int | None = None
    image_size: tuple[int, int] | None = None
    seed: int | None = None
    name: str | None = None
    base_width: int | None = None

    def __post_init__(self) -> None:
        if self.paper not in GRIDS:
            raise AutomedError(
                f"there is no experiment {self.paper!r} to reproduce"
                f"{suggestion(self.paper, GRIDS)}",
                expected=f"one of {', '.join(GRIDS)}",
            )

    @property
    def grid(self) -> PaperGrid:
        """The experiment."""
        return GRIDS[self.paper]

    @property
    def study(self) -> str:
        """Name of the study."""
        return self.name or self.paper

    @property
    def search(self) -> SearchRequest:
        """The study: the paper's combinations and no others, each with all compressions.

        Raises:
            AutomedError: An option is not valid.
        """
        grid, base = self.grid, self._base()
        varied: dict[str, list[Value]] = {}
        for combination in grid.combinations:
            for key, value in {**base, **combination.changes}.items():
                values = varied.setdefault(key, [])
                values += [value] if value not in values else []
        epochs = load_task(grid.task).training.epochs if self.epochs is None else self.epochs
        return SearchRequest(
            task=grid.task, budget=len(grid.combinations), seed=self.seed or 0, name=self.study,
            data=self.data, epochs=self.epochs, image_size=self.image_size,
            set_values=(
                *(f"{k}={','.join(map(str, v))}" for k, v in varied.items()),
                # The paper trains all of its epochs.
                f"training.patience={max(epochs, 1)}",
            ),
            weights="none", artifact="onnx", stopper="none",
            compress=tuple(c for c in grid.compressions if c.method != "none"),
        )  # fmt: skip

    @property
    def task(self) -> AnyTask:
        """The task with the paper's combinations as its baselines, which a study tries first.

        Raises:
            SpaceError: An option asks for what the task's space does not hold.
        """
        adapted = self.search.adapt(load_task(self.grid.task))
        base = self._base()
        baselines = tuple(
            Baseline(name=combination.name, config={**base, **combination.changes})
            for combination in self.grid.combinations
        )
        planned: AnyTask = adapted.replace(baselines=baselines)
        return planned

    def goes_on(self, workspace: Workspace) -> bool:
        """Whether there is such a study already, which this request agrees with.

        Raises:
            StudyError: There is a study of that name, but of something else.
        """
        folder = workspace.studies / self.study
        if not (folder / SPEC_FILE).exists():
            return False
        self._refuse_other(read_spec(folder))
        return True

    def _base(self) -> dict[str, Value]:
        task = load_task(self.grid.task)
        base = next(b.config for b in task.baselines if b.name == self.grid.baseline)
        return base if self.base_width is None else {**base, _WIDTH: self.base_width}

    def _refuse_other(self, spec: StudySpec) -> None:
        names = [combination.name for combination in self.grid.combinations]
        if [baseline.name for baseline in spec.task.baselines] != names:
            raise StudyError(
                f"study {self.study!r} is no reproduction of {self.paper}",
                hint="choose another --name",
            )
        height, width = spec.task.image_size
        asked: dict[str, tuple[object, object]] = {
            "--data": (self.data and str(self.data.absolute()), spec.data.path),
            "--epochs": (self.epochs, spec.task.training.epochs),
            "--image-size": (self.image_size and "{}x{}".format(*self.image_size),
                             f"{height}x{width}"),
            "--seed": (self.seed, spec.seed),
            "--base-width": (self.base_width, spec.task.baselines[0].config.get(_WIDTH)),
        }  # fmt: skip
        for flag, (given, there) in asked.items():
            if given is not None and given != there:
                raise StudyError(
                    f"{flag} {given} is not what study {self.study!r} began with",
                    found=given, expected=there,
                    hint=f"leave {flag} out to go on with it, or choose another --name",
                )  # fmt: skip


@dataclass(frozen=True)
class ShownGrid:
    """An experiment with all that a study has of it so far.

    Attributes:
        grid: The experiment.
        spec: The study's settings.
        rows: In the paper's order: each combination with each compression.
    """

    grid: PaperGrid
    spec: StudySpec
    rows: tuple[GridRow, ...]

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to run."""
        return all(row.is_over for row in self.rows)


def show_grid(request: ReproduceRequest, workspace: Workspace) -> ShownGrid:
    """Read the study of an experiment, which may be running.

    Raises:
        StudyError: There is no such study, or it cannot be read.
    """
    shown = show_front(request.study, workspace)
    return ShownGrid(request.grid, shown.spec, grid_rows(request.grid, shown.spec, shown.trials))


def write_grid(shown: ShownGrid, workspace: Workspace) -> list[Path]:
    """Write the table as CSV and Markdown, and its heat map, into the study's folder.

    Raises:
        WorkspaceError: The folder cannot be written to.
    """
    folder = workspace.studies / shown.spec.name
    title = f"{shown.grid.name}: study {shown.spec.name}"
    title += ", synthetic demo data" if shown.spec.data.is_demo else ""
    try:
        return [
            write_grid_csv(shown.rows, shown.grid, folder / "grid.csv"),
            write_grid_markdown(shown.rows, shown.grid, folder / "grid.md", title),
            write_grid_heatmap(shown.rows, shown.grid, folder / "grid.png", title),
        ]
    except OSError as error:
        raise WorkspaceError(
            f"the table cannot be written to {folder}", found=error.strerror or str(error)
        ) from error
