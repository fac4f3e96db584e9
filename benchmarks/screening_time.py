"""What it costs to say no: the screen's time for models that are new, and for those it knows.

Run: ``python benchmarks/screening_time.py [--task polyp] [--configs 60]``. Random configs of the
task's space, at its own image size, each judged twice, as files to be exported (the default of a
search) and as weights. Beside it: building the same models with weights and counting their
multiply-accumulates with torch's counter on a real image, which is what a search that only measures
would do.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

from automed.api.screened_cost import screened_cost
from automed.domain.config import Config
from automed.domain.errors import AutomedError
from automed.domain.objective import Constraint
from automed.domain.placeholder_classes import with_classes
from automed.models.build import build_model
from automed.models.cost import count_macs
from automed.registry.tasks import load_task
from automed.search.screen import screen


def main() -> None:
    """Print medians and the slowest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", default="polyp")
    parser.add_argument("--configs", type=int, default=60)
    given = parser.parse_args()
    torch.set_num_threads(1)
    task = with_classes(load_task(given.task))
    source = random.Random(0)
    drawn = [task.space.sample(source) for _ in range(given.configs)]
    bound = (Constraint(metric="macs", bound=2e9),)
    print(f"{len(drawn)} random configs of {given.task} at {task.image_size}; seconds a config")
    print("| | median | slowest tenth from | slowest |\n|---|---|---|---|")

    def judged(artifact: str) -> Callable[[Config], object]:
        return lambda config: screen(
            config, task.space, lambda c: screened_cost(c, task, artifact), bound
        )

    def measured(config: Config) -> object:
        with torch.no_grad():
            return count_macs(build_model(config, task).eval(), (3, *task.image_size), "cpu")

    report("weights, new", [timed(judged("weights"), c) for c in drawn])
    report("weights, known", [timed(judged("weights"), c) for c in drawn])
    report("file, new", [timed(judged("onnx"), c) for c in drawn])
    report("file, known", [timed(judged("onnx"), c) for c in drawn])
    report("built and run", [timed(measured, c) for c in drawn])


def timed(judge: Callable[[Config], object], config: Config) -> float:
    """Seconds; a config that cannot be built is judged, too."""
    began = time.perf_counter()
    try:
        judge(config)
    except AutomedError:
        return time.perf_counter() - began
    return time.perf_counter() - began


def report(what: str, seconds: list[float]) -> None:
    """A row."""
    tenth = statistics.quantiles(seconds, n=10)[-1]
    print(f"| {what} | {statistics.median(seconds):.4f} | {tenth:.4f} | {max(seconds):.4f} |")


if __name__ == "__main__":
    main()
