"""The one error of a bundle."""

from __future__ import annotations


class RefusedError(Exception):
    """Something that cannot be used; the text says what, and what would be right."""
