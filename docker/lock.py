"""Write constraints.txt: the versions installed here of all that automed and its server need.

Run it in the environment that the tests passed in: ``.venv/bin/python docker/lock.py``.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOTS = ("automed", "psycopg[binary]", "ray[tune]")
LEFT_OUT = re.compile(r"automed|nvidia-.*|cuda-.*|triton")
"""Torch pins its own CUDA libraries, and a CPU build has none."""

HEADER = "# Written by docker/lock.py; tests/docker checks it against pyproject.toml.\n"


def locked(roots: tuple[str, ...] = ROOTS) -> dict[str, str]:
    """The version of every package that the roots need, directly or not."""
    versions: dict[str, str] = {}
    left = [Requirement(root) for root in roots]
    while left:
        wanted = left.pop()
        name = re.sub(r"[-_.]+", "-", wanted.name).lower()
        if name in versions:
            continue
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # an optional part that is not installed
        versions[name] = found.version
        for text in found.requires or ():
            needed = Requirement(text)
            extras = ("", *wanted.extras)
            if needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in extras):
                left.append(needed)
    return {n: v.partition("+")[0] for n, v in versions.items() if not LEFT_OUT.fullmatch(n)}


def main() -> None:
    """Write the file beside this one."""
    lines = [f"{name}=={version}\n" for name, version in sorted(locked().items())]
    path = Path(__file__).with_name("constraints.txt")
    path.write_text(HEADER + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
