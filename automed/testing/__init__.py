"""The conformance suite for plugins: the checks that ``automed plugin check`` runs."""

from automed.testing.conformance import CHECKS, run_check

__all__ = ["CHECKS", "run_check"]
