"""Keep a Ctrl-C out of a short piece of work."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold SIGINT and SIGTERM back until the block has ended, then deliver them.

    Only the main thread receives signals; elsewhere the block runs as it is.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []
    # getsignal is None where a C library installed the handler: Python cannot put that back.
    held = [number for number in _SIGNALS if signal.getsignal(number) is not None]
    previous = {n: signal.signal(n, lambda got, _: caught.append(got)) for n in held}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        for missed in caught:
            signal.raise_signal(missed)
