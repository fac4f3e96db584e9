"""Slices through a study, and its space as a table."""

from __future__ import annotations

import numpy as np
import pytest

from automed.analysis.slices import slices, spelled_value
from automed.analysis.space_table import left_out, space_rows
from automed.domain.config import Config
from automed.domain.cost import Cost, Quantity
from automed.domain.result import Result
from automed.domain.space_file import parse_space
from automed.domain.trial import Trial, TrialState

SPACE = parse_space(
    """
    [space]
    name = "toy"
    [model.architecture]
    choices = ["unet", "pan", "fpn"]
    [model.width]
    choices = [1.0, 0.25]
    when = { "model.architecture" = "unet" }
    [training.rate]
    low = 1e-5
    high = 1e-1
    log = true
    [training.dropout]
    low = 0.0
    high = 0.5
    """,
    source="toy.toml",
)


def trial(number, dice, state=TrialState.COMPLETE, **config):
    cost = Cost(
        parameters=Quantity(value=1), macs=Quantity(value=1e9 * (1 + number)),
        size_bytes=Quantity(value=4), input_shape=(3, 8, 8),
    )  # fmt: skip
    result = Result(metrics={"dice": dice}, cost=cost, epochs=1, best_epoch=1, seconds=1.0,
                    split_digest="s")  # fmt: skip
    values = {key.replace("_", ".", 1): value for key, value in config.items()}
    return Trial(
        number=number, config=Config(values), seed=0, state=state,
        result=result if state is TrialState.COMPLETE else None,
    )  # fmt: skip


TRIALS = (
    trial(0, 0.5, model_architecture="unet", model_width=1.0, training_rate=1e-3),
    trial(1, 0.9, model_architecture="pan", training_rate=1e-2),
    trial(2, 0.7, model_architecture="unet", model_width=0.25, training_rate=1e-4),
    trial(3, 0.8, model_architecture="pan", training_rate=1e-1),
    trial(4, np.nan, model_architecture="fpn", training_rate=1e-5),
    trial(5, 0.1, TrialState.FAIL, model_architecture="fpn", training_rate=1e-5),
)


def test_each_parameter_that_varied_has_a_slice_of_the_complete_trials():
    found = {one.key: one for one in slices(TRIALS, SPACE, "dice")}
    assert list(found) == ["model.architecture", "model.width", "training.rate"]
    assert [t.number for t in found["training.rate"].trials] == [0, 1, 2, 3]
    assert [t.number for t in found["model.width"].trials] == [0, 2]
    assert found["model.width"].when == "model.architecture = unet"
    assert found["training.rate"].axis == "log"
    assert list(found["training.rate"].places) == [1e-3, 1e-2, 1e-4, 1e-1]


def test_names_stand_by_their_medians_and_numbers_in_order():
    found = {one.key: one for one in slices(TRIALS, SPACE, "dice")}
    architecture = found["model.architecture"]
    assert architecture.categories == ("pan", "unet")
    assert architecture.medians() == pytest.approx({"pan": 0.85, "unet": 0.6})
    assert found["model.width"].categories == ("0.25", "1")
    dearest = next(iter(slices(TRIALS, SPACE, "macs", smaller_is_better=True)))
    assert dearest.categories[0] == "unet"


def test_equal_choices_are_spread_within_their_strip():
    many = [
        trial(n, 0.5, model_architecture=("unet", "pan")[n % 2], model_width=1.0)
        for n in range(200)
    ]
    one = next(iter(slices(many, SPACE, "dice")))
    places = one.places
    strips = np.array([one.categories.index(str(value)) for value in one.values])
    assert len(set(places)) == 200
    assert np.abs(places - strips).max() < 0.3
    assert np.array_equal(np.rint(places), strips)


def test_nothing_to_slice():
    assert slices([], SPACE, "dice") == ()
    assert slices(TRIALS[:1], SPACE, "dice") == ()
    assert slices(TRIALS, SPACE, "nothing") == ()


def test_values_are_spelled_as_in_a_space_file():
    assert [spelled_value(v) for v in (True, 1e-4, 3, "a")] == ["true", "0.0001", "3", "a"]


def test_the_table_tells_what_was_fixed_narrowed_and_tried():
    space = SPACE.fix("model.architecture", "pan").narrow("training.rate", "1e-4..1e-2")
    tried = [trial(0, 0.5, model_architecture="pan", training_rate=1e-3, training_dropout=0.1)]
    rows = {row.key: row for row in space_rows(space, SPACE, tried)}
    assert {key: row.state for key, row in rows.items()} == {
        "model.architecture": "fixed", "training.rate": "narrowed", "training.dropout": "free",
    }  # fmt: skip
    assert rows["training.rate"].before == "1e-05 to 0.1 (log)"
    assert rows["model.architecture"].tried == "1 of 1"
    assert rows["training.dropout"].tried == "0.1 to 0.1"
    assert left_out(space, SPACE) == ("model.width",)
    assert left_out(space, None) == ()


def test_without_the_original_space_nothing_is_called_narrowed():
    states = [row.state for row in space_rows(SPACE, None, ())]
    assert states == ["free"] * 4
    assert [row.tried for row in space_rows(SPACE, None, ())] == ["none"] * 4
    assert space_rows(SPACE, None, ())[1].when == "model.architecture = unet"
