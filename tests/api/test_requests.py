"""A request becomes a task with its own space, settings and constraints."""

from __future__ import annotations

from pathlib import Path

import pytest

from automed.api.naming import next_name
from automed.api.request import SearchRequest, choices_of
from automed.domain.errors import AutomedError, SpaceError
from automed.registry.tasks import load_task


def test_settings_and_space_follow_the_flags() -> None:
    request = SearchRequest(
        task="polyp", epochs=7, image_size=(64, 96),
        set_values=(
            "training.loss=bce,dice", "training.patience=3", "training.learning_rate=1e-4..1e-3",
        ),
        fix_values=("model.architecture=unet",),
    )  # fmt: skip
    task = request.adapt(load_task("polyp"))
    assert task.training.epochs == 7
    assert task.training.patience == 3
    assert task.image_size == (64, 96)
    assert choices_of(task.space, "training.loss", "") == ("bce", "dice")
    assert choices_of(task.space, "model.architecture", "") == ("unet",)
    assert "model.atrous_rates" not in task.space.parameters
    rate = task.space.parameters["training.learning_rate"]
    assert (rate.low, rate.high, rate.log) == (1e-4, 1e-3, True)
    assert task.digest != load_task("polyp").digest


def test_constraints_are_in_macs_and_bytes() -> None:
    request = SearchRequest(task="polyp", max_gflops=2, max_size_mb=8)
    bounds = {c.metric: c.bound for c in request.constraints()}
    assert bounds == {"macs": 2e9, "size_bytes": 8e6}


@pytest.mark.parametrize("order", [1, -1])
def test_a_parameter_cannot_be_fixed_where_another_flag_rules_it_out(order: int) -> None:
    flags = ("model.architecture=unet", "model.output_stride=8")
    request = SearchRequest(task="polyp", fix_values=flags[::order])
    with pytest.raises(SpaceError, match=r"model\.output_stride"):
        request.adapt(load_task("polyp"))


def test_class_weights_are_refused_for_segmentation() -> None:
    request = SearchRequest(task="cell", set_values=("training.class_weights=true",))
    with pytest.raises(SpaceError, match="classification"):
        request.adapt(load_task("cell"))


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a b"])
def test_names_that_are_no_folder_are_refused(name: str) -> None:
    with pytest.raises(AutomedError, match="--name"):
        SearchRequest(task="polyp", name=name)


def test_the_next_name_counts_on(tmp_path: Path) -> None:
    assert next_name(tmp_path / "none", "polyp") == "polyp-1"
    for name in ("polyp-1", "polyp-9", "polyp-x", "cell-12"):
        (tmp_path / name).mkdir()
    assert next_name(tmp_path, "polyp") == "polyp-10"
