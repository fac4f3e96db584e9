"""Bundles: exported, run and timed without the study that they came from."""
