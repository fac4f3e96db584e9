"""Large things that were read from files a moment ago, kept for whoever wants them next."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

Value = TypeVar("Value")


class RecentlyRead(Generic[Value]):
    """A cache in memory, shared by threads, that forgets what was not asked for the longest.

    Slices of one volume are asked for one after the other, by several threads: the first reads the
    file, and the others wait for it instead of reading it again.

    Args:
        size: How many bytes a value takes.
        most_bytes: How many to keep; the value that was asked for last stays in any case.
    """

    def __init__(self, size: Callable[[Value], int], most_bytes: int) -> None:
        self._size, self._most_bytes = size, most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Future[Value]] = OrderedDict()

    def get(self, key: Hashable, read: Callable[[], Value]) -> Value:
        """The value of a key, read where it is not kept. What ``read`` raises is raised here.

        An error is kept like a value: a damaged file is not read again for each of its slices.
        """
        with self._lock:
            future = self._kept.get(key)
            mine = future is None
            if future is None:
                future = self._kept[key] = Future()
            self._kept.move_to_end(key)
        if mine:
            try:
                future.set_result(read())
            except BaseException as error:  # noqa: BLE001 - an interrupt too: nobody may wait on
                future.set_exception(error)
                self._forget_interrupt(key, error)
            self._shrink()
        return future.result()

    def _forget_interrupt(self, key: Hashable, error: BaseException) -> None:
        if not isinstance(error, Exception):
            with self._lock:
                self._kept.pop(key, None)

    def _shrink(self) -> None:
        with self._lock:
            sizes = {key: self._bytes(future) for key, future in self._kept.items()}
            total = sum(sizes.values())
            for key in list(self._kept)[:-1]:
                if total <= self._most_bytes:
                    return
                if self._kept[key].done():
                    total -= sizes[key]
                    del self._kept[key]

    def _bytes(self, future: Future[Value]) -> int:
        if not future.done() or future.exception() is not None:
            return 0
        return self._size(future.result())
