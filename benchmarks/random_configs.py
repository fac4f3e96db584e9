"""Do configs drawn at random from each search space build, train a step and have a cost?

Run: ``python benchmarks/random_configs.py [--configs 300] [TASK ...]``. Uses random images of
128x128, two at a time: what is asked is whether a config can be trained at all. Ends with an error
where one cannot.
"""

from __future__ import annotations

import argparse
import platform
import random
import sys
import time
from collections import Counter

import torch

from automed.domain.errors import AutomedError
from automed.domain.placeholder_classes import with_classes
from automed.models.cost import predict_cost
from automed.registry.tasks import load_task, task_plugins
from automed.testing.one_step import one_step


def main() -> int:
    """Print a row a space; 1 where a config failed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("tasks", nargs="*", default=list(task_plugins()))
    parser.add_argument("--configs", type=int, default=300)
    given = parser.parse_args()
    print(f"torch {torch.__version__}, {platform.machine()}, {torch.get_num_threads()} threads")
    print("| space | configs | distinct architectures x encoders | failed | seconds |")
    print("|---|---|---|---|---|")
    failures: Counter[str] = Counter()
    for name in given.tasks:
        failures += check(name, given.configs)
    for problem, count in failures.most_common():
        print(f"{count}x {problem}", file=sys.stderr)
    return int(bool(failures))


def check(name: str, configs: int) -> Counter[str]:
    """Draw configs from a task's space; returns what went wrong, and how often."""
    task = with_classes(load_task(name))
    source, begun = random.Random(0), time.perf_counter()
    failures: Counter[str] = Counter()
    networks = set()
    for _ in range(configs):
        config = task.space.sample(source)
        networks.add((config.get("model.architecture"), config.get("model.encoder")))
        try:
            predict_cost(config, task)
            one_step(config, task)
        except (AutomedError, ValueError, RuntimeError) as error:
            failures[f"{name}: {sorted(config.items())}: {type(error).__name__}: {error}"] += 1
    seconds = time.perf_counter() - begun
    print(f"| {name} | {configs} | {len(networks)} | {failures.total()} | {seconds:.0f} |")
    return failures


if __name__ == "__main__":
    sys.exit(main())
