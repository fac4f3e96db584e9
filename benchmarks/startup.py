"""How long ``automed --help`` takes, beside a Python that only imports typer.

Run: ``python benchmarks/startup.py``. Prints the ratio of medians of interleaved runs.
"""

from __future__ import annotations

import platform
import statistics
import subprocess
import sys
import time

RUNS = 15
COMMANDS = {
    "python -c 'import typer'": [sys.executable, "-c", "import typer"],
    "automed --help": [sys.executable, "-c", "from automed.cli.entry import run; run()", "--help"],
}


def seconds(command: list[str]) -> float:
    """Wall time of one run."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def main() -> None:
    """Interleave the commands, so that a busy machine slows both alike."""
    spent: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(RUNS):
        for name, command in COMMANDS.items():
            spent[name].append(seconds(command))
    medians = {name: statistics.median(times) for name, times in spent.items()}
    base = medians["python -c 'import typer'"]
    print(f"{platform.python_implementation()} {platform.python_version()}, {RUNS} runs each")
    for name, median in medians.items():
        print(f"{name:28s} {median * 1000:7.0f} ms  {median / base:5.2f}x")


if __name__ == "__main__":
    main()
