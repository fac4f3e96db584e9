"""MLflow beside a live table: what it would print from the tracker's thread is kept back."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_OWN_HANDLERS = ("mlflow", "alembic", "sqlalchemy.engine")
_NO_HANDLERS = ("urllib3.connectionpool",)
"""Loggers without a handler: their warnings reach stderr through logging's last resort."""


class _NotFrom(logging.Filter):
    def __init__(self, thread: int) -> None:
        super().__init__()
        self._thread = thread

    def filter(self, record: logging.LogRecord) -> bool:
        return record.thread != self._thread


@contextmanager
def quiet_here() -> Iterator[None]:
    """Keep back what MLflow and its libraries log in this thread; others log as ever.

    MLflow logs the creation of its tables, and a traceback whenever its database is locked, to
    stderr. What matters of it comes back as an exception, which the tracker reports. To be entered
    after mlflow was imported, which sets the handlers up.
    """
    keep_back = _NotFrom(threading.get_ident())
    targets: list[logging.Filterer] = [
        handler for name in _OWN_HANDLERS for handler in logging.getLogger(name).handlers
    ]
    targets += [logging.getLogger(name) for name in _NO_HANDLERS]
    for target in targets:
        target.addFilter(keep_back)
    try:
        yield
    finally:
        for target in targets:
            target.removeFilter(keep_back)
