"""How long the dashboard takes over a long study, beside optuna's own way to load it.

Run: ``python benchmarks/dashboard.py [--trials 10000] [--epochs 20]``. The study is made up: random
configs of the polyp space with drawn figures, a journal as a search writes it, one line an epoch.
Each run loads it with ``optuna.load_study(...).trials_dataframe()`` and then as the dashboard does,
so that a busy machine slows both alike; printed are medians of the runs' ratios, and processor
seconds, which a busy machine inflates less than the wall's.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import streamlit
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from automed.analysis.front_limits import Limits, answer, cheapest
from automed.analysis.front_points import points_of
from automed.analysis.hypervolume_course import hypervolume_course
from automed.api.opened_study import StudyOpener, revision_of
from automed.registry.tasks import load_task

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
RUNS = 3
NEW = 20
OPTUNA = "optuna.load_study + trials_dataframe"
STEPS = {
    OPTUNA: "the measure",
    "open the study": "journal, results, front; the target is 2 s",
    f"open it again, {NEW} trials later": "only what is new is read",
    "ask whether it has changed": "every three seconds",
    "the Front page's columns": "once a revision",
    "the Studies page's line": "once a revision",
    "answer for other limits": "the mean of 50; the target is 0.3 s",
}


def main() -> None:
    """Make the study, time it, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder, more = made(Path(place), given.trials, given.epochs)
        size = (folder / "journal.log").stat().st_size
        runs = []
        for run in range(RUNS):
            # A process each: what another way has left in memory slows the next one down.
            with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
                spent = {OPTUNA: pool.apply(by_optuna, (folder,))}
                runs.append(spent | pool.apply(timed, (folder, more[run])))
    write(runs, given.trials, given.epochs, size)


def made(workspace: Path, trials: int, epochs: int) -> tuple[Path, list[bytes]]:
    """The study, and what a search appends to its journal after that, in portions."""
    sys.path.insert(0, str(ROOT / "tests" / "dashboard"))
    from made_studies import Writer, make_study, spec_of

    folder = make_study(
        workspace, "long", task=load_task("polyp"), epochs=epochs, files=False, trials=2 * trials,
        complete=trials * 60 // 100, stopped=trials * 20 // 100, failed=trials * 2 // 100,
        rejected=trials * 10 // 100, children=trials * 8 // 100,
    )  # fmt: skip
    beside = workspace / "beside"
    beside.mkdir()
    writer = Writer(beside, spec_of("long", load_task("polyp")), epochs, files=False)
    count = sum(b'"op_code":4' in line for line in (folder / "journal.log").open("rb"))
    portions, written = [], 0
    for _ in range(RUNS):
        for _ in range(NEW):
            writer.complete()
        writer.save()
        lines = (beside / "journal.log").read_bytes().splitlines()
        new = [json.loads(line) for line in lines[written:]]
        written = len(lines)
        for record in new:
            if "trial_id" in record:
                record["trial_id"] += count
        portions.append(b"".join(json.dumps(r).encode() + b"\n" for r in new if r["op_code"] != 0))
    return folder, portions


def timed(folder: Path, more: bytes) -> dict[str, tuple[float, float]]:
    """Wall and processor seconds of every step of ours."""
    spent: dict[str, tuple[float, float]] = {}
    steps = iter(list(STEPS)[1:])

    def clock(step: Callable[[], Any], times: int = 1) -> Any:  # noqa: ANN401 - what a step returns
        wall, processor = time.perf_counter(), time.process_time()
        for _ in range(times):
            result = step()
        name = next(steps)
        spent[name] = (
            (time.perf_counter() - wall) / times, (time.process_time() - processor) / times
        )  # fmt: skip
        print(f"{name:40} {spent[name][0]:8.4f} s {spent[name][1]:8.4f} s", flush=True)
        return result

    opener = StudyOpener(folder)
    before = clock(opener.open)
    with (folder / "journal.log").open("ab") as file:
        file.write(more)
    study = clock(opener.open)
    assert len(study.trials) == len(before.trials) + NEW
    clock(lambda: revision_of(folder), 50)
    points = clock(lambda: points_of(study.trials, study.front, study.feasible))
    clock(lambda: hypervolume_course(study.feasible, study.spec.task.objectives))
    bounds = iter(np.geomspace(1e8, 2e9, 50))

    def ask() -> None:
        limits = Limits((("macs", float(next(bounds))), ("size_bytes", 2e7)), 0.5)
        objectives = study.spec.task.objectives
        answer(points, points.eligible, limits, objectives)
        cheapest(points, points.eligible, limits, objectives)

    clock(ask, 50)
    return spent


def by_optuna(folder: Path) -> tuple[float, float]:
    """What a notebook would do: its wall and processor seconds."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    wall, processor = time.perf_counter(), time.process_time()
    storage = JournalStorage(JournalFileBackend(str(folder / "journal.log")))
    optuna.load_study(study_name="long", storage=storage).trials_dataframe()
    return time.perf_counter() - wall, time.process_time() - processor


def write(runs: list[dict[str, tuple[float, float]]], trials: int, epochs: int, size: int) -> None:
    """The page and the raw figures."""
    machine = {
        "machine": platform.machine(), "processors": len(os.sched_getaffinity(0)),
        "python": platform.python_version(), "optuna": optuna.__version__,
        "streamlit": streamlit.__version__, "trials": trials, "epochs": epochs, "bytes": size,
    }  # fmt: skip
    with (RESULTS / "dashboard.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({**machine, "seconds": run}) + "\n" for run in runs)
    table = [
        "# What the dashboard takes", "",
        f"`python benchmarks/dashboard.py --trials {trials} --epochs {epochs}`: a made-up study of "
        f"{trials} trials, {size / 1e6:.0f} MB of journal. Medians of {RUNS} runs, "
        "each way in a process of its own; and the share of the processor seconds "
        "that optuna takes in the same run.",
        "", f"{machine['machine']}, {machine['processors']} processors, Python "
        f"{machine['python']}, optuna {machine['optuna']}, streamlit {machine['streamlit']}.", "",
        "| | s | processor s | of optuna's | |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for name, remark in STEPS.items():
        wall, seconds = (statistics.median(run[name][i] for run in runs) for i in (0, 1))
        share = statistics.median(run[name][1] / run[OPTUNA][1] for run in runs)
        table.append(f"| {name} | {wall:.4f} | {seconds:.4f} | {share:.4f} | {remark} |")
    (RESULTS / "dashboard.md").write_text("\n".join(table) + "\n", encoding="utf-8")
    print("\n".join(table))


if __name__ == "__main__":
    main()
