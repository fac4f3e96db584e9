"""Ctrl-C and SIGTERM end a search where nothing is lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """While entered, the first signal raises ``KeyboardInterrupt`` inside ``welcome`` blocks only.

    Elsewhere it is noted in ``requested``. A second signal does what it would have done without
    this class: for Ctrl-C, ``KeyboardInterrupt`` wherever the program is. Outside the main thread,
    which receives no signals, nothing happens.
    """

    def __init__(self) -> None:
        self.requested = False
        """Whether a signal has come."""
        self._raises = False
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                # None: a C library's handler, which Python could not put back.
                if signal.getsignal(number) is not None:
                    self._previous[number] = signal.signal(number, self._receive)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._restore()

    @contextmanager
    def welcome(self) -> Iterator[None]:
        """Let a signal raise ``KeyboardInterrupt`` in the block; at its start if one has come."""
        self._raises = True
        try:
            if self.requested:
                raise KeyboardInterrupt
            yield
        finally:
            self._raises = False

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Inside a ``welcome`` block: let a signal wait for the end of this one."""
        raises, self._raises = self._raises, False
        try:
            yield
        finally:
            self._raises = raises
        if raises and self.requested:
            raise KeyboardInterrupt

    def _receive(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.requested = True
        self._restore()
        if self._raises:
            raise KeyboardInterrupt

    def _restore(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()
