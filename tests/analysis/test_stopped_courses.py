"""What was stopped, what was rejected, and the picture of a truth."""

from __future__ import annotations

import numpy as np
import pytest

from automed.analysis.rejections import EXCLUDED, UNBUILT, rejections
from automed.analysis.stopped_courses import courses, stop_tally, trainings
from automed.analysis.truth_picture import truth_picture
from automed.domain.budget import Budget
from automed.domain.config import Config
from automed.domain.cost import Cost, Quantity
from automed.domain.measurement import Measurement
from automed.domain.objective import Constraint, Objective
from automed.domain.result import Result
from automed.domain.space_file import parse_space
from automed.domain.stop import Stop
from automed.domain.study_spec import DataRef, StudySpec
from automed.domain.task import SegmentationTask
from automed.domain.trial import Trial, TrialState

DICE = Objective(metric="dice", reference=0.0)
SPACE = parse_space(
    """
    [space]
    name = "toy"
    [model.architecture]
    choices = ["unet", "pan"]
    [model.encoder]
    choices = ["small", "large"]
    [[model.encoder.exclude]]
    choices = ["large"]
    when = { "model.architecture" = "pan" }
    """,
    source="toy.toml",
)


def cost(giga=1.0, mega=1.0):
    return Cost(
        parameters=Quantity(value=mega * 1e6), macs=Quantity(value=giga * 1e9),
        size_bytes=Quantity(value=mega * 4e6), input_shape=(3, 8, 8),
    )  # fmt: skip


def trial(number, state=TrialState.COMPLETE, dice=None, stop=None, config=None, **more):
    result = None
    if dice is not None:
        result = Result(metrics={"dice": dice}, cost=cost(), epochs=1, best_epoch=1, seconds=1.0,
                        split_digest="s")  # fmt: skip
    return Trial(
        number=number, config=Config(config or {}), seed=0, state=state, result=result,
        stop=None if stop is None else Stop(epoch=stop, why="worse"), **more,
    )  # fmt: skip


TRIALS = (
    trial(0, dice=0.8),
    trial(1, TrialState.PRUNED, dice=0.2, stop=3),
    trial(2, TrialState.PRUNED, dice=0.3, stop=3),  # taken up again by 4
    trial(3, parent=0, dice=0.7),
    trial(4, TrialState.PRUNED, dice=0.4, stop=9, continues=2),
    trial(5, TrialState.RUNNING),
    trial(6, TrialState.PRUNED, rejected="too dear"),
    trial(7, TrialState.FAIL),
)


def test_the_tally_counts_trainings_and_what_was_saved():
    tally = stop_tally(TRIALS, epochs=10)
    assert [t.number for t in trainings(TRIALS)] == [0, 1, 4, 5, 7]
    assert (tally.trainings, tally.stopped) == (4, 2)
    assert tally.rungs == {3: 1, 9: 1}
    assert (tally.saved, tally.planned) == (8, 40)
    assert tally.share_saved == pytest.approx(0.2)
    assert stop_tally((), 10).share_saved == 0


def write_history(folder, number, values):
    place = folder / "trials" / f"{number:04d}"
    place.mkdir(parents=True)
    lines = [
        Measurement(epoch=e, metrics={"dice": v}, seconds=1.0).model_dump_json()
        for e, v in enumerate(values, start=1)
    ]
    (place / "history.jsonl").write_text("\n".join(lines) + '\n{"epoch": 9', encoding="utf-8")


def test_courses_are_read_from_the_trials_folders(tmp_path):
    write_history(tmp_path, 0, [0.1, 0.5])
    write_history(tmp_path, 1, [0.2])
    found = courses(TRIALS, tmp_path, DICE)
    assert [(c.trial.number, c.epochs, c.values) for c in found] == [
        (0, (1, 2), (0.1, 0.5)), (1, (1,), (0.2,)),
    ]  # fmt: skip


def test_of_many_courses_the_best_and_the_youngest_are_read(tmp_path):
    many = [trial(n, dice=1 - n / 100) for n in range(50)]
    for number in range(50):
        write_history(tmp_path, number, [0.1])
    found = [c.trial.number for c in courses(many, tmp_path, DICE, most=4)]
    assert found == [0, 47, 48, 49]


def spec_with(*constraints):
    task = SegmentationTask(name="toy", title="t", classes=("x",), image_size=(32, 32), space=SPACE)
    return StudySpec(
        name="s", task=task, data=DataRef(name="d", path="/d", digest="d"), split_digest="s",
        budget=Budget(trials=5), constraints=constraints, version="0",
    )  # fmt: skip


def rejected(number, why, giga=None, mega=1.0, architecture="unet", encoder="small"):
    config = {"model.architecture": architecture, "model.encoder": encoder}
    predicted = None if giga is None else cost(giga, mega)
    return trial(number, TrialState.PRUNED, config=config, rejected=why, predicted=predicted)


def test_rejected_configs_are_counted_by_reason_with_the_nearest_one():
    spec = spec_with(
        Constraint(metric="macs", bound=2e9), Constraint(metric="size_bytes", bound=8e6),
        Constraint(metric="dice", bound=0.8, kind="at_least"),
    )  # fmt: skip
    trials = [
        trial(0, dice=0.5),
        rejected(1, "dear", giga=5.0), rejected(2, "dear and large", giga=2.5, mega=9.0),
        rejected(3, "dear", giga=4.0), rejected(4, "no", encoder="large", architecture="pan"),
        rejected(5, "too small an image"), rejected(6, "too small an image"),
    ]  # fmt: skip
    found = {one.reason: one for one in rejections(trials, spec)}
    dear = found["GFLOPs (MACs) at most 2"]
    assert (dear.trials, dear.nearest, dear.found) == ((1, 2, 3), 2, "GFLOPs (MACs) 2.5")
    large = found["Size (MB) at most 8"]
    assert (large.trials, large.found) == ((2,), "Size (MB) 36")
    assert found[EXCLUDED].trials == (4,)
    assert found[f"{UNBUILT}: too small an image"].trials == (5, 6)
    assert next(iter(found)) == "GFLOPs (MACs) at most 2"
    assert len(found) == 4
    assert rejections(trials[:1], spec) == ()


def test_a_truth_is_outlined_inside_its_border():
    image = np.full((20, 30, 3), 50, np.uint8)
    mask = np.zeros((20, 30), np.uint8)
    mask[5:15, 10:20] = 1
    plain, outlined = truth_picture(image, None), truth_picture(image, mask)
    assert plain.shape == outlined.shape == (200, 300, 3)
    changed = (plain != outlined).any(axis=2)
    assert changed[51, 150]
    assert not changed[100, 150]  # the middle stays as it is
    assert not changed[:50].any()
    assert not changed[:, :100].any()
    assert truth_picture(np.zeros((1000, 500), np.uint8), None).shape == (320, 160, 3)
    with pytest.raises(ValueError, match="mask"):
        truth_picture(image, mask[:10])
