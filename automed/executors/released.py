"""Letting go of a GPU's memory between trials: others may be training on it."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def released() -> Iterator[None]:
    """After the block, what was trained in it holds no memory of a GPU any more.

    Torch keeps what is freed for itself, as if no other process needed it; and a model that is part
    of a cycle, as of one with hooks, is not freed until somebody looks for cycles. However the
    block ends: an error must have been dealt with inside, as its traceback holds the model too.
    """
    try:
        yield
    finally:
        # Not imported here: a process that has not imported it has nothing on a GPU.
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_initialized():
            gc.collect()
            torch.cuda.empty_cache()
