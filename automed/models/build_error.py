"""A config that no model can be built from."""

from __future__ import annotations

from automed.domain.errors import AutomedError


class BuildError(AutomedError):
    """A config cannot be built, or its model cannot take images of the task's size."""
