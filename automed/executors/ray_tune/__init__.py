"""Trials on a Ray cluster, through Ray Tune. The only home of ray."""

import os

# Ray reads it when it is imported: of a lost node it would print 25 lines into the live table.
os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")
