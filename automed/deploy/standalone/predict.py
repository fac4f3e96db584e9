"""Predict with this bundle: ``python predict.py IMAGES... -o FOLDER``; see ``--help``.

Needs Python 3.10 or later and what manifest.json lists under "requirements"; automed is not needed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from runner.command import main  # type: ignore[import-not-found]

if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent))
