"""Without pretrained weights nothing is frozen, unless the user says so."""

from __future__ import annotations

import pytest

from automed.api.random_weights import NOTE
from automed.api.request import SearchRequest
from automed.registry.tasks import load_task


@pytest.mark.parametrize("name", ["polyp", "leukemia"])
def test_random_encoders_are_trained_whole(name):
    task = load_task(name)
    request = SearchRequest(task=name, weights="none")
    adapted = request.adapt(task)
    assert adapted.space.parameters["training.freeze"].choices == ("none",)
    assert adapted.space.parameters["training.layer_decay"].choices == (1.0,)
    assert NOTE in request.notes(task)
    assert adapted.unreachable_baselines() == []
    final = adapted.space.complete(task.baselines[-1].config)
    assert final["training.freeze"] == "none"


def test_pretrained_ones_keep_their_choices():
    task = load_task("leukemia")
    request = SearchRequest(task="leukemia")
    assert request.adapt(task).space == task.space
    assert request.notes(task) == ()


def test_the_user_may_freeze_random_layers_all_the_same():
    task = load_task("leukemia")
    request = SearchRequest(task="leukemia", weights="none", fix_values=("training.freeze=0.5",))
    assert request.adapt(task).space.parameters["training.freeze"].choices == ("0.5",)
    assert request.notes(task) == ()


def test_a_space_without_freezing_is_left_alone():
    task = load_task("polyp")
    request = SearchRequest(
        task="polyp", weights="none", fix_values=("model.architecture=plain_unet",)
    )
    assert "training.freeze" not in request.adapt(task).space.parameters
