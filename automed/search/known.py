"""Names that settings may hold."""

from __future__ import annotations

from collections.abc import Collection

from automed.domain.errors import StudyError
from automed.domain.suggestion import suggestion


def check_known(kind: str, name: str, known: Collection[str]) -> None:
    """Refuse a name that nothing of a kind has.

    Args:
        kind: Such as ``sampler``.
        name: What was given.
        known: Those there are.

    Raises:
        StudyError: Naming them.
    """
    if name not in known:
        raise StudyError(
            f"there is no {kind} {name!r}{suggestion(name, known)}",
            expected=f"one of {', '.join(known)}",
        )
