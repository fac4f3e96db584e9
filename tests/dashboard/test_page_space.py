"""The Space page: what mattered, what was stopped, what was rejected, what there was to vary."""

from __future__ import annotations

import base64
import json

import automed.dashboard.page_space  # noqa: F401 - outside of the time that a page may take
import numpy as np
import pytest
from made_studies import SEGMENTATION, Writer, spec_of, tight

from automed.search.study_file import write_spec

LOOKS = ("Importance", "Slices", "Stopped", "Rejected", "Parameters")


@pytest.fixture
def rich(study):
    """A study with something of everything."""
    return study(
        "rich", complete=30, children=2, stopped=3, failed=2, rejected=4, running=1,
        constraints=tight(), stopper="halving",
    )  # fmt: skip


def texts(test):
    """All that can be read of a page."""
    boxes = (test.caption, test.info, test.markdown, test.text, test.code, test.subheader)
    return "\n".join(str(one.value) for kind in boxes for one in kind)


def charts(test):
    return [json.loads(one.proto.spec) for one in test.get("plotly_chart")]


def test_importance_ranks_the_parameters_and_says_what_chance_does(rich, page):
    test = page("space", study="rich")
    assert not test.exception
    (chart,) = charts(test)
    names = [bar for trace in chart["data"] if trace["type"] == "bar" for bar in trace["y"]]
    assert sorted(names) == sorted(SEGMENTATION.space.parameters)
    assert "all 30 complete ones" in texts(test)
    assert "rough guess" in texts(test)
    assert "slices, which show Dice, may tell otherwise" in texts(test)
    aim = test.selectbox(key="aim")
    assert aim.options == ["the front", "Dice", "GFLOPs (MACs)", "Size (MB)"]
    aim.select("Dice").run()
    assert not test.exception
    assert "with the best Dice" in texts(test)
    assert "may tell otherwise" not in texts(test)


def test_too_few_trials_are_said_to_be_too_few_with_the_command_for_more(study, page):
    study("few", complete=3, running=1)
    test = page("space", study="few", look="Importance")
    assert not test.exception
    assert "3 complete, 12 are needed" in texts(test)
    assert "automed search made --resume --name few --budget 109" in texts(test)
    assert not charts(test)


def test_slices_draw_each_parameter_with_its_own_axis(rich, page):
    test = page("space", study="rich", look="Slices")
    assert not test.exception
    (chart,) = charts(test)
    points = [trace for trace in chart["data"] if trace["mode"] == "markers"]
    asked = test.multiselect(key="sliced").value
    assert len(points) == len(asked) == 6
    axes = [chart["layout"][name] for name in chart["layout"] if name.startswith("xaxis")]
    assert "log" in [axis.get("type") for axis in axes]
    test.multiselect(key="sliced").set_value(["training.learning_rate"]).run()
    (chart,) = charts(test)
    assert len(chart["data"]) == 1
    assert chart["layout"]["xaxis"]["type"] == "log"
    test.selectbox(key="metric").select("macs").run()
    (chart,) = charts(test)
    assert chart["layout"]["yaxis"]["title"]["text"] == "GFLOPs (MACs)"
    values = chart["data"][0]["y"]
    numbers = np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"])
    assert 0 < numbers.max() < 100  # in units of 10^9


def test_stopped_trainings_end_in_a_mark_with_the_reason(rich, page):
    test = page("space", study="rich", look="Stopped")
    assert not test.exception
    (chart,) = charts(test)
    marks = next(t for t in chart["data"] if t.get("name") == "ended here")
    assert len(marks["x"]) == 3
    assert "worse than the median" in str(marks["customdata"])
    table = test.dataframe[0].value
    assert list(table["ended after epoch"]) == [1, 1, 1]
    assert all("/trial" in f"/{address}" for address in table["trial"])
    assert {m.label: m.value for m in test.metric}["Stopped trainings"] == "3 of 35"


def test_a_study_without_files_still_lists_what_was_stopped(study, page):
    study("bare", complete=2, stopped=2, files=False, stopper="halving")
    test = page("space", study="bare", look="Stopped")
    assert not test.exception
    assert not charts(test)
    assert len(test.dataframe[0].value) == 2
    assert "4 of 4 trainings have no course" in texts(test)


def test_rejected_configs_are_counted_by_constraint(rich, page):
    test = page("space", study="rich", look="Rejected")
    assert not test.exception
    reasons, configs = (frame.value for frame in test.dataframe[:2])
    assert len(configs) == 4
    assert "GFLOPs (MACs) at most 0.6" in list(reasons["constraint or reason"])
    assert test.metric[0].value == "4 of 40"


def test_the_parameters_are_listed_with_what_was_fixed(workspace, page):
    space = SEGMENTATION.space.fix("training.loss", "bce")
    spec = spec_of("fixed", task=SEGMENTATION.replace(space=space))
    folder = workspace / "studies" / "fixed"
    folder.mkdir(parents=True)
    write_spec(folder, spec)
    writer = Writer(folder, spec)
    for _ in range(4):
        writer.complete()
    writer.save()
    test = page("space", study="fixed", look="Parameters")
    assert not test.exception
    table = test.dataframe[0].value.set_index("parameter")
    assert table.loc["training.loss", "state"] == "fixed"
    assert table.loc["training.loss", "tried"] == "1 of 1"
    assert "unet" in table.loc["model.width", "only where"]
    assert "cannot go together" not in table  # nothing is excluded here


@pytest.mark.parametrize(
    "content",
    [
        {"complete": 0}, {"complete": 0, "failed": 1, "rejected": 3},
        {"complete": 2, "objectives": 1, "running": 1},
    ],
)  # fmt: skip
def test_every_look_opens_on_studies_that_hold_little(study, page, content):
    study("little", **content)
    test = page("space", study="little")
    for look in LOOKS:
        test.session_state["look"] = look
        test.run()
        assert not test.exception, look


def test_no_study_yet(page):
    test = page("space")
    assert not test.exception
    assert "automed search" in test.code[0].value
