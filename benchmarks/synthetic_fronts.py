"""How soon each search has the front of a formula whose front is known.

Run: ``python benchmarks/synthetic_fronts.py [--seeds 20] [--trials 100] [--problems ZDT1,DTLZ2]``

Beside automed's samplers stand random search and optuna's TPE used directly. Formulas lack most of
what makes trainings hard, noise and conditions above all, but their fronts are known exactly:
compared is the hypervolume as a share of the true front's. Courses are kept in
``results/synthetic_fronts.jsonl``, so that a run that was ended goes on; the page is made anew from
there.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from optuna.samplers import RandomSampler, TPESampler
from surrogates.synthetic import PROBLEMS, Problem, optuna_search, study_search

from automed import __version__

RESULTS = Path(__file__).parent / "results"
COURSES = RESULTS / "synthetic_fronts.jsonl"
PAGE = RESULTS / "synthetic_fronts.md"
LOOKED_AT = (25, 50, 100)

Run = Callable[[Problem, int, int], list[float]]

SEARCHES: dict[str, Run] = {
    "random": partial(optuna_search, sampler=lambda seed: RandomSampler(seed=seed)),
    "optuna TPE": partial(optuna_search, sampler=lambda seed: TPESampler(seed=seed)),
    "automed tpe": partial(study_search, sampler="tpe"),
    "automed gp": partial(study_search, sampler="gp"),
    "automed nsga2": partial(study_search, sampler="nsga2"),
    "automed ehvi": partial(study_search, sampler="ehvi"),
}

Done = dict[tuple[str, str, int], list[float]]
"""Courses by problem, search and seed."""


def main() -> None:
    """Run what is missing, then print and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--problems", default=",".join(PROBLEMS))
    parser.add_argument("--only", default=",".join(SEARCHES), help="searches, by commas")
    parser.add_argument("--courses", type=Path, default=COURSES)
    parser.add_argument("--page", type=Path, default=PAGE)
    given = parser.parse_args()
    done = read(given.courses)
    for seed in range(given.seeds):
        for problem in given.problems.split(","):
            for name in given.only.split(","):
                if len(done.get((problem, name, seed), [])) >= given.trials:
                    continue
                course = SEARCHES[name](PROBLEMS[problem], seed, given.trials)
                keep(given.courses, problem, name, seed, course)
                print(f"{problem}, {name}, seed {seed}: {course[-1]:.4f}", file=sys.stderr)
    page = written(read(given.courses))
    given.page.write_text(page, encoding="utf-8")
    print(page)


def keep(path: Path, problem: str, search: str, seed: int, course: list[float]) -> None:
    """Append a course."""
    shares = [round(share, 6) for share in course]
    line = {"problem": problem, "search": search, "seed": seed, "share": shares}
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def read(path: Path) -> Done:
    """The courses that lie there; of two that begin the same the longer one."""
    found: Done = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        row = json.loads(line)
        key = row["problem"], row["search"], row["seed"]
        found[key] = max(found.get(key, []), row["share"], key=len)
    return found


def written(done: Done) -> str:
    """The page: a table for each problem."""
    lines = [
        "# Fronts that are known",
        "",
        f"Written by `benchmarks/synthetic_fronts.py`, automed {__version__}. Hypervolume as a "
        "share of the true front's after so many trials: medians over seeds, quartiles in "
        "brackets. The last objective of each formula is the uncertain quality, the others are "
        "costs that are known before; optuna used directly is told all of them afterwards.",
    ]
    for problem in PROBLEMS:
        courses: dict[str, list[list[float]]] = defaultdict(list)
        for (of, name, _), course in done.items():
            if of == problem:
                courses[name].append(course)
        if courses:
            lines += ["", f"## {problem}", "", *section(courses)]
    return "\n".join([*lines, ""])


def section(courses: dict[str, list[list[float]]]) -> list[str]:
    """A row for each search, in the order of `SEARCHES`."""
    header = ["search", "seeds", *(f"{trials} trials" for trials in LOOKED_AT)]
    lines = [f"| {' | '.join(header)} |", "|---" * len(header) + "|"]
    for name in [name for name in SEARCHES if name in courses]:
        cells = [quartiles([c[n - 1] for c in courses[name] if len(c) >= n]) for n in LOOKED_AT]
        lines.append(f"| {' | '.join([name, str(len(courses[name])), *cells])} |")
    return lines


def quartiles(shares: list[float]) -> str:
    """For example ``0.91 (0.88 to 0.93)``."""
    if not shares:
        return ""
    low, middle, high = np.quantile(shares, [0.25, 0.5, 0.75])
    return f"{middle:.3f} ({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    main()
