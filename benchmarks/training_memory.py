"""Predicted against measured peak memory of trainings, of configs drawn from the four spaces.

Run: ``python benchmarks/training_memory.py [--configs 8] [TASK ...]``. Each config trains two
batches of random images at its space's own image size and batch size, in a process of its own, in
32 bits, on the CPU: what the process's memory grows by at its peak is what a worker needs besides
what it has at its start. Where there is a GPU, ``--device cuda`` measures torch's own peak there.

Writes ``benchmarks/results/training_memory_<device>.jsonl`` and prints a row a task: medians and
extremes of measured / predicted, and of the difference.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

from automed.domain.config import Config
from automed.domain.decision import Decision
from automed.domain.normalization import Normalization
from automed.domain.placeholder_classes import with_classes
from automed.domain.task import AnyTask
from automed.models.build import build_model
from automed.registry.tasks import load_task, task_plugins
from automed.training.fit import fit
from automed.training.memory_needed import training_memory
from automed.training.part import Part
from automed.training.recipe import Recipe, recipe_of

RESULTS = Path(__file__).resolve().parent / "results"
BATCHES = 2


def main() -> None:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", default=list(task_plugins()))
    parser.add_argument("--configs", type=int, default=8)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--only", default=None, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only is not None:
        print(json.dumps(one(json.loads(given.only), given.device)))
        return
    print(f"torch {torch.__version__}, {platform.machine()}, {given.device}")
    print(
        "| task | configs | measured / predicted: least | median | most "
        "| MB more than predicted: median | most | largest, GB |"
    )
    print("|---|---|---|---|---|---|---|---|")
    with (RESULTS / f"training_memory_{given.device}.jsonl").open("w") as file:
        for name in given.tasks:
            rows = [measured(name, config, given.device) for config in drawn(name, given.configs)]
            file.writelines(json.dumps(row) + "\n" for row in rows)
            file.flush()
            ratios = [row["measured"] / row["predicted"] for row in rows]
            more = [(row["measured"] - row["predicted"]) / 1e6 for row in rows]
            print(
                f"| {name} | {len(rows)} | {min(ratios):.2f} | {statistics.median(ratios):.2f} "
                f"| {max(ratios):.2f} | {statistics.median(more):.0f} | {max(more):.0f} "
                f"| {max(row['measured'] for row in rows) / 1e9:.1f} |",
                flush=True,
            )


def drawn(name: str, count: int) -> list[Config]:
    """The same configs each time."""
    source = random.Random(0)
    task = with_classes(load_task(name))
    return [task.space.sample(source) for _ in range(count)]


def measured(name: str, config: Config, device: str) -> dict[str, float]:
    """Train in a process of its own, so that one config's memory is not another's."""
    question = json.dumps({"task": name, "config": dict(config.items())})
    command = [sys.executable, __file__, "--device", device, "--only", question]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def one(question: dict[str, str], device: str) -> dict[str, float]:
    """What a training takes: a row."""
    task = with_classes(load_task(question["task"]))
    config = Config(question["config"])
    recipe = recipe_of(config, task).replace(precision="fp32", epochs=1, patience=1)
    predicted = training_memory(config, task)
    model = build_model(config, task)
    weights = sum(p.nbytes for p in model.parameters())
    train, val = random_parts(task, recipe)
    before = start(device)
    fit(
        model, task, recipe, train, val, seed=0, device=torch.device(device),
        normalization=Normalization(mean=(0.0,) * task.channels, std=(1.0,) * task.channels),
        report=lambda _: Decision.CONTINUE,
    )  # fmt: skip
    # The model was in main memory before; on a GPU it is part of what is counted.
    took = peak(device) - before + (weights if device == "cpu" else 0)
    return {**question, "batch": recipe.batch_size, "predicted": predicted, "measured": took}


def random_parts(task: AnyTask, recipe: Recipe) -> tuple[Part, Part]:
    """Two batches to train on, and one to validate on."""
    source = np.random.default_rng(0)
    count = (BATCHES + 1) * recipe.batch_size
    images = source.integers(0, 255, (count, *task.image_size, task.channels), dtype=np.uint8)
    classes = len(task.classes)
    if task.kind == "segmentation":
        targets = source.integers(0, classes + 1, (count, *task.image_size), dtype=np.uint8)
    else:
        targets = np.arange(count, dtype=np.int64) % classes
    rows = np.arange(count)
    cut = BATCHES * recipe.batch_size
    return Part(images, targets, rows[:cut], classes), Part(images, targets, rows[cut:], classes)


def start(device: str) -> float:
    """Begin to look for the peak; bytes that are in use now."""
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()
    Path("/proc/self/clear_refs").write_text("5")  # the kernel forgets the peak
    return status("VmRSS")


def peak(device: str) -> float:
    """Bytes at the peak."""
    return status("VmHWM") if device == "cpu" else torch.cuda.max_memory_allocated()


def status(name: str) -> float:
    """A line of the kernel's account of this process, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024.0 * next(int(line.split()[1]) for line in lines if line.startswith(name))


if __name__ == "__main__":
    main()
