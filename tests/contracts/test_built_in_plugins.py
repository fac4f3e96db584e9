"""The plugins that ship with automed pass the suite that everybody's have to."""

from __future__ import annotations

import pytest

from automed.registry.tasks import load_task
from automed.testing.conformance import CHECKS, run_check

ELSEWHERE = ("random_configs_train",)
"""`test_sampled_configs` trains them, of every task."""


@pytest.mark.parametrize(
    "name",
    [
        "white_cell",
        *(pytest.param(name, marks=pytest.mark.thorough) for name in ("polyp", "cell", "leukemia")),
    ],
)
def test_it_conforms(name: str) -> None:
    task = load_task(name)
    problems = {check: run_check(check, task) for check in CHECKS if check not in ELSEWHERE}
    assert {check: problem for check, problem in problems.items() if problem is not None} == {}
