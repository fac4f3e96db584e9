"""Where a search leaves what its trainings wait for: orders, and answers to their measurements.

Ray Tune carries what trainings say to the search, but has nothing that would carry an answer.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from automed.domain.decision import Decision
from automed.executors.messages import Order

if TYPE_CHECKING:
    from ray.actor import ActorHandle

Left = Order | Decision


class _Mailbox:
    """An actor: what is left under a key is handed out once, to whoever waits for it."""

    def __init__(self) -> None:
        self._left: defaultdict[str, asyncio.Queue[Left]] = defaultdict(asyncio.Queue)

    async def leave(self, key: str, what: Left) -> None:
        self._left[key].put_nowait(what)

    async def take(self, key: str) -> Left:
        what = await self._left[key].get()
        if self._left[key].empty():
            del self._left[key]
        return what


class Desk:
    """A mailbox on the node of the search; travels to trainings.

    Attributes:
        mailbox: The actor.
    """

    def __init__(self, mailbox: ActorHandle[Any]) -> None:
        self.mailbox: Any = mailbox  # ray's types know no methods of its actors

    @classmethod
    def here(cls) -> Desk:
        """Set one up on this node: it lives and dies with the search."""
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        kind: Any = ray.remote(_Mailbox)  # ray's types cannot tell an actor from its class
        return cls(kind.options(num_cpus=0, scheduling_strategy=here).remote())

    def clear(self) -> None:
        """Take it away: where the caller's own connection to Ray goes on, it would stay."""
        ray.kill(self.mailbox)

    def order(self, training: str, order: Order) -> None:
        """Leave an order for a training.

        Args:
            training: As Tune names it.
            order: What it is to train.
        """
        self.mailbox.leave.remote(f"{training}/order", order)

    def answer(self, training: str, decision: Decision) -> None:
        """Leave the answer to what a training has just measured."""
        self.mailbox.leave.remote(f"{training}/answer", decision)

    def take_order(self, training: str) -> Order:
        """Wait for an order."""
        order: ray.ObjectRef[Order] = self.mailbox.take.remote(f"{training}/order")
        return ray.get(order)

    def take_answer(self, training: str) -> Decision:
        """Wait for an answer."""
        answer: ray.ObjectRef[Decision] = self.mailbox.take.remote(f"{training}/answer")
        return ray.get(answer)
