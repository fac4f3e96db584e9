"""What the ``automed`` command runs: a quiet process around the command line."""

from __future__ import annotations

import os
import sys
import warnings


def run() -> None:
    """Set up the process, then parse the command line."""
    # Read when torch loads OpenMP. By default its threads spin while they wait for one another,
    # which on a machine that others use too makes a training many times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Warnings of libraries are for developers (-W, PYTHONWARNINGS); they would break the table.
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    from automed.cli.app import main

    main()
