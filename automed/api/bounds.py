"""The bounds that flags put on cost and quality, as constraints of a study."""

from __future__ import annotations

import math
import re

from automed.domain.errors import AutomedError
from automed.domain.objective import Constraint
from automed.domain.task import AnyTask

_BOUND = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(<=|>=)\s*(\S+)\s*")
_KINDS = {"<=": "at_most", ">=": "at_least"}
_COUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)([kM]?)")
_FACTORS = {"": 1.0, "k": 1e3, "M": 1e6}


def read_constraint(text: str) -> Constraint:
    """A bound such as ``f1_macro>=0.8``, in the metric's own unit.

    Raises:
        AutomedError: It is not written so, or the bound is no finite number.
    """
    found = _BOUND.fullmatch(text)
    bound = _number(found[3]) if found else None
    if found is None or bound is None:
        raise AutomedError(
            f"--constraint {text!r} is no bound",
            expected="METRIC>=NUMBER or METRIC<=NUMBER, in quotes, such as 'f1_macro>=0.8'",
        )
    return Constraint.model_validate({"metric": found[1], "bound": bound, "kind": _KINDS[found[2]]})


def read_count(text: str) -> float:
    """A number of parameters: ``2500000``, ``800k`` or ``2.5M``.

    Raises:
        AutomedError: It is none, or is 0.
    """
    found = _COUNT.fullmatch(text.strip().replace("_", ""))
    value = float(found[1]) * _FACTORS[found[2]] if found else 0.0
    if not value > 0:
        raise AutomedError(
            "--max-params is no number of parameters",
            found=text,
            expected="more than 0, such as 2500000, 800k or 2.5M",
        )
    return value


def check_dice(task: AnyTask) -> None:
    """Refuse a bound on Dice where the task is scored by another metric.

    Raises:
        AutomedError: Naming the flag that fits the task.
    """
    if task.guide != "dice":
        raise AutomedError(
            f"--min-dice is for tasks that are scored by Dice, and {task.name} is not",
            found=task.guide,
            hint=f"--constraint '{task.guide}>=0.8'",
        )


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
