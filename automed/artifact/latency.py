"""How long a model's file takes to answer, measured so that it repeats on a busy machine."""

from __future__ import annotations

import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from automed.artifact.call import Runtime, call_of, runtime_name
from automed.artifact.cpu_name import cpu_name
from automed.artifact.paired_blocks import paired_blocks
from automed.artifact.reference_clock import calibrated
from automed.artifact.reference_model import SHAPE, reference_model
from automed.domain.errors import ExportError
from automed.domain.latency import Latency

_COARSE = 1e-4
"""A clock that ticks in longer steps, in seconds, is of no use: that of Windows for a thread."""
_WAIT = 600.0
"""Longest wait, in seconds, for another measurement on this machine."""


def measure_latency(
    path: Path,
    shape: tuple[int, int, int],
    *,
    threads: int = 1,
    batch: int = 1,
    seconds: float = 2.0,
    reference: Path | None = None,
    runtime: Runtime = "onnxruntime",
) -> Latency:
    """Time one call of a model's file, in turns with a fixed reference model.

    A busy machine slows both alike: the ratio of the two repeats where their times do not. One
    thread is timed by the processor time of the calling thread, which is where the runtimes
    compute then, bound to one core; several threads can only be timed by the clock on the wall,
    and the result's ``runtime`` says so. Milliseconds are the ratio times the reference's own,
    its best when it was first measured on this machine: latencies of one ``reference`` file
    compare with each other. No two measurements of a user overlap on a machine: the second waits.

    Args:
        path: Of an ONNX file with a batch of any size, float or int8.
        shape: Channels, height and width of the input.
        threads: That one call may use.
        batch: Images in a call.
        seconds: About how long to measure, after warming up. At least five blocks of calls are
            measured, which takes longer for a model of more than about half a second.
        reference: A JSON file that remembers the reference model's milliseconds, one entry for a
            processor, runtime and number of threads; made where it is missing. None: they are
            those seen now, and compare with no other measurement's.
        runtime: What runs the file. ``openvino`` must be installed by the user.

    Raises:
        ExportError: The runtime is missing or refuses the file, or another measurement does not
            end.
        ValueError: A count or the seconds are not above 0.
    """
    if min(threads, batch) < 1 or seconds <= 0:
        raise ValueError(f"threads {threads}, batch {batch} and seconds {seconds} must be positive")
    clock, remark = _clock(threads)
    name = f"{runtime_name(runtime)}{remark}"
    image = np.random.default_rng(0).standard_normal((batch, *shape), dtype=np.float32)
    still = np.random.default_rng(0).standard_normal((1, *SHAPE), dtype=np.float32)
    with _alone(), _on_one_core(threads):
        model = call_of(path, image, threads, runtime)
        fixed = call_of(reference_model(), still, threads, runtime)
        blocks = paired_blocks(model, fixed, clock, seconds)
        best = min(block.reference for block in blocks)
        key = f"{cpu_name()} | {name} | {threads} {'thread' if threads == 1 else 'threads'}"
        unit = 1000 * (best if reference is None else calibrated(reference, key, best))
    ratios = [block.ratio for block in blocks]
    ratio = statistics.median(ratios)
    low, _, high = statistics.quantiles(ratios, n=4, method="inclusive")
    slow = float(np.quantile([pair for block in blocks for pair in block.pairs], 0.95))
    return Latency(
        p50_ms=ratio * unit, p95_ms=max(ratio, slow) * unit, ratio=ratio,
        spread=(high - low) / 2 / ratio, threads=threads, batch=batch,
        device=f"cpu: {cpu_name()}", runtime=name,
    )  # fmt: skip


def _clock(threads: int) -> tuple[Callable[[], float], str]:
    """What to read the time from, and what a reader of the result must know about it."""
    fine = time.get_clock_info("thread_time").resolution <= _COARSE
    if threads == 1 and fine:
        return time.thread_time, ""
    return time.perf_counter, " (wall time)"


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """While no other measurement of this user runs on the machine."""
    user = os.getuid() if hasattr(os, "getuid") else "user"
    path = Path(tempfile.gettempdir()) / f"automed-latency-{user}.lock"
    try:
        with FileLock(path, timeout=_WAIT):
            yield
    except Timeout as error:
        raise ExportError(
            "the latency cannot be measured: another measurement does not end",
            found=f"{path} was held for {_WAIT:.0f} s",
            hint="look for another automed on this machine that hangs, and end it",
        ) from error


@contextlib.contextmanager
def _on_one_core(threads: int) -> Iterator[None]:
    """The calling thread bound to its first core, where one is enough and the system can."""
    if threads > 1 or not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)
