"""Which architecture with which encoder can be compressed by which method, and at what cost.

Run: ``python benchmarks/compression_matrix.py [--sample N] [--methods none,ptq,prune+ptq]
[--no-export]``. Takes every pair of an architecture and an encoder that the spaces of the tasks
allow, with random weights and images of noise, at the smallest square of 64, 128 and 256 pixels
that the pair takes. Methods are spelled as for ``--compress``; fine-tuning is one epoch on eight
images. ``--no-export`` only prepares the models: for pruning, that includes the comparison with the
masked original.

A line of JSON is written after each model, so that a run that was ended goes on where it was; rows
of another version of torch_pruning are made anew. Ends with the table in docs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from torch import nn

from automed.artifact.session import OnnxForward
from automed.compression.bench import Bench
from automed.compression.cost import compressed_cost
from automed.domain.compression import METHODS, Compression, read_compressions, with_compression
from automed.domain.config import Config
from automed.domain.decision import Decision
from automed.domain.errors import AutomedError
from automed.domain.normalization import Normalization
from automed.domain.parameter import CategoricalParameter
from automed.domain.placeholder_classes import with_classes
from automed.domain.task import AnyTask
from automed.models.build import build_model
from automed.models.cost import BuildError, count_macs, predict_cost
from automed.registry.tasks import load_task
from automed.training.part import Part
from automed.training.recipe import Recipe

ROOT = Path(__file__).parent.parent
LINES = ROOT / "benchmarks" / "results" / "compression_matrix.jsonl"
TABLE = ROOT / "docs" / "compression-matrix.md"
TASKS = ("polyp", "cell", "leukemia", "breast_cell")
SIZES = (64, 128, 256)
IMAGES = 8

Row = dict[str, Any]


def main() -> None:
    """Fill in what is missing, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, help="so many pairs, drawn at random")
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--no-export", action="store_true", help="prepare the models only")
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    pairs = list(dict.fromkeys(all_pairs()))
    if given.sample is not None:
        pairs = random.Random(0).sample(pairs, given.sample)
    done = {key_of(row) for row in read_rows()}
    for kind, architecture, encoder in pairs:
        for compression in asked(given.methods):
            row = {
                "kind": kind, "architecture": architecture, "encoder": encoder,
                "method": str(compression), "exported": not given.no_export,
                "torch_pruning": version("torch-pruning"),
            }  # fmt: skip
            if key_of(row) in done:
                continue
            row |= tried(row, compression)
            print(row["architecture"], encoder, row["method"], row.get("refused", "works"),
                  file=sys.stderr, flush=True)  # fmt: skip
            with LINES.open("a") as file:
                file.write(json.dumps(row) + "\n")
    write_table(read_rows())


def asked(methods: str) -> list[Compression]:
    """The compressions to try; ``none``, which `read_compressions` leaves out, among them."""
    dense = [Compression()] if "none" in methods.split(",") else []
    others = ",".join(method for method in methods.split(",") if method != "none")
    return dense + (list(read_compressions(others)) if others else [])


def all_pairs() -> Iterator[tuple[str, str, str]]:
    """Kind of task, architecture and encoder; an empty name where there is none."""
    for name in TASKS:
        space, kind = load_task(name).space, load_task(name).kind
        encoders = space.parameters["model.encoder"]
        architectures = space.parameters.get("model.architecture")
        assert isinstance(encoders, CategoricalParameter)
        if architectures is None:
            yield from ((kind, "", str(encoder)) for encoder in encoders.choices)
            continue
        assert isinstance(architectures, CategoricalParameter)
        for architecture in architectures.choices:
            values = {"model.architecture": architecture}
            if not space.is_active("model.encoder", values):
                yield kind, str(architecture), ""
                continue
            for encoder in encoders.left(values):
                yield kind, str(architecture), str(encoder)


def tried(row: Row, compression: Compression) -> Row:
    """What became of a compression."""
    named = {"model.architecture": row["architecture"], "model.encoder": row["encoder"]}
    config = Config({key: value for key, value in named.items() if value})
    begun = time.perf_counter()
    found: dict[str, Any] = {}
    try:
        task = sized(
            config, with_classes(load_task("polyp" if row["architecture"] else "leukemia"))
        )
        found["size"] = task.image_size[0]
        whole = predict_cost(config, task)
        found["whole"] = {"parameters": whole.parameters.value, "macs": whole.macs.value}
        found["predicted"] = compressed_cost(
            with_compression(config, compression), task
        ).as_metrics()
        found["predicted_seconds"] = round(time.perf_counter() - begun, 2)
        found["measured"] = measured(config, task, compression, export=row["exported"])
    except AutomedError as error:
        found["refused"] = error.problem
        found["because"] = str(error.found or "")
    found["seconds"] = round(time.perf_counter() - begun, 1)
    return found


