"""Batches that memory does not hold go through a model in parts."""

from __future__ import annotations

import gc
import logging
import math
from collections.abc import Callable
from typing import TypeVar

import torch

Answer = TypeVar("Answer")

_LOG = logging.getLogger(__name__)
_CPU = "DefaultCPUAllocator"
"""In the message of the plain RuntimeError that torch raises where main memory runs out."""


class ImagesAtOnce:
    """How many images go through a model at once: all, until memory runs out; then half as many.

    What was learnt holds for the rest of the training.

    Args:
        what: That is done with them, for the log.
        least: Images that a part needs: batch normalization trains on two at least.
    """

    def __init__(self, what: str, least: int = 1) -> None:
        self._what = what
        self._least = least
        self.most: int | None = None
        """None: memory has not run out."""

    def run(self, work: Callable[[int], Answer], images: int) -> Answer:
        """Do something that takes memory, as often as it takes to find out how much there is.

        Args:
            work: Is given into how many parts the images are to be divided, evenly. Called again
                from its beginning where memory ran out.
            images: How many there are.

        Raises:
            RuntimeError: Memory ran out, torch's or Python's kind, and smaller parts are not
                allowed; and whatever `work` raises.
        """
        while True:
            parts = self._parts(images)
            try:
                return work(parts)
            except (RuntimeError, MemoryError) as error:
                if not ran_out_of_memory(error) or self._parts(images, self._half(images)) == parts:
                    raise
                self.most = self._half(images)
                _LOG.warning(
                    "memory ran out: %s goes on with at most %d images at once",
                    self._what, self.most,
                )  # fmt: skip
            # Not above: there the error still holds what is to be freed.
            gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()

    def _half(self, images: int) -> int:
        return math.ceil(min(images, self.most or images) / 2)

    def _parts(self, images: int, most: int | None = None) -> int:
        wanted = math.ceil(images / (most or self.most or images))
        return max(1, min(wanted, images // self._least))


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that a GPU's memory, or main memory, is used up."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and _CPU in str(error)
