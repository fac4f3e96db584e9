"""How a worker, of whatever kind, carries out an order."""

from __future__ import annotations

from collections.abc import Callable

from automed.domain.decision import Decision
from automed.domain.errors import StudyError
from automed.domain.measurement import Measurement
from automed.executors.failures import failure_of
from automed.executors.messages import Broken, Ended, Order, PutAside
from automed.executors.paused import Paused
from automed.executors.released import released
from automed.executors.run_trial import RunTrial


def obey(
    order: Order, run_trial: RunTrial, exchange: Callable[[Measurement], Decision]
) -> Ended | PutAside | Broken:
    """Run a trial to its end, or to where the search says.

    Args:
        order: What to run.
        run_trial: Runs it.
        exchange: Tells the search of an epoch, and waits for its answer.

    Returns:
        What the search is to be told.
    """

    def report(measurement: Measurement) -> Decision:
        decision = exchange(measurement)
        if decision is Decision.PAUSE:
            raise Paused
        return decision

    with released():
        try:
            return Ended(run_trial(order.trial, report))
        except Paused:
            return PutAside()
        except StudyError as error:
            return Broken(error)
        except Exception as error:  # noqa: BLE001 - a failed trial must not end the search
            return Ended(failure_of(error, order.folder))