def sized(config: Config, task: AnyTask) -> AnyTask:
    """The task with the smallest image that the model takes."""
    for side in SIZES:
        resized = task.replace(image_size=(side, side))
        try:
            predict_cost(config, resized)
        except BuildError:
            if side == SIZES[-1]:
                raise
        else:
            return resized
    raise AssertionError


def measured(config: Config, task: AnyTask, compression: Compression, *, export: bool) -> Row:
    """Costs of the compressed model; with ``export``, of its file, which is run as well."""
    from automed.compression.methods import STEPS, compress

    torch.manual_seed(0)
    model = build_model(config, task).eval()
    unsettle(model)
    bench = bench_of(task, compression)
    if export:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            plain, details = compress(model, path, bench)
            return costs(plain, bench) | details | file_facts(plain, path, bench)
    details = {}
    for name in compression.steps:
        step = STEPS[name]()
        model = step.prepare(model, bench)
        details |= step.describe()
    return costs(model, bench) | details


def unsettle(model: nn.Module) -> None:
    """Weights as after a training: no scale that is 0 or tiny hides a branch from comparisons."""
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.running_mean is not None:
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 1.5)
            if module.affine:
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias, 0, 0.3)
    for parameter in model.parameters():
        if float(parameter.detach().abs().max()) < 1e-3:
            nn.init.uniform_(parameter, -0.5, 0.5)


def bench_of(task: AnyTask, compression: Compression) -> Bench:
    """Noise to train on, for an epoch."""
    source = np.random.default_rng(0)
    height, width = task.image_size
    shape = (IMAGES, height, width)
    images = source.integers(0, 256, (*shape, task.channels), dtype=np.uint8)
    segmentation = task.kind == "segmentation"
    targets = source.integers(0, 2, shape, dtype=np.uint8) if segmentation else (
        np.arange(IMAGES, dtype=np.int64) % task.outputs
    )  # fmt: skip
    part = Part(images, targets, np.arange(IMAGES), classes=len(task.classes))
    recipe = Recipe(
        loss="bce+dice" if segmentation else "ce", optimizer="adamw", learning_rate=1e-4,
        batch_size=4, epochs=1, precision="fp32",
    )  # fmt: skip
    epochs = None if compression.method in ("none", "ptq") else 1
    return Bench(
        compression=compression.replace(epochs=epochs),
        task=task, recipe=recipe, train=part, val=part,
        normalization=Normalization(mean=(0.5,) * task.channels, std=(0.25,) * task.channels),
        seed=0, device=torch.device("cpu"), report=lambda _: Decision.CONTINUE,
    )  # fmt: skip


def costs(model: nn.Module, bench: Bench) -> Row:
    """Parameters and MACs."""
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "macs": count_macs(model, bench.shape, "cpu"),
    }


def file_facts(plain: nn.Module, path: Path, bench: Bench) -> Row:
    """Bytes, and how far the file is from the model, as a share of the largest output."""
    image = torch.rand(1, *bench.shape, generator=torch.Generator().manual_seed(0))
    mean, std = (torch.tensor(v).view(1, -1, 1, 1) for v in
                 (bench.normalization.mean, bench.normalization.std))  # fmt: skip
    with torch.no_grad():
        expected = plain((image - mean) / std)
    found = OnnxForward(path, bench.normalization, threads=1)(image)
    difference = float((found - expected).abs().max() / expected.abs().max())
    return {"size_bytes": path.stat().st_size, "file_difference": difference}


def key_of(row: Row) -> tuple[Any, ...]:
    """What tells two rows apart."""
    names = ("kind", "architecture", "encoder", "method", "exported", "torch_pruning")
    return tuple(row[name] for name in names)


def read_rows() -> list[Row]:
    """The rows of earlier runs; a last line that was cut off is dropped."""
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for line in LINES.read_text().splitlines() if LINES.exists() else []:
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        rows[key_of(row)] = row
    return list(rows.values())


def write_table(rows: list[Row]) -> None:
    """The markdown page."""
    from compression_matrix_page import page

    TABLE.write_text(page(rows))


if __name__ == "__main__":
    main()
