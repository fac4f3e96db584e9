"""``automed search``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from automed.cli.options import (
    Allow,
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
    budget: Annotated[
        int | None,
        typer.Option(help="Trainings to run; with another budget, any number.", show_default="50"),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(
            metavar="2h|90m|45s",
            help="Wall time of the search; of several budgets the one that is spent first ends it.",
        ),
    ] = None,
    device_hours: Annotated[
        float | None,
        typer.Option(help="Hours of training, summed over workers: of GPUs, or of CPUs."),
    ] = None,
    epoch_budget: Annotated[
        int | None, typer.Option(help="Epochs of all trainings together.")
    ] = None,
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
    max_latency_ms: Annotated[
        float | None,
        typer.Option(
            help="Longest time for one image, measured after the training: such a trial "
            "is trained, and kept off the front."
        ),
    ] = None,
    max_params: Annotated[
        str | None, typer.Option(metavar="2.5M|800k", help="Most parameters.")
    ] = None,
    min_dice: Annotated[
        float | None, typer.Option(help="Least Dice of what may stand on the front.")
    ] = None,
    constraint: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'METRIC>=X'",
            help="Bound any metric, in its own unit: 'f1_macro>=0.8', 'macs<=2e9'. Repeatable.",
        ),
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
    sampler: Annotated[
        str | None,
        typer.Option(
            help="ehvi (ours), tpe, gp, nsga2, nsga3, qmc, random, grid, one that a package "
            "registers, or optunahub:PACKAGE.",
            show_default="ehvi; tpe with --compress auto",
        ),
    ] = None,
    stopper: Annotated[
        str | None,
        typer.Option(
            help="End trainings early: dominance (what can no longer reach the front), halving "
            "(successive halving for fronts), median (quality alone) or none.",
            show_default="dominance; none with --sampler grid",
        ),
    ] = None,
    brackets: Annotated[
        int,
        typer.Option(
            help="With --stopper halving: share trainings out among so many brackets; each leaves "
            "out one more of the first rungs, for models that learn slowly."
        ),
    ] = 1,
    enqueue: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Configs to try right after the baselines: a .toml file with [[config]] tables, "
            "or a .jsonl file. What a config leaves out is the first baseline's, or drawn.",
        ),
    ] = None,
    warm_start: Annotated[
        str | None,
        typer.Option(
            metavar="STUDY",
            help="Let finished trials of another study guide the sampler, until this one has as "
            "many. They are not trials of this one.",
        ),
    ] = None,
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
    workers: Annotated[
        str | None,
        typer.Option(
            metavar="N|auto",
            help="Trainings at a time, each in a process of its own; auto: as many as the GPUs "
            "have room for, or one for two cores.",
            show_default="1; with --resume, as before",
        ),
    ] = None,
    gpus_per_trial: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Of a GPU, for each training: 0.5 lets two workers share one.",
            show_default="1",
        ),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="auto|ADDRESS",
            help="Train on a Ray cluster (HOST:PORT of its head; auto: this machine's, or one for "
            "this search), as many trainings at a time as it has room for, or --workers.",
        ),
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Keep the study in Postgres (postgresql://USER@HOST/DATABASE), where other "
            "machines join it by the same command with the same --name.",
            show_default="$AUTOMED_STORAGE, or the study's folder",
        ),
    ] = None,
    layout: Layout = None,
    group_pattern: GroupPattern = None,
    group_csv: GroupCsv = None,
    group_column: GroupColumn = None,
    no_groups: NoGroups = None,
    mask_values: MaskValues = None,
    allow: Allow = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Search the Pareto front of quality against compute and size for a task."""
    from automed.api.request import SearchRequest, limits_of
    from automed.api.shared import name_storage
    from automed.api.workers import read_workers
    from automed.cli.duration import read_duration
    from automed.cli.image_size import image_size_of
    from automed.cli.run_search import run_new, run_on

    first = None if storage is None else name_storage(storage)
    place = workspace_at(workspace)
    seconds = None if time is None else read_duration("--time", time)
    crew = read_workers(workers, gpus_per_trial, ray)
    if resume:
        _refuse_settings(ctx)
        limits = limits_of(budget, seconds, device_hours, epoch_budget)
        run_on(task, name, place, limits, device, _compressions(compress), crew, first)
        return
    request = SearchRequest(
        task=task, budget=budget, seconds=seconds, device_hours=device_hours,
        epoch_budget=epoch_budget, seed=seed, name=name, data=data,
        options=data_options(
            layout, group_pattern, group_csv, group_column, no_groups, mask_values, allow
        ),
        epochs=epochs, image_size=image_size_of(image_size),
        max_gflops=max_gflops, max_size_mb=max_size_mb, max_latency_ms=max_latency_ms,
        max_params=max_params, min_dice=min_dice, bounds=tuple(constraint or ()),
        space=space, set_values=tuple(set_ or ()), fix_values=tuple(fix or ()),
        weights=_weights(weights, no_pretrained), sampler=sampler, stopper=stopper,
        brackets=brackets, enqueue=enqueue, warm_start=warm_start,
        compress=_compressions(compress), compress_auto=compress == "auto",
        max_drop=max_drop, artifact=_artifact(artifact),
    )  # fmt: skip
    run_new(request, place, device, workers=crew, first=first)


_BUDGETS = {"budget", "time", "device_hours", "epoch_budget"}
_WHERE = {"device", "workers", "gpus_per_trial", "ray", "storage", "workspace"}
_ON_RESUME = {"task", "name", "resume", "compress", *_WHERE, *_BUDGETS}


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
            expected="--resume with --name, a budget (--budget, --time, --device-hours, "
            "--epoch-budget), --compress, --workers, --gpus-per-trial, --ray or --device only",
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
