"""What a suggestion costs each sampler when a study is long.

Run: ``python benchmarks/suggestion_time.py [--task polyp] [--trials 1000]``. The trials are random
configs of the task's space with drawn qualities and true costs; a tenth was rejected. Printed is
the median of some suggestions, as ratios to the random sampler's, which is what the copy of the
study that samplers see costs alone; and its processor time, which says more where the machine has
other work. Costs of the models of trials are known by then, as in a search
that has gone on for so long; those of new ones are computed, and their time counts.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import time
from datetime import datetime

os.environ.setdefault("OMP_NUM_THREADS", "1")

from optuna.trial import FrozenTrial, TrialState

from automed.api.screened_cost import screened_cost
from automed.domain.budget import Budget
from automed.domain.study_spec import DataRef, StudySpec
from automed.registry.tasks import load_task
from automed.search import record
from automed.search.distributions import distributions_of
from automed.search.proposer import Proposer
from automed.search.samplers.registry import SAMPLERS
from automed.search.screen import screen_family

ASKED = 5


def main() -> None:
    """Time every sampler."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", default="polyp")
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--samplers", default=",".join(name for name in SAMPLERS if name != "grid"))
    given = parser.parse_args()
    spec = spec_of(given.task)
    history = history_of(spec, given.trials)
    print(f"{len(history)} trials of {given.task}; a suggestion's seconds, wall and processor")
    base = 0.0
    for name in sorted({"random", *given.samplers.split(",")}, key=lambda n: (n != "random", n)):
        wall, processor = timed(spec.replace(sampler=name), history)
        base = base or wall
        print(f"{name:8} {wall:7.3f} s {processor:7.3f} s {wall / base:6.1f} x", flush=True)


def spec_of(name: str) -> StudySpec:
    """A study of a task, without data."""
    task = load_task(name).replace(classes=("foreground",), image_size=(128, 128), baselines=())
    return StudySpec(
        name="timed", task=task, data=DataRef(name="none", path="/nowhere", digest="none"),
        split_digest="none", budget=Budget(trials=1), version="0",
    )  # fmt: skip


def history_of(spec: StudySpec, trials: int) -> list[FrozenTrial]:
    """Random trials; every tenth rejected, some thirty models among them."""
    source = random.Random(0)
    space, known = spec.task.space, distributions_of(spec.task.space)
    models, found = [], []
    while len(models) < 30:
        config = space.sample(source)
        try:
            models.append((config, screened_cost(config, spec.task)))
        except Exception as error:  # noqa: BLE001 - any reason not to build it will do
            print(f"left out: {error}", file=sys.stderr)
    while len(found) < trials:
        model, cost = source.choice(models)
        training = space.sample(source).part("training.")
        config = space.complete({**dict(model.items()), **dict(training.items())})
        if config is None:
            continue
        rejected = len(found) % 10 == 9
        params = dict(config.items())
        attrs = {record.SEED: 0, record.ORIGIN: "random", record.PREDICTED: cost.model_dump_json()}
        trial = record.template(
            TrialState.PRUNED if rejected else TrialState.COMPLETE, params,
            {key: known[key] for key in params},
            values=None if rejected else [source.random(), cost.macs.value, cost.size_bytes.value],
            user_attrs=attrs | ({record.REJECTED: "too dear"} if rejected else {}),
            now=datetime(2000, 1, 1),
        )  # fmt: skip
        trial.number = len(found)
        found.append(trial)
    return found


def timed(spec: StudySpec, history: list[FrozenTrial]) -> tuple[float, float]:
    """Median seconds of some suggestions, wall and processor, after one that is not counted."""
    proposer = Proposer(
        spec, lambda config: screen_family(config, spec, lambda c: screened_cost(c, spec.task))
    )
    wall, processor = [], []
    for at in range(ASKED + 1):
        began, worked = time.perf_counter(), time.process_time()
        proposer.propose(history[: len(history) - at], len(history) - at)
        wall.append(time.perf_counter() - began)
        processor.append(time.process_time() - worked)
    return statistics.median(wall[1:]), statistics.median(processor[1:])


if __name__ == "__main__":
    main()
