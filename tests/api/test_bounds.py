"""Bounds as users type them, as constraints of a study."""

from __future__ import annotations

import pytest

from automed.api.bounds import read_constraint, read_count
from automed.api.request import TRIALS, SearchRequest
from automed.domain.budget import Limits
from automed.domain.errors import AutomedError, ConstraintError
from automed.domain.objective import Constraint
from automed.registry.tasks import load_task
from automed.search.screen import check_constraints


@pytest.mark.parametrize(
    ("text", "constraint"),
    [
        ("f1_macro>=0.8", Constraint(metric="f1_macro", bound=0.8, kind="at_least")),
        (" macs <= 2e9 ", Constraint(metric="macs", bound=2e9)),
        ("loss<=-.5", Constraint(metric="loss", bound=-0.5)),
    ],
)
def test_a_bound(text: str, constraint: Constraint) -> None:
    assert read_constraint(text) == constraint


@pytest.mark.parametrize(
    "text", ["", "dice", "dice>0.8", "dice=0.8", "dice>=", ">=0.8", "dice>=good", "dice>=nan",
             "dice<=inf", "dice>=0.8 0.9", "0.8<=dice"],
)  # fmt: skip
def test_what_is_no_bound(text: str) -> None:
    with pytest.raises(AutomedError, match="is no bound") as error:
        read_constraint(text)
    assert "f1_macro>=0.8" in str(error.value)


@pytest.mark.parametrize(
    ("text", "count"),
    [("2500000", 2.5e6), ("2.5M", 2.5e6), ("800k", 8e5), ("2_500_000", 2.5e6), (" .5M ", 5e5)],
)
def test_a_number_of_parameters(text: str, count: float) -> None:
    assert read_count(text) == pytest.approx(count)


@pytest.mark.parametrize("text", ["", "0", "0M", "-2M", "2.5m", "2 M", "M", "2G", "1e6", "nan"])
def test_what_is_no_number_of_parameters(text: str) -> None:
    with pytest.raises(AutomedError, match="--max-params"):
        SearchRequest(task="polyp", max_params=text)


def test_all_flags_together() -> None:
    request = SearchRequest(
        task="polyp", max_gflops=2, max_size_mb=8, max_latency_ms=40, max_params="2.5M",
        min_dice=0.8, bounds=("recall>=0.7", "iou>=0.6"),
    )  # fmt: skip
    assert [c.describe() for c in request.constraints()] == [
        "GFLOPs (MACs) at most 2", "Size (MB) at most 8", "Parameters (M) at most 2.5",
        "Latency (ms) at most 40", "Dice at least 0.8", "Recall at least 0.7", "IoU at least 0.6",
    ]  # fmt: skip
    check_constraints(request.constraints(), load_task("polyp"), "onnx")


def test_dice_is_for_tasks_that_are_scored_by_it() -> None:
    request = SearchRequest(task="leukemia", min_dice=0.8)
    with pytest.raises(AutomedError, match="--min-dice") as error:
        request.adapt(load_task("leukemia"))
    assert "--constraint 'f1_macro>=0.8'" in str(error.value)
    SearchRequest(task="polyp", min_dice=0.8).adapt(load_task("polyp"))


@pytest.mark.parametrize("value", [0.0, -0.1, 1.1, float("nan")])
def test_a_dice_that_cannot_be(value: float) -> None:
    with pytest.raises(AutomedError, match="--min-dice"):
        SearchRequest(task="polyp", min_dice=value)


def test_a_metric_that_no_trial_of_the_task_measures() -> None:
    with pytest.raises(ConstraintError, match="did you mean 'f1_macro'"):
        check_constraints([read_constraint("macro_f1>=0.8")], load_task("leukemia"), "onnx")
    with pytest.raises(ConstraintError, match="f1_macro"):
        check_constraints([read_constraint("f1_macro>=0.8")], load_task("polyp"), "onnx")


def test_no_latency_without_a_file() -> None:
    bound = [read_constraint("latency_ms<=20")]
    check_constraints(bound, load_task("polyp"), "onnx")
    with pytest.raises(ConstraintError, match="--artifact weights") as error:
        check_constraints(bound, load_task("polyp"), "weights")
    assert "--artifact onnx" in str(error.value)


def test_one_bound_of_a_kind() -> None:
    request = SearchRequest(task="polyp", max_gflops=2, bounds=("macs<=1e9",))
    with pytest.raises(ConstraintError, match="macs is bounded twice") as error:
        check_constraints(request.constraints(), load_task("polyp"), "onnx")
    assert "at most 2, and GFLOPs (MACs) at most 1" in str(error.value)
    both = SearchRequest(task="polyp", max_gflops=2, bounds=("macs>=1e9",))
    check_constraints(both.constraints(), load_task("polyp"), "onnx")


class TestLimits:
    def test_fifty_trainings_unless_something_else_is_limited(self) -> None:
        assert SearchRequest(task="polyp").limits == Limits(trials=TRIALS)
        assert SearchRequest(task="polyp", budget=7).limits == Limits(trials=7)
        assert SearchRequest(task="polyp", seconds=60).limits == Limits(seconds=60)
        assert SearchRequest(
            task="polyp", budget=7, seconds=60, device_hours=0.5, epoch_budget=9
        ).limits == Limits(trials=7, seconds=60, device_seconds=1800, epochs=9)

    @pytest.mark.parametrize(
        ("field", "flag"),
        [
            ("budget", "--budget"), ("seconds", "--time"), ("device_hours", "--device-hours"),
            ("epoch_budget", "--epoch-budget"),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan")])
    def test_what_cannot_be_spent(self, field: str, flag: str, value: float) -> None:
        with pytest.raises(AutomedError, match=f"{flag} must be positive"):
            SearchRequest(task="polyp", **{field: value})
