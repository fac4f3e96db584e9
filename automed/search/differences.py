"""Where a record of a study and what is recomputed of it differ, in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from automed.domain.cost import Cost
from automed.search import record
from automed.search.rerun import Write

Check = Literal["settings", "suggestions", "screens", "stop decisions"]
CHECKS: tuple[Check, ...] = get_args(Check)

_ABSENT = "nothing"
_SCREENED = (record.PREDICTED, record.REJECTED)


@dataclass(frozen=True)
class Difference:
    """One fact that was recorded in another way than it is recomputed.

    Attributes:
        check: What it belongs to.
        trial: Its number; None: of the study as a whole.
        key: Which fact.
        recorded: In the log, in words.
        recomputed: From what the log held before it, in words.
    """

    check: Check
    trial: int | None
    key: str
    recorded: str
    recomputed: str


Compared = tuple[Check, list[Difference]]
"""One decision that was recomputed; without differences it is as recorded."""


def differences(
    check: Check, trial: int | None, recorded: Mapping[str, Any], recomputed: Mapping[str, Any]
) -> list[Difference]:
    """The facts that are not the same on both sides, in the order of the recomputed ones."""
    return [
        Difference(check, trial, key, _text(recorded, key), _text(recomputed, key))
        for key in dict.fromkeys([*recomputed, *recorded])
        if _text(recorded, key) != _text(recomputed, key)
    ]


def suggestion_of(write: Write | None) -> dict[str, Any]:
    """The facts of a record that a sampler, a baseline or a parent decides."""
    if write is None:
        return {"what comes next": "no config is left that is new and allowed"}
    if write.on is not None:
        return {
            "what comes next": f"a config waits for trial {write.on}",
            **{_name(key): value for key, value in write.user_attrs.items()},
        }
    attrs = write.user_attrs
    found: dict[str, Any] = {"what comes next": "a trial"}
    if record.PARENT in attrs:
        found[_name(record.PARENT)] = attrs[record.PARENT]
    found |= {**write.params, **attrs.get(record.EXTRA, {})}
    found |= {_name(key): v for key, v in attrs.items() if key not in (*_SCREENED, record.EXTRA)}
    found |= {f"the range of {key}": text for key, text in write.distributions.items()}
    noted = write.system_attrs.items()
    return found | {f"note {k}": v for k, v in noted if not k.startswith(record.CONSTRAINT)}


def screening_of(write: Write) -> dict[str, Any]:
    """The facts of a record that the screen decides."""
    found: dict[str, Any] = {}
    if record.REJECTED in write.user_attrs:
        found["rejected"] = write.user_attrs[record.REJECTED]
    if record.PREDICTED in write.user_attrs:
        cost = Cost.model_validate_json(write.user_attrs[record.PREDICTED])
        for name, quantity in cost.model_dump(mode="json", exclude_none=True).items():
            plain = isinstance(quantity, dict) and quantity.get("source") == "predicted"
            found[f"predicted {name}"] = quantity["value"] if plain else quantity
    for key, value in write.system_attrs.items():
        if key.startswith(record.CONSTRAINT):
            found[f"violation of {key.removeprefix(record.CONSTRAINT)}"] = value
    return {**found, "state": None if write.state is None else write.state.name}


def _name(key: str) -> str:
    return key.removeprefix("automed:").replace("_", " ")


def _text(facts: Mapping[str, Any], key: str) -> str:
    # As the journal would hold it: what is equal there is equal.
    if key not in facts:
        return _ABSENT
    value = facts[key]
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
