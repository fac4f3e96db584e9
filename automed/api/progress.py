"""How use cases say what they are busy with."""

from __future__ import annotations

from collections.abc import Callable

Tick = Callable[[int, int], None]
"""Called with what is done and the total; a total of 0 is not known."""

Steps = Callable[[str], Tick]
"""Opens a step by its title and returns the function that moves it on."""


def silent(title: str) -> Tick:
    """Steps for callers who do not show any."""
    del title

    def tick(done: int, total: int) -> None:
        del done, total

    return tick
