"""``automed search``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from automed.cli.options import (
    GroupColumn,
    GroupCsv,
    GroupPattern,
    Layout,
    MaskValues,
    NoGroups,
    WorkspaceOption,
    data_options,
    workspace_at,
)

if TYPE_CHECKING:
    from automed.domain.compression import Compression


def search(
    ctx: typer.Context,
    task: Annotated[str, typer.Argument(help="The task; see automed tasks.")],
    budget: Annotated[int | None, typer.Option(help="Trainings to run.", show_default="50")] = None,
    seed: Annotated[int, typer.Option(help="Of split, suggestions and trainings.")] = 0,
    name: Annotated[
        str | None, typer.Option(help="Of the study.", show_default="TASK-1, TASK-2, ...")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of images, instead of the registered one.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Most epochs a trial.")] = None,
    image_size: Annotated[
        str | None, typer.Option(help="Input size: 128, or HEIGHTxWIDTH as in 288x384.")
    ] = None,
    max_gflops: Annotated[
        float | None, typer.Option(help="Most GFLOPs, counted as multiply-accumulates (GMACs).")
    ] = None,
    max_size_mb: Annotated[
        float | None, typer.Option(help="Largest weights file, in MB of 10^6 bytes.")
    ] = None,
    space: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Search space: a shipped one (see automed space) or a .toml file.",
            show_default="the task's",
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Narrow a parameter (training.loss=bce,dice or training.learning_rate="
            "1e-4..1e-3) or change a setting (training.patience=5, augment.strength=0.5).",
        ),
    ] = None,
    fix: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Hold a parameter at one value."),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            help="Folder with <encoder>.safetensors, where ImageNet weights are not reachable."
        ),
    ] = None,
    no_pretrained: Annotated[
        bool, typer.Option("--no-pretrained", help="Train from random weights.")
    ] = False,
    sampler: Annotated[str, typer.Option(help="tpe, gp, nsga2, qmc or random.")] = "tpe",
    stopper: Annotated[
        str,
        typer.Option(
            help="End trainings early: halving (successive halving for fronts), dominance "
            "(cautious), median (quality alone) or none."
        ),
    ] = "none",
    compress: Annotated[
        str | None,
        typer.Option(
            metavar="METHOD,METHOD,...",
            help="Compress each trained model: ptq, qat, sparse, prune:RATIO, prune:RATIO+ptq, "
            "prune:RATIO+qat; auto: the sampler chooses. The budget is not charged.",
        ),
    ] = None,
    max_drop: Annotated[
        float, typer.Option(help="Quality that a child may lose before it is marked.")
    ] = 0.01,
    artifact: Annotated[
        str,
        typer.Option(help="onnx: score the exported file; weights: score in PyTorch, faster."),
    ] = "onnx",
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with a study: --name, or the task's latest."),
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:1.")] = "auto",
    layout: Layout = None,
    group_pattern: GroupPattern = None,
    group_csv: GroupCsv = None,
    group_column: GroupColumn = None,
    no_groups: NoGroups = None,
    mask_values: MaskValues = "half",
    workspace: WorkspaceOption = None,
) -> None:
    """Search the Pareto front of quality against compute and size for a task."""
    from automed.api.request import SearchRequest
    from automed.cli.image_size import image_size_of
    from automed.cli.run_search import run_new, run_on

    place = workspace_at(workspace)
    if resume:
        _refuse_settings(ctx)
        run_on(task, name, place, budget, device, _compressions(compress))
        return
    request = SearchRequest(
        task=task, budget=50 if budget is None else budget, seed=seed, name=name, data=data,
        options=data_options(
            layout, group_pattern, group_csv, group_column, no_groups, mask_values
        ),
        epochs=epochs, image_size=image_size_of(image_size),
        max_gflops=max_gflops, max_size_mb=max_size_mb,
        space=space, set_values=tuple(set_ or ()), fix_values=tuple(fix or ()),
        weights=_weights(weights, no_pretrained), sampler=sampler, stopper=stopper,
        compress=_compressions(compress), compress_auto=compress == "auto",
        max_drop=max_drop, artifact=_artifact(artifact),
    )  # fmt: skip
    run_new(request, place, device)


_ON_RESUME = {"task", "name", "budget", "resume", "device", "workspace", "compress"}


def _refuse_settings(ctx: typer.Context) -> None:
    from automed.domain.errors import StudyError

    def given(key: str) -> bool:
        source: Any = ctx.get_parameter_source(key)
        return source is not None and source.name == "COMMANDLINE"

    extra = [f"--{key.strip('_').replace('_', '-')}" for key in ctx.params
             if key not in _ON_RESUME and given(key)]  # fmt: skip
    if extra:
        raise StudyError(
            f"--resume goes on with the settings the study began with; {', '.join(extra)} "
            "cannot be changed",
            expected="--resume with --name, --budget, --compress or --device only",
            hint="leave the flags out, or start a new study without --resume",
        )


def _weights(folder: Path | None, no_pretrained: bool) -> str:
    from automed.domain.errors import WeightsError

    if folder is not None and no_pretrained:
        raise WeightsError("--weights and --no-pretrained exclude each other")
    if no_pretrained:
        return "none"
    return "imagenet" if folder is None else str(folder.absolute())


def _compressions(text: str | None) -> tuple[Compression, ...]:
    from automed.domain.compression import read_compressions

    return () if text in (None, "auto") else read_compressions(text)


def _artifact(word: str) -> Literal["onnx", "weights"]:
    from automed.domain.errors import AutomedError

    if word == "onnx":
        return "onnx"
    if word == "weights":
        return "weights"
    raise AutomedError(f"--artifact {word} is unknown", expected="onnx or weights")
