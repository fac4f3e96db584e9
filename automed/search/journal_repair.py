"""Make a journal whole again that was cut in the middle of a write.

Optuna reads over a torn last line but then appends to it, and both records are lost.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from automed.domain.errors import StudyError

_STALE_SECONDS = 2.0
"""A write takes milliseconds; a lock of this age was left by a process that died."""


def repair(journal: Path) -> str | None:
    """Cut a torn or garbled end off, keeping its bytes in ``journal.log.torn``.

    A complete record is never dropped, not even one that lacks only its line break.

    Args:
        journal: The file; nothing happens where it does not exist.

    Returns:
        What was done, in words for the user; None where nothing had to be.

    Raises:
        StudyError: A line in the middle is broken: what follows it cannot be trusted.
    """
    if not journal.exists():
        return None
    _drop_stale_lock(journal)
    content = journal.read_bytes()
    good = _whole_records(journal, content)
    rest = content[good:]
    if not rest:
        return None
    if _is_record(rest):
        with journal.open("ab") as file:
            file.write(b"\n")
        return None
    with journal.with_name(f"{journal.name}.torn").open("ab") as file:
        file.write(rest + b"\n")
    with journal.open("rb+") as file:
        file.truncate(good)
    return (
        f"the last record of {journal.name} was torn by a crash: its {len(rest)} bytes were moved "
        f"to {journal.name}.torn; no finished trial is lost"
    )


def _whole_records(journal: Path, content: bytes) -> int:
    """Number of bytes up to the end of the last whole record."""
    end = position = 0
    broken: int | None = None
    for number, line in enumerate(content.splitlines(keepends=True), start=1):
        position += len(line)
        if line.endswith(b"\n") and _is_record(line):
            if broken is not None:
                raise StudyError(
                    f"{journal} is damaged: line {broken} is no record, but others follow it",
                    found=_line(content, broken),
                    hint="restore the file from a backup, or delete that line to go on without it",
                )
            end = position
        elif broken is None:
            broken = number
    return end


def _is_record(line: bytes) -> bool:
    try:
        record = json.loads(line)
    except ValueError:
        return False
    return isinstance(record, dict) and {"op_code", "worker_id"} <= record.keys()


def _line(content: bytes, number: int) -> str:
    return repr(content.splitlines()[number - 1][:80])


def _drop_stale_lock(journal: Path) -> None:
    """Remove the symbolic link that optuna's lock leaves behind when its process is killed.

    Optuna itself would wait half a minute for it. A live dashboard releases its own in time.
    """
    link = journal.with_name(f"{journal.name}.lock")
    while link.is_symlink():
        try:
            age = time.time() - link.lstat().st_mtime
        except FileNotFoundError:
            return
        if age >= _STALE_SECONDS:
            link.unlink(missing_ok=True)
            return
        time.sleep(0.05)
