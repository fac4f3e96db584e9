"""Predicted bytes of ONNX files, float and int8, beside those of files that were written.

Run: ``python benchmarks/size_prediction.py [--only N]``. Each model is exported and quantized as a
trial would, with random weights and two random images, which decide nothing about the size
but that vectors must differ, as trained ones do. Prints
a table and writes ``benchmarks/results/size_prediction.json``.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from automed.artifact.export import export_onnx
from automed.compression.bench import Bench
from automed.compression.calibration import CalibrationImages
from automed.compression.predicted_size import int8_bytes, onnx_bytes
from automed.compression.quantize_onnx import quantize_onnx
from automed.domain.compression import Compression
from automed.domain.config import Config
from automed.domain.decision import Decision
from automed.domain.errors import AutomedError
from automed.domain.normalization import Normalization
from automed.domain.task import AnyTask
from automed.models.build import build_model
from automed.registry.tasks import load_task
from automed.training.part import Part
from automed.training.recipe import Recipe

RESULTS = Path(__file__).parent / "results" / "size_prediction.json"
SIDE = 64
PAIRS = (
    ("unet", "tf_mobilenetv3_large_075"),
    ("deeplabv3plus", "tf_mobilenetv3_large_075"),
    ("classifier", "tf_efficientnet_b0"),
    ("classifier", "mobilenetv4_conv_small"),
    ("classifier", "resnet18"),
    ("linknet", "resnet18"),
    ("fpn", "regnety_008"),
    ("unetplusplus", "resnet18"),
    ("manet", "tf_mobilenetv3_small_075"),
    ("pspnet", "resnet18"),
    ("pan", "resnet18"),
    ("plain_unet", ""),
    ("classifier", "densenet121"),
    ("upernet", "tf_efficientnet_b0"),
    ("classifier", "tf_efficientnetv2_b0"),
    ("classifier", "convnext_atto"),
)
Row = dict[str, str | float]


def config(architecture: str, encoder: str) -> Config:
    """As a study would name the model."""
    keys = {"model.encoder": encoder} if encoder else {}
    return Config(keys if architecture == "classifier" else {
        **keys, "model.architecture": architecture})  # fmt: skip


def bench(task: AnyTask) -> Bench:
    """With two random images to calibrate on."""
    images = np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, 3), dtype=np.uint8)
    part = Part(images, np.zeros(2, np.int64), np.arange(2))
    recipe = Recipe(loss="ce", optimizer="adamw", learning_rate=1e-3, batch_size=2)
    return Bench(
        Compression(method="ptq"), task, recipe, part, part,
        Normalization(mean=(0.5,) * 3, std=(0.25,) * 3), 0, torch.device("cpu"),
        lambda _: Decision.CONTINUE,
    )  # fmt: skip


def row(architecture: str, encoder: str, folder: Path) -> Row:
    """Predicted and written bytes of one model."""
    classifies = architecture == "classifier"
    task = load_task("breast_cell" if classifies else "polyp").replace(image_size=(SIDE, SIDE))
    if classifies:
        task = task.replace(classes=("one", "other"))
    torch.manual_seed(0)
    model = build_model(config(architecture, encoder), task).eval()
    for values in model.state_dict().values():
        if (
            values.ndim == 1 and values.is_floating_point()
        ):  # the exporter writes equal vectors, such as those of zeros, once
            values.uniform_(0.5, 1.5)
    floating, int8 = folder / "float.onnx", folder / "int8.onnx"
    export_onnx(model, floating, (3, SIDE, SIDE))
    # No fall-backs: what random weights lose is nobody's concern.
    quantize_onnx(floating, int8, CalibrationImages(bench(task)), enough_db=-np.inf)
    found: Row = {"architecture": architecture, "encoder": encoder}
    for name, predicted, path in (
        ("float", onnx_bytes(model), floating), ("int8", int8_bytes(model), int8),
    ):  # fmt: skip
        written = path.stat().st_size
        found |= {
            f"{name}_predicted": predicted, f"{name}_written": written,
            f"{name}_error": round(predicted / written - 1, 5),
        }  # fmt: skip
    return found


def main() -> None:
    """Print a line for each pair as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", type=int, default=len(PAIRS), help="so many pairs")
    torch.set_num_threads(1)
    rows: list[Row] = []
    print(f"{'model':42s} {'float MB':>10s} {'error':>8s} {'int8 MB':>10s} {'error':>8s}")
    for architecture, encoder in PAIRS[: parser.parse_args().only]:
        with tempfile.TemporaryDirectory() as folder:
            try:
                found = row(architecture, encoder, Path(folder))
            except AutomedError as error:
                print(f"{architecture} {encoder}: {error}")
                continue
        rows.append(found)
        print(
            f"{architecture + ' ' + encoder:42s} {float(found['float_written']) / 1e6:10.3f} "
            f"{float(found['float_error']):8.2%} {float(found['int8_written']) / 1e6:10.3f} "
            f"{float(found['int8_error']):8.2%}",
            flush=True,
        )
    versions = {m.__name__: m.__version__ for m in (torch, onnx, onnxruntime)}
    machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    told = {"machine": machine, "versions": versions, "image": [3, SIDE, SIDE], "rows": rows}
    RESULTS.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
