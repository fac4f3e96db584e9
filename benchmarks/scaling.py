"""Trials per hour of several workers against one, on the same configs with one thread each.

Run: ``python benchmarks/scaling.py --executor processes --workers 1,2 --repeats 3``, and the same
with ``--executor ray``, on a cluster of this machine that each search begins and ends. The counts
take turns, each time in a process of its own, so that a machine that others use slows all alike.
Writes ``benchmarks/results/scaling_<executor>.json`` and prints a row for each count, with medians
over the repeats:

- trials an hour, from the first trial's start to the last one's end, starting workers included;
- against one worker;
- seconds from the command to the first training step;
- milliseconds that the search costs a trial: what a worker waits between two trials, and for the
  answers to its reports. Choosing a config is part of it: here it is the next one of a list. The
  first two trials of a worker are left out as its warm-up;
- the same, as a share of a trial of 60 seconds.

Quote ratios of one run: seconds are those of this machine at that moment.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from timed_trials import BEGUN, Timed, figures

from automed.domain.data_options import DataOptions

if TYPE_CHECKING:
    from automed.api.request import SearchRequest
    from automed.search.study import Study

RESULTS = Path(__file__).resolve().parent / "results"
EXECUTORS = ("processes", "ray", "inline")


def measure(given: argparse.Namespace, workers: int) -> dict[str, float]:
    """One search with so many workers, in this process."""
    # Here: the thread count must be set before torch is imported.
    from automed.api.one_trial import one_trial
    from automed.api.search import start
    from automed.domain.workspace import Workspace

    with tempfile.TemporaryDirectory() as folder:
        search = start(
            request_of(given, Path(folder)), Workspace(Path(given.workspace)), device="cpu"
        )
        notes = Path(folder) / "notes.jsonl"
        timed = Timed(partial(one_trial, job=search.job), notes)
        begun = time.monotonic()
        with search.study as study:
            run_on(given.executor, workers, study, timed)
            seconds = time.monotonic() - begun
            failed = [t.failure for t in study.trials if t.failure is not None]
        if failed:
            raise SystemExit(f"{len(failed)} trials failed: {failed[0]}")
        shutil.rmtree(search.study.folder)  # its models alone are half a gigabyte
        return figures(notes, seconds)


def run_on(executor: str, workers: int, study: Study, timed: Timed) -> None:
    """Run the study's trials with so many workers of one thread each."""
    if executor == "inline":
        from automed.executors.inline import run as run_inline

        run_inline(study, timed)
    elif executor == "processes":
        from automed.executors.processes import run as run_processes
        from automed.executors.slots import assign

        run_processes(study, timed, slots=assign(workers, cores=workers, threads="1"))
    else:
        from automed.executors.ray_tune.executor import run as run_on_ray
        from automed.executors.ray_tune.share import Wish

        run_on_ray(study, timed, address="auto", wish=Wish(workers=workers))


def request_of(given: argparse.Namespace, folder: Path) -> SearchRequest:
    """The same configs for every count: drawn beforehand, and tried in their order."""
    from automed.api.request import SearchRequest
    from automed.registry.tasks import load_task

    options = DataOptions(no_groups="timed, not judged")
    request = partial(
        SearchRequest, task=given.task, data=given.data, options=options, epochs=given.epochs,
        image_size=(given.image_size, given.image_size), weights="none", artifact="weights",
        sampler="random", space=given.space, fix_values=tuple(given.fix),
    )  # fmt: skip
    task = request().adapt(load_task(given.task))
    source = random.Random(0)
    drawn = [dict(task.space.sample(source).items()) for _ in range(given.trials)]
    configs = folder / "configs.jsonl"
    configs.write_text("".join(json.dumps(config) + "\n" for config in drawn), encoding="utf-8")
    return request(
        enqueue=configs, budget=given.trials, name=f"scaling-{os.getpid()}-{int(time.time())}"
    )


def in_a_process(workers: int) -> dict[str, float]:
    """Measure in a process of its own: as the command would start."""
    command = [sys.executable, __file__, *sys.argv[1:], "--only", str(workers)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", BEGUN: str(time.monotonic())}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Measure the counts in turn, and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--executor", choices=EXECUTORS, default="processes")
    parser.add_argument("--workers", default="1,2", help="counts, separated by commas")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--image-size", type=int, default=64)
    parser.add_argument("--task", default="cell")
    parser.add_argument("--space", default=None)
    parser.add_argument("--fix", nargs="*", default=[], metavar="KEY=VALUE")
    parser.add_argument("--data", type=Path, default=None, help="a folder; else the demo data")
    parser.add_argument("--workspace", default=str(Path(tempfile.gettempdir()) / "automed-scaling"))
    parser.add_argument("--only", type=int, default=None, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only is not None:
        print(json.dumps(measure(given, given.only)))
        return
    counts = [int(count) for count in given.workers.split(",")]
    found: dict[int, list[dict[str, float]]] = {count: [] for count in counts}
    for _ in range(given.repeats):
        for count in counts:
            found[count].append(in_a_process(count))
    print(f"{platform.machine()}, {os.cpu_count()} cores, one thread a worker, {given.executor}")
    print(
        "| workers | trials/h | against the first | first step s | trial s "
        "| the search's ms a trial | of 60 s |"
    )
    print("|---|---|---|---|---|---|---|")
    base = medians(found[counts[0]])["trials_per_hour"]
    for count in counts:
        row = medians(found[count])
        print(
            f"| {count} | {row['trials_per_hour']:.0f} | {row['trials_per_hour'] / base:.2f}x "
            f"| {row['first_step']:.1f} | {row['trial_seconds']:.2f} "
            f"| {row['overhead_ms']:.1f} | {row['overhead_ms'] / 600:.2f} % |"
        )
    settings = {k: str(v) for k, v in vars(given).items() if k not in ("only", "workspace")}
    file = RESULTS / f"scaling_{given.executor}.json"
    file.write_text(json.dumps({"settings": settings, "runs": found}, indent=1) + "\n")


def medians(runs: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


if __name__ == "__main__":
    main()
