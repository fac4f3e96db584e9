"""How much compute a search needs for its front, beside what a user would run instead.

Run: ``python benchmarks/search_efficiency.py [--table FILE] [--seeds 20] [--trainings 50]``, where
``pip install 'ray[tune]' syne-tune`` adds the two rivals that automed does not depend on.

All searches spend the same epochs, on a table of real trainings (see ``surrogates/README.md``), one
training after the other. Compared is the hypervolume of the models that each has by then, as a
share of that of all trainings of the table, and the compute after which a search has what optuna's
TPE has at the end. Courses are kept in ``results/search_efficiency.jsonl``, so that a run that was
ended goes on; the tables are made anew from there.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from courses_plot import plot
from surrogates import rivals
from surrogates.simulated import Course, search
from surrogates.table import Table

from automed import __version__

ROOT = Path(__file__).parent
COURSES = ROOT / "results" / "search_efficiency.jsonl"
PAGE = ROOT / "results" / "search_efficiency.md"
PLOT = PAGE.with_suffix(".png")

Run = Callable[[Table, int, int], Course]
OURS = "automed ehvi + dominance"
BASE = "optuna TPE"


def ours(table: Table, seed: int, epochs: int, *, sampler: str, stopper: str) -> Course:
    """One of automed's searches."""
    return search(table, seed, epochs, sampler, stopper)


SEARCHES: dict[str, Run] = {
    "random": rivals.random_search,
    BASE: rivals.tpe,
    "optuna NSGA-II": rivals.nsga2,
    "Ray OptunaSearch + ASHA": rivals.ray_tune,
    "Syne Tune MOASHA": rivals.moasha,
    "automed tpe": partial(ours, sampler="tpe", stopper="none"),
    "automed tpe + halving": partial(ours, sampler="tpe", stopper="halving"),
    "automed ehvi": partial(ours, sampler="ehvi", stopper="none"),
    "automed ehvi + halving": partial(ours, sampler="ehvi", stopper="halving"),
    OURS: partial(ours, sampler="ehvi", stopper="dominance"),
}

DRAWN = (BASE, "optuna NSGA-II", "Ray OptunaSearch + ASHA", "Syne Tune MOASHA",
         "automed ehvi", "automed ehvi + halving", OURS)  # fmt: skip


def main() -> None:
    """Run what is missing, then print and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=Path, default=ROOT / "surrogates" / "cell_table.jsonl")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trainings", type=int, default=50, help="whole ones: the compute")
    parser.add_argument("--only", help="searches, separated by commas")
    parser.add_argument("--courses", type=Path, default=COURSES)
    given = parser.parse_args()
    table = Table(given.table)
    missing = (table.space.combinations() or 0) - len(table.rows)
    if missing:
        raise SystemExit(f"{given.table} lacks {missing} configs: train them first")
    epochs = given.trainings * table.epochs
    names = given.only.split(",") if given.only else list(SEARCHES)
    done = read(given.courses)
    for seed in range(given.seeds):
        for name in names:
            if (name, seed, epochs) in done:
                continue
            try:
                course = SEARCHES[name](table, seed, epochs)
            except ImportError as error:
                print(f"{name} is left out: {error}", file=sys.stderr)
                continue
            line = {
                "search": name, "seed": seed, "epochs": epochs, "spent": course.spent,
                "linear": [round(x, 6) for x in course.linear],
                "log": [round(x, 6) for x in course.log], "trainings": course.trainings,
            }  # fmt: skip
            with given.courses.open("a") as file:
                file.write(json.dumps(line) + "\n")
            print(f"{name}, seed {seed}: {course.linear[-1]:.4f}", file=sys.stderr)
    courses = by_search(read(given.courses), epochs, names)
    page = written(courses, table, epochs)
    PAGE.write_text(page, encoding="utf-8")
    plot({name: courses[name] for name in DRAWN if name in courses}, epochs, table.epochs, PLOT)
    print(page)


Done = dict[tuple[str, int, int], Course]
Courses = dict[str, dict[int, Course]]


def read(path: Path) -> Done:
    """The courses that lie there, by search, seed and budget."""
    found: Done = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        row = json.loads(line)
        course = Course(None, row["spent"], row["linear"], row["log"])  # type: ignore[arg-type]
        course.trainings = row["trainings"]
        found[row["search"], row["seed"], row["epochs"]] = course
    return found


def by_search(done: Done, epochs: int, names: list[str]) -> Courses:
    """The courses of one budget, by search and seed."""
    found: Courses = {name: {} for name in names}
    for (name, seed, budget), course in done.items():
        if budget == epochs and name in found:
            found[name][seed] = course
    return {name: seeds for name, seeds in found.items() if seeds}


def written(courses: Courses, table: Table, epochs: int) -> str:
    """The page: a table for each way to count costs."""
    lines = [
        "# Compute for a front",
        "",
        f"Written by `benchmarks/search_efficiency.py`, automed {__version__}. "
        f"{len(table.rows)} configs of space `{table.space.name}`, trained {table.epochs} epochs "
        f"each on real images ({table.about['data']}, {table.about['image_size']} pixels); "
        f"budget {epochs} epochs = {epochs // table.epochs} whole trainings. Medians over "
        f"{max(map(len, courses.values()), default=0)} seeds, quartiles in brackets.",
    ]
    for log in (False, True):
        scale = "by their logarithm" if log else "as they are"
        lines += ["", f"## Costs {scale}", "", *section(courses, epochs, log=log)]
    lines += ["", f"![What is missing, by compute]({PLOT.name})"]
    return "\n".join([*lines, ""])


def section(by_name: Courses, epochs: int, *, log: bool) -> list[str]:
    """Share of the whole hypervolume over compute, and the compute for TPE's last one."""
    shares = (1 / 9, 1 / 3, 2 / 3, 1.0)
    header = ["search", "trainings", *(f"{s:.0%}" for s in shares), f"compute for {BASE}'s front"]
    lines = [f"| {' | '.join(header)} |", "|---" * len(header) + "|"]
    target = float(np.median([c.at(epochs, log=log) for c in by_name[BASE].values()]))
    for name, courses in by_name.items():
        bought = [[c.at(s * epochs, log=log) for c in courses.values()] for s in shares]
        cells = [quartiles(values, 4) for values in bought]
        # A search that does not get there counts as one that needs more than there is.
        needed = [c.until(target, log=log) / epochs for c in courses.values()]
        trainings = f"{np.median([c.trainings for c in courses.values()]):.0f}"
        lines.append(f"| {' | '.join([name, trainings, *cells, quartiles(needed, 2)])} |")
    return lines


def quartiles(values: list[float], digits: int) -> str:
    """For example ``0.91 (0.88 to 0.93)``."""
    low, middle, high = (
        "more than 1" if np.isinf(q) else f"{q:.{digits}f}"
        for q in np.quantile(values, [0.25, 0.5, 0.75], method="nearest")
    )
    return f"{middle} ({low} to {high})"


if __name__ == "__main__":
    main()
