"""What compression saves in bytes and milliseconds, beside PyTorch eager as a user would run it.

Run: ``python benchmarks/latency.py [--models unet/resnet18,...] [--size 288x384] [--seconds 2]``
for the table, ``--repeat 20`` for how well one measurement repeats; ``--save FILE`` writes JSON.

Weights are random, batch norms settled on the images that also calibrate, so times are real and
accuracies are not. All is timed on one thread, in turns with the reference model.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import onnxruntime
import torch

from automed.artifact.call import call_of
from automed.artifact.cpu_name import cpu_name
from automed.artifact.export import export_onnx
from automed.artifact.latency import measure_latency
from automed.artifact.paired_blocks import paired_blocks
from automed.artifact.zipped import zipped_bytes
from automed.compression.bench import Bench
from automed.domain.compression import Compression
from automed.domain.config import Config
from automed.domain.decision import Decision
from automed.domain.normalization import Normalization
from automed.domain.task import SegmentationTask
from automed.models.build import build_model
from automed.registry.tasks import load_task
from automed.training.part import Part
from automed.training.recipe import Recipe

MODELS = "unet/tf_mobilenetv3_large_075,deeplabv3plus/tf_mobilenetv3_large_075,unet/resnet18"


def part_of(size: tuple[int, int], count: int) -> Part:
    """Soft shapes with noise, uint8: something for ranges and batch norms to settle on."""
    source = np.random.default_rng(0)
    coarse = source.uniform(20, 230, (count, size[0] // 16, size[1] // 16, 3))
    images = np.kron(coarse, np.ones((1, 16, 16, 1))) + source.normal(0, 8, (count, *size, 3))
    masks = (coarse.mean(-1) > 125).astype(np.uint8).repeat(16, 1).repeat(16, 2)
    return Part(np.clip(images, 0, 255).astype(np.uint8), masks, np.arange(count))


def bench_of(task: SegmentationTask, part: Part, compression: Compression) -> Bench:
    """The surroundings of a compression without fine-tuning."""
    recipe = Recipe(loss="bce", optimizer="adamw", learning_rate=1e-3, batch_size=4, epochs=1)
    return Bench(
        compression=compression, task=task, recipe=recipe, train=part, val=part,
        normalization=Normalization(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)),
        seed=0, device=torch.device("cpu"), report=lambda _: Decision.CONTINUE,
    )  # fmt: skip


def settled(name: str, task: SegmentationTask, bench: Bench) -> torch.nn.Module:
    """A model with batch norms that have seen the images."""
    architecture, _, encoder = name.partition("/")
    torch.manual_seed(0)
    config = Config({"model.architecture": architecture, "model.encoder": encoder})
    model = build_model(config, task).train()
    mean, std = (torch.tensor(v).view(1, -1, 1, 1) for v in
                 (bench.normalization.mean, bench.normalization.std))  # fmt: skip
    with torch.no_grad():
        for start in range(0, len(bench.train), 4):
            images, _ = bench.train.batch(np.arange(start, start + 4), torch.device("cpu"))
            model((images - mean) / std)
    return model.eval()


def files_of(name: str, size: tuple[int, int], folder: Path) -> tuple[torch.nn.Module, list[Path]]:
    """The model, and its files: float, int8, pruned by a half and int8."""
    from automed.compression.prune import Prune
    from automed.compression.ptq import Ptq

    task = load_task("polyp").replace(image_size=size)
    part = part_of(size, 16)
    bench = bench_of(task, part, Compression(method="prune+ptq", ratio=0.5))
    model = settled(name, task, bench)
    paths = [folder / f"{kind}.onnx" for kind in ("float", "int8", "pruned and int8")]
    export_onnx(model, paths[0], bench.shape)
    Ptq().finalize(model, paths[1], bench_of(task, part, Compression(method="ptq")))
    pruned = Prune().prepare(settled(name, task, bench), bench)
    Ptq().finalize(pruned, paths[2], bench)
    return model, paths


def table(name: str, size: tuple[int, int], seconds: float) -> list[dict[str, Any]]:
    """A row for each way to run the model, with ratios to onnxruntime in float32."""
    shape = (3, *size)
    with tempfile.TemporaryDirectory() as folder:
        model, paths = files_of(name, size, Path(folder))
        image = np.random.default_rng(0).standard_normal((1, *shape), dtype=np.float32)
        still = call_of(paths[0], image, 1, "onnxruntime")
        calls = {path.stem: call_of(path, image, 1, "onnxruntime") for path in paths}
        tensor = torch.from_numpy(image)
        with torch.inference_mode():
            calls["PyTorch eager"] = lambda: model(tensor)
            # Each in turns with the float file itself: the ratio that the issue asks for.
            shares = {
                kind: statistics.median(
                    b.ratio for b in paired_blocks(call, still, time.thread_time, seconds)
                )
                for kind, call in calls.items()
            }
        sizes = {path.stem: path.stat().st_size for path in paths}
        zipped = {path.stem: zipped_bytes(path) for path in paths}
        remembered = Path(folder) / "reference.json"
        times = {p.stem: measure_latency(p, shape, seconds=seconds, reference=remembered)
                 for p in paths}  # fmt: skip
    rows = []
    for kind, share in shares.items():
        latency = times.get(kind)
        rows.append({
            "model": name, "size": f"{size[0]}x{size[1]}", "run as": kind,
            "bytes": sizes.get(kind), "zipped bytes": zipped.get(kind),
            "bytes / float": sizes[kind] / sizes["float"] if kind in sizes else None,
            "time / float": share, "times faster": 1 / share,
            "latency": latency.model_dump() if latency else None,
        })  # fmt: skip
        weight = (
            f"{sizes[kind] / 1e6:7.2f} MB {rows[-1]['bytes / float']:5.2f}x"
            if kind in sizes
            else " " * 17
        )
        print(
            f"  {kind:18s}{weight}  {share:5.2f}x the time, {1 / share:5.2f} times faster",
            flush=True,
        )
    return rows


def repeat(size: tuple[int, int], seconds: float, times: int) -> dict[str, Any]:
    """How far repeated measurements of one file lie apart."""
    with tempfile.TemporaryDirectory() as folder:
        path, remembered = Path(folder) / "float.onnx", Path(folder) / "reference.json"
        task = load_task("polyp").replace(image_size=size)
        bench = bench_of(task, part_of(size, 4), Compression())
        export_onnx(settled("unet/tf_mobilenetv3_large_075", task, bench), path, (3, *size))
        found = [measure_latency(path, (3, *size), seconds=seconds, reference=remembered)
                 for _ in range(times)]  # fmt: skip
    ratios, p50s = [f.ratio for f in found], [f.p50_ms for f in found]
    result = {
        "measurements": times, "seconds": seconds, "size": f"{size[0]}x{size[1]}",
        "ratio": statistics.median(ratios), "cv of ratio": coefficient(ratios),
        "half range of ratio": (max(ratios) - min(ratios)) / 2 / statistics.median(ratios),
        "p50 ms": statistics.median(p50s), "cv of p50": coefficient(p50s),
        "median spread": statistics.median(f.spread for f in found), "ratios": ratios,
    }  # fmt: skip
    print(f"  {times} measurements of {seconds:g} s: ratio {result['ratio']:.3f}, CV "
          f"{result['cv of ratio']:.2%}, CV of p50 {result['cv of p50']:.2%}")  # fmt: skip
    return result


def coefficient(values: list[float]) -> float:
    """Standard deviation over mean."""
    return statistics.stdev(values) / statistics.mean(values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default=MODELS)
    parser.add_argument("--size", default="288x384")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--repeat", type=int, default=0)
    parser.add_argument("--save", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    height, width = (int(side) for side in arguments.size.split("x"))
    machine = {
        "processor": cpu_name(), "python": platform.python_version(), "torch": torch.__version__,
        "onnxruntime": onnxruntime.__version__, "threads": 1, "load": os.getloadavg()[0],
    }  # fmt: skip
    print(machine)
    outcome: dict[str, Any] = {"machine": machine}
    if arguments.repeat:
        outcome["repeat"] = repeat((height, width), arguments.seconds, arguments.repeat)
    else:
        outcome["rows"] = []
        for name in arguments.models.split(","):
            print(name, f"at {height}x{width}")
            outcome["rows"] += table(name, (height, width), arguments.seconds)
    if arguments.save:
        arguments.save.write_text(json.dumps(outcome, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
