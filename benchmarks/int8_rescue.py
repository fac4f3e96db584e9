"""What int8 costs an EfficientNet, and what brings it back: calibration, fall-back, or QAT.

Run: ``python benchmarks/int8_rescue.py DATA [--task breast_cell] [--encoder tf_efficientnet_b4]
[--side 96] [--epochs 10] [--folder FOLDER]``. A classifier is trained on the real images from
random weights, then compressed in each way from those same weights, and each file is scored in
onnxruntime on the validation part. With a folder, trained weights are kept and reused. Prints a
table and writes ``benchmarks/results/int8_rescue_ENCODER.json`` and ``.md``.
"""

from __future__ import annotations

import argparse
import copy
import json
import platform
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
import torch
from torch import nn

from automed.artifact.export import export_onnx
from automed.artifact.session import OnnxForward
from automed.compression.bench import Bench
from automed.compression.calibration import CalibrationImages
from automed.compression.method import Details
from automed.compression.methods import compress
from automed.compression.quantize_onnx import quantize_onnx
from automed.data.cache import build_cache
from automed.data.dataset import open_dataset
from automed.data.split import make_split
from automed.domain.compression import Calibration, Compression
from automed.domain.config import Config
from automed.domain.decision import Decision
from automed.domain.measurement import Measurement
from automed.models.build import build_model
from automed.models.normalization import fixed_normalization
from automed.registry.tasks import load_task
from automed.training.evaluate import Answers, evaluate
from automed.training.fit import fit
from automed.training.forward import Forward
from automed.training.losses import build_loss
from automed.training.part import Part
from automed.training.recipe import recipe_of
from automed.training.statistics import statistics

RESULTS = Path(__file__).parent / "results"
CPU = torch.device("cpu")
SEED = 0
Row = dict[str, str | float]


def heard(measurement: Measurement) -> Decision:
    """Show an epoch."""
    quality = measurement.metrics.get("accuracy", 0.0)
    print(f"  epoch {measurement.epoch}: accuracy {quality:.3f}", flush=True)
    return Decision.CONTINUE


@dataclass(frozen=True)
class Bed:
    """A trained classifier and what it was trained with."""

    model: nn.Module
    bench: Bench

    def score(self, answers: Answers) -> dict[str, float]:
        """Validation metrics."""
        recipe = self.bench.recipe
        loss = build_loss(recipe.loss, class_weights=None, label_smoothing=0.0)
        return evaluate(answers, loss, self.bench.task, self.bench.val, 1).metrics


def trained(arguments: argparse.Namespace, folder: Path) -> Bed:
    """Train, or read what an earlier run trained."""
    task = load_task(arguments.task)
    dataset = open_dataset(arguments.data, task)
    task = task.replace(
        image_size=(arguments.side, arguments.side), classes=dataset.classes,
        training=task.training.replace(epochs=arguments.epochs, patience=arguments.epochs),
    )  # fmt: skip
    split = make_split(dataset, task.split, SEED)
    cache = build_cache(dataset, task, folder / "cache")
    train, val = (
        Part(cache.images, cache.targets, cache.index(ids), classes=len(task.classes))
        for ids in (split.train, split.val)
    )
    config = Config({
        "model.encoder": arguments.encoder, "training.loss": "ce", "training.optimizer": "adamw",
        "training.learning_rate": 1e-3, "training.weight_decay": 1e-2, "training.batch_size": 32,
    })  # fmt: skip
    bench = Bench(
        Compression(), task, recipe_of(config, task), train, val,
        fixed_normalization(task) or statistics(train), SEED, CPU, heard,
    )  # fmt: skip
    torch.manual_seed(SEED)
    model = build_model(config, task)
    weights = folder / f"{arguments.encoder}_{arguments.side}_{arguments.epochs}.pt"
    if weights.exists():
        model.load_state_dict(torch.load(weights))
        return Bed(model.eval(), bench)
    fit(
        model, task, bench.recipe, train, val, normalization=bench.normalization, seed=SEED,
        device=CPU, report=heard,
    )  # fmt: skip
    torch.save(model.state_dict(), weights)
    return Bed(model.eval(), bench)


