"""Predict with this bundle: ``python predict.py IMAGES... -o FOLDER``; see ``--help``.

Needs Python 3.10 or later and what manifest.json lists under "requirements"; automed is not needed.
"""

from __future__ import annotations

import sys
from pathlib import Path

try:
    from runner.command import main  # type: ignore[import-not-found]
except ModuleNotFoundError as error:
    if error.name is None or not error.name.startswith("runner"):
        raise
    file = f"{error.name.replace('.', '/')}.py"
    sys.stderr.write(f"error: this bundle is damaged: {file} is missing; copy it again\n")
    sys.exit(2)

if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent))
