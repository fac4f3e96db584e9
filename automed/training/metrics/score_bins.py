"""The bins that logits are counted in, for readers of the counts who have no use for torch."""

from __future__ import annotations

BINS = 256
REACH = 16.0
"""Logits beyond, probabilities of 1e-7 and 1 - 1e-7, are counted in the first and the last bin."""
