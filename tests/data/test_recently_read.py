"""RecentlyRead: one read for many threads, errors kept, the least wanted forgotten."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from automed.data.recently_read import RecentlyRead


def test_threads_that_want_the_same_wait_for_one_read() -> None:
    cache: RecentlyRead[str] = RecentlyRead(len, 100)
    reads: list[int] = []

    def read() -> str:
        reads.append(threading.get_ident())
        time.sleep(0.05)
        return "volume"

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: cache.get("a", read), range(32))) == {"volume"}
    assert len(reads) == 1


def test_what_was_not_wanted_for_the_longest_is_read_again() -> None:
    cache: RecentlyRead[str] = RecentlyRead(len, 8)
    reads: list[str] = []

    def get(key: str) -> None:
        cache.get(key, lambda: reads.append(key) or key * 4)

    for key in "abacab":  # two fit: c drives b out, which in turn drives c out
        get(key)
    assert "".join(reads) == "abcb"


def test_the_last_one_stays_however_large() -> None:
    cache: RecentlyRead[str] = RecentlyRead(len, 3)
    assert cache.get("a", lambda: "large") == "large"
    assert cache.get("a", lambda: pytest.fail("read again")) == "large"


def test_an_error_is_raised_each_time_and_read_once() -> None:
    cache: RecentlyRead[str] = RecentlyRead(len, 9)
    reads: list[int] = []

    def damaged() -> str:
        reads.append(1)
        raise ValueError("damaged")

    for _ in range(3):
        with pytest.raises(ValueError, match="damaged"):
            cache.get("a", damaged)
    assert reads == [1]


def test_an_interrupt_is_not_kept() -> None:
    cache: RecentlyRead[str] = RecentlyRead(len, 9)

    def interrupted() -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.get("a", interrupted)
    assert cache.get("a", lambda: "fine") == "fine"
