"""What the doctor says of one thing, and how it is made to say something within seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from automed.domain.errors import AutomedError
from automed.domain.frozen import Frozen


class Status(StrEnum):
    """How it is with one thing."""

    OK = "ok"
    WARNING = "warning"
    """Searches run, with less than there could be."""
    BROKEN = "broken"
    """Something that was asked for, set up or registered does not work."""


class Finding(Frozen):
    """What one check found."""

    name: str
    """What was looked at, such as ``disk``."""
    status: Status
    found: str
    """What is there, in a line."""
    fix: str | None = None
    """A command to paste; None where nothing is to be done."""
    stops_searches: bool = False
    """Whether no search at all can run because of it."""


@dataclass(frozen=True)
class Check:
    """A question to the machine.

    Attributes:
        name: Of what is looked at; a finding bears it, unless the check finds more to name.
        look: Answers it; may raise whatever it runs into.
        seconds: How long to wait for the answer; what is at hand takes that long only where a
            disk hangs, or the machine is far too busy.
        fix: A command for where the check raises, or is not done in time.
        late: How bad it is where the answer does not come in time.
    """

    name: str
    look: Callable[[], Finding]
    seconds: float = 30.0
    fix: str | None = None
    late: Status = Status.BROKEN


class Running:
    """A check at work in a thread that nobody has to wait for.

    Args:
        check: Begins at once.
    """

    def __init__(self, check: Check) -> None:
        self._check = check
        self._answer: Finding | None = None
        self._thread = threading.Thread(target=self._look, name=f"doctor {check.name}", daemon=True)
        self._thread.start()

    def finding(self) -> Finding:
        """The answer, or that there was none in time."""
        check = self._check
        self._thread.join(check.seconds)
        late = f"no answer within {check.seconds:g} s"
        return self._answer or Finding(
            name=check.name, status=check.late, found=late, fix=check.fix
        )

    def _look(self) -> None:
        check = self._check
        try:
            self._answer = check.look()
        except Exception as error:  # noqa: BLE001 - the finding says what it was
            self._answer = broken(check.name, in_a_line(error), check.fix)


def examined(checks: Sequence[Check]) -> list[Finding]:
    """The findings of checks, one after the other.

    Not at the same time: libraries imported by several threads at once can see one another half
    loaded.
    """
    return [Running(check).finding() for check in checks]


def ok(name: str, found: str) -> Finding:
    """A tick."""
    return Finding(name=name, status=Status.OK, found=found)


def warning(name: str, found: str, fix: str | None) -> Finding:
    """Something that could be better."""
    return Finding(name=name, status=Status.WARNING, found=found, fix=fix)


def broken(name: str, found: str, fix: str | None, *, stops_searches: bool = False) -> Finding:
    """A cross."""
    return Finding(
        name=name, status=Status.BROKEN, found=found, fix=fix, stops_searches=stops_searches
    )


def in_a_line(error: Exception) -> str:
    """An exception as a sentence: of ours without its kind, which says nothing more."""
    if isinstance(error, AutomedError):
        return error.problem if error.found is None else f"{error.problem} ({error.found})"
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
