"""Gather the pages of the site: ``python docs/assemble``, before ``zensical build``.

What stands in docs/, in benchmarks/results/ and at the root links to one another as files of the
repository do. Here they are copied into one folder with links that hold there, and joined by the
pages that are generated: the commands and the example plugins.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from commands_page import commands_page
from examples_page import examples_page
from places import EXAMPLES, on_the_site, places

ROOT = Path(__file__).resolve().parents[2]


def assemble(output: Path) -> None:
    """Write all pages, and remove what an earlier run left.

    Args:
        output: A folder of our own.

    Raises:
        ValueError: A page links to something that is not on the site.
    """
    shutil.rmtree(output, ignore_errors=True)
    known = places(ROOT)
    for source, place in known.items():
        target = output / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if not source.endswith(".md"):
            shutil.copy(ROOT / source, target)
            continue
        text = (ROOT / source).read_text(encoding="utf-8")
        if place == "commands.md":
            text = commands_page(text)
        target.write_text(on_the_site(text, source, known), encoding="utf-8")
    (output / EXAMPLES).write_text(examples_page(ROOT / "docs" / "examples"), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "docs")
    assemble(parser.parse_args().output)
