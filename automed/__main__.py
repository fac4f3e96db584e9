"""``python -m automed``: as the ``automed`` command, where scripts are not on the path."""

from automed.cli.entry import run

run()