def rows(bed: Bed, folder: Path, qat_epochs: int | None) -> Iterator[Row]:
    """Each way, in the order of its price."""
    normalization = bed.bench.normalization
    yield line("torch fp32", bed.score(Forward(bed.model, normalization, CPU, "fp32")), 0, 0.0, {})
    floating, path = folder / "float.onnx", folder / "int8.onnx"
    begun = time.monotonic()
    export_onnx(bed.model, floating, bed.bench.shape)
    yield scored(bed, "fp32 artifact", floating, begun, {})
    plain: tuple[Calibration, ...] = ("minmax", "percentile")
    for name in plain:
        begun = time.monotonic()
        images = CalibrationImages(bed.bench).by(name)
        done = quantize_onnx(floating, path, images, enough_db=-float("inf"))
        told: Details = {"calibration_snr_db": round(done.snr_db, 2)}
        yield scored(bed, f"ptq {name}, plain", path, begun, told)
    for way, wanted in (
        ("ptq with fall-backs", Compression(method="ptq")),
        ("qat", Compression(method="qat", epochs=qat_epochs)),
    ):
        begun = time.monotonic()
        bench = replace(bed.bench, compression=wanted)
        _, details = compress(copy.deepcopy(bed.model), path, bench)
        yield scored(bed, way, path, begun, details)


def scored(bed: Bed, name: str, path: Path, begun: float, details: Details) -> Row:
    """A row of a file."""
    seconds = time.monotonic() - begun
    metrics = bed.score(OnnxForward(path, bed.bench.normalization, threads=1))
    return line(name, metrics, path.stat().st_size, seconds, details)


def line(name: str, metrics: dict[str, float], size: int, seconds: float, details: Details) -> Row:
    """Print a row, and give it back."""
    accuracy, f1 = metrics["accuracy"], metrics["f1_macro"]
    print(f"{name:22s} accuracy {accuracy:.4f}  F1 {f1:.4f}  {size / 1e6:7.2f} MB  {details}",
          flush=True)  # fmt: skip
    return {"way": name, "accuracy": accuracy, "f1_macro": f1, "bytes": size,
            "seconds": round(seconds, 1), **details}  # fmt: skip


def main() -> None:
    """Train, compress, score, write down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--task", default="breast_cell")
    parser.add_argument("--encoder", default="tf_efficientnet_b4")
    parser.add_argument("--side", type=int, default=96)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--qat-epochs", type=int)
    parser.add_argument("--folder", type=Path, help="keeps the trained weights")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        bed = trained(arguments, folder)
        found = list(rows(bed, Path(temporary), arguments.qat_epochs))
    versions = {m.__name__: m.__version__ for m in (torch, onnx, onnxruntime)}
    told = {
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "versions": versions, "task": arguments.task, "encoder": arguments.encoder,
        "image_size": [arguments.side] * 2, "epochs": arguments.epochs, "seed": SEED,
        "samples": {"train": len(bed.bench.train), "val": len(bed.bench.val)}, "rows": found,
    }  # fmt: skip
    path = RESULTS / f"int8_rescue_{arguments.encoder}.json"
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    path.with_suffix(".md").write_text(page(told), encoding="utf-8")


def page(told: dict[str, Any]) -> str:
    """The figures in Markdown."""
    found, whole = told["rows"], told["rows"][1]
    side, samples = told["image_size"][0], told["samples"]
    lines = [
        f"# What int8 costs {told['encoder']}",
        "",
        f"`python benchmarks/int8_rescue.py DATA --side {side} --epochs {told['epochs']}`: "
        f"{told['task']}, {samples['train']} images to train and {samples['val']} to validate, "
        f"{side}x{side}, {told['epochs']} epochs from random weights. Each file is scored in "
        "onnxruntime. QAT trains on, with rounding: part of what it gains is further training.",
        "",
        "| way | accuracy | macro F1 | bytes | dB | layers that stay float | seconds |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in found[1:]:
        lines.append(
            f"| {row['way']} | {row['accuracy']:.4f} | {row['f1_macro']:.4f} "
            f"| {row['bytes'] / whole['bytes']:.3f} | {row.get('calibration_snr_db', '')} "
            f"| {row.get('kept_float', '')} | {row['seconds']} |"
        )
    versions = ", ".join(f"{name} {number}" for name, number in told["versions"].items())
    return "\n".join([*lines, "", f"{told['machine']}, {versions}.", ""])


if __name__ == "__main__":
    main()
