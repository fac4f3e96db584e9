"""Reading a journal that grows: each record once, without a lock."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial
from pydantic_core import from_json

from automed.search.journal_state import JournalState

_SEAM = 512
"""Bytes before the place where the last reading ended, by which it is known again."""
_BLOCK = 2**23
"""Bytes to hold at once."""


class JournalReader:
    """The trials in a journal, which another process may be writing to. Not for several threads.

    Args:
        path: The file; it may come later.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._forget()

    def trials(self, study: str) -> list[FrozenTrial]:
        """The trials of a study in order, as far as they are written.

        Finished ones are not to be changed: they are handed out again.

        Raises:
            OSError: The file cannot be read.
            ValueError, KeyError, TypeError: It holds what is no record of optuna's.
        """
        try:
            self._read_on()
        except BaseException:
            self._forget()
            raise
        return self._state.trials(study)

    def _forget(self) -> None:
        self._state = JournalState()
        self._end = 0
        self._seam = b""
        self._seen: tuple[int, ...] = ()

    def _read_on(self) -> None:
        with self._path.open("rb") as file:
            status = os.fstat(file.fileno())
            seen = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
            if seen == self._seen:
                return
            file.seek(self._end - len(self._seam))
            # Replaced, cut or written anew in place: what follows does not belong to what was read.
            rewritten = self._seen[2:3] == seen[2:3] or file.read(len(self._seam)) != self._seam
            if rewritten or self._seen[:2] != seen[:2]:
                self._forget()
            block = _BLOCK
            while self._end < status.st_size:
                file.seek(self._end)
                before, left = self._end, status.st_size - self._end
                self._take(file.read(min(block, left)))
                if self._end == before:  # one line is longer than the block, or it is the torn end
                    if left <= block:
                        break
                    block *= 2
            self._seen = seen

    def _take(self, text: bytes) -> None:
        """Apply the whole lines; an end that is torn, or still being written, is left for later."""
        lines = text.split(b"\n")
        lines.pop()
        taken = 0
        for number, line in enumerate(lines, start=1):
            try:
                record = _parse(line)
            except ValueError:
                if number < len(lines):
                    raise
                break
            self._state.apply(record)
            taken += len(line) + 1
        self._end += taken
        self._seam = (self._seam + text[max(0, taken - _SEAM) : taken])[-_SEAM:]


def _parse(line: bytes) -> dict[str, Any]:
    try:
        record: dict[str, Any] = from_json(line, cache_strings="keys")
    except ValueError:  # json takes a little more, such as half of a surrogate pair
        record = json.loads(line)
    return record
