"""The file that leaves the house: exported, run, compared and timed."""
