"""What is wrong with a search space, where it is, and all of it at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from automed.domain.errors import SpaceError

Path = tuple[str | int, ...]
"""Names of fields and positions in lists, such as ``("exclude", 0, "choices", 2)``."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        message: What it is.
        key: Of the parameter, such as ``training.loss``; empty where only the caller knows it.
        field: Which of its fields.
        hint: What was meant, or where the cause lies.
    """

    message: str
    key: str = ""
    field: Path = ()
    hint: str = ""

    @property
    def name(self) -> str:
        """Key and field as they stand in a file, without positions: ``training.loss.choices``."""
        names = [self.key]
        for part in self.field:
            names += [part] if isinstance(part, str) else []
            if part in ("when", "unless"):
                break
        return ".".join(name for name in names if name)

    def __str__(self) -> str:
        text = self.message + self.hint
        return f"{self.name}: {text}" if self.name else text


class ProblemsError(ValueError):
    """Raised in validators: pydantic keeps it, so that a file's reader can tell the lines."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))


class InvalidSpaceError(SpaceError):
    """A file that is no search space.

    Args:
        source: The file.
        problems: Each with file, line and key, such as
            ``polyp.toml:31: training.loss.choices: 'bce' is listed twice``.
    """

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        self.source = source
        self.problems = tuple(problems)
        super().__init__(f"{source} is not a valid search space:\n  " + "\n  ".join(self.problems))

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the parts when the error crosses a process boundary."""
        return (type(self), (self.source, self.problems))
