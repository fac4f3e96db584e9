"""The Front page: what it draws, what it answers, and that its front is ``automed front``'s."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from made_studies import CLASSIFICATION, SEGMENTATION, tight

from automed.api.confirm_files import CONFIRM, REPORT
from automed.api.front import show_front
from automed.domain.confirmation import Confirmation, ConfirmedPoint, Estimate
from automed.domain.objective import Objective
from automed.domain.workspace import Workspace

CHART = "plotly_chart"


def figure_of(drawn):
    """The chart as the browser gets it."""
    (chart,) = drawn.get(CHART)
    return json.loads(chart.proto.spec)


def trace(drawn, name):
    return next((t for t in figure_of(drawn)["data"] if t["name"] == name), None)


def names(drawn):
    return [t["name"] for t in figure_of(drawn)["data"]]


def column(drawn, name, key):
    """Of a group of the chart: trained models, then compressed ones."""
    found = [t[key] for t in figure_of(drawn)["data"] if t["name"] == name]
    return [value for values in found for value in decoded(values)]


def numbers(drawn, name):
    """Of the trials in a group of the chart."""
    return sorted(column(drawn, name, "customdata"))


def decoded(values):
    """Plotly sends arrays of numbers as base64."""
    import base64

    if isinstance(values, list):
        return values
    return np.frombuffer(base64.b64decode(values["bdata"]), np.dtype(values["dtype"])).tolist()


def undominated(rows):
    """Numbers of the rows no other row dominates, by comparing each with each."""
    kept = []
    for number, losses in rows:
        beaten = any(
            all(o <= m for o, m in zip(other, losses, strict=True))
            and any(o < m for o, m in zip(other, losses, strict=True))
            for _, other in rows
        )
        if not beaten:
            kept.append(number)
    return sorted(kept)


@pytest.mark.parametrize("constraints", [(), tight()], ids=["free", "constrained"])
def test_the_front_is_that_of_automed_front_point_for_point(study, page, workspace, constraints):
    study("s", complete=40, children=12, stopped=5, rejected=3, constraints=constraints)
    shown = show_front("s", Workspace.at(workspace))
    rows = [
        (t.number, (-v["dice"], v["macs"], v["size_bytes"]))
        for t in shown.trials
        if t.result is not None and t.label == "done"
        for v in (t.result.values(),)
        if all(c.violation(v[c.metric]) <= 0 for c in constraints)
    ]
    expected = undominated(rows)
    assert 2 < len(expected) < len(rows)
    drawn = page("front", study="s")
    assert not drawn.exception
    assert numbers(drawn, "on the front") == expected
    assert sorted(t.number for t in shown.front.trials) == expected
    (table,) = drawn.dataframe
    assert table.value["trial"].tolist() == [t.number for t in shown.front.trials]
    points = [column(drawn, "on the front", key) for key in ("customdata", "x", "y")]
    by_number = dict(rows)
    for number, x, y in zip(*points, strict=True):
        assert (-y, x * 1e9) == pytest.approx(by_number[number][:2])


def test_every_complete_trial_is_drawn_and_the_knee_ringed(study, page, workspace):
    study("s", complete=12, children=3, stopped=2, constraints=tight())
    drawn = page("front", study="s")
    shown = show_front("s", Workspace.at(workspace))
    drawn_numbers = [
        number
        for group in ("on the front", "off the front", "breaks a constraint")
        for number in numbers(drawn, group)
    ]
    assert sorted(drawn_numbers) == list(range(15))
    assert numbers(drawn, "breaks a constraint") != []
    assert trace(drawn, "knee")["text"] == [str(shown.front.knee)]
    assert trace(drawn, "compressed from") is not None
    assert "stopped early" not in names(drawn), "only those that are done, until asked for"
    constraint = [a["text"] for a in figure_of(drawn)["layout"]["annotations"]]
    assert constraint == ["constraint: at most 0.6"]


def test_stopped_trials_are_drawn_when_asked_for(study, page):
    study("s", complete=3, stopped=2)
    drawn = page("front", study="s")
    drawn.multiselect(key="state").set_value([]).run()
    assert numbers(drawn, "stopped early") == [3, 4]
    drawn.toggle(key="front_only").set_value(True).run()
    assert "stopped early" not in names(drawn)
    assert "off the front" not in names(drawn)


def test_the_address_sets_axes_limits_and_the_trial(study, page):
    study("s", complete=20)
    drawn = page("front", study="s", x="Size (MB)", y="IoU", max_macs="0.5", trial="4")
    assert not drawn.exception
    layout = figure_of(drawn)["layout"]
    assert layout["xaxis"]["title"]["text"] == "Size (MB)"
    assert layout["yaxis"]["title"]["text"] == "IoU (validation)"
    assert drawn.select_slider(key="max_macs").value == "0.5"
    assert "at most 0.5 GFLOPs" in drawn.success[0].value
    assert [s.value for s in drawn.subheader] == ["Trial 4", "On the front"]
    assert "trial 4" in names(drawn), "a ring around what came by the address"


def test_what_is_over_the_limits_fades_and_is_not_the_answer(study, page):
    study("s", complete=20)
    drawn = page("front", study="s")
    drawn.select_slider(key="max_macs").set_value("0.5").run()
    over = numbers(drawn, "over your limits")
    assert over
    assert min(column(drawn, "over your limits", "x")) > 0.5
    kept = numbers(drawn, "on the front") + numbers(drawn, "off the front")
    assert sorted(over + kept) == list(range(20))
    answer = drawn.success[0].value
    assert answer.startswith(f"With at most 0.5 GFLOPs, the best of {len(kept)} is trial ")
    drawn.select_slider(key="quality").set_value("0.99").run()
    assert drawn.warning[0].value.startswith("None of 20 trials has at most 0.5 GFLOPs and at")
    assert drawn.info[-1].value == "No trial of the front passes the filters and limits."


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ({"complete": 0}, "No trial yet."),
        ({"complete": 0, "failed": 4}, "No complete trial yet: 4 failed."),
        ({"complete": 0, "rejected": 2, "stopped": 1}, "1 stopped, 2 rejected"),
        ({"complete": 0, "running": 1, "held": True}, "No complete trial yet: 1 running."),
    ],
)
def test_a_study_without_a_front_says_what_to_type_next(study, page, made, told):
    study("s", **made)
    drawn = page("front", study="s")
    assert not drawn.exception
    assert told in drawn.info[0].value
    assert not drawn.get(CHART)
    commands = [c.value for c in drawn.code]
    if made.get("held"):
        assert commands == []
    else:
        assert any("automed search made --resume --name s" in c for c in commands)


def test_one_objective_shows_the_best_so_far(study, page, workspace):
    study("s", complete=12, stopped=1, objectives=1)
    drawn = page("front", study="s")
    assert not drawn.exception
    best = decoded(trace(drawn, "best so far")["y"])
    dice = [
        t.result.metrics["dice"]
        for t in show_front("s", Workspace.at(workspace)).trials
        if t.label == "done"
    ]
    assert best[:12] == pytest.approx(list(np.maximum.accumulate(dice)))
    assert numbers(drawn, "better than all before") == [
        i for i in range(12) if dice[i] > max(dice[:i], default=0)
    ]


def test_one_complete_trial_has_no_knee(study, page):
    study("s", complete=1)
    drawn = page("front", study="s")
    assert not drawn.exception
    assert "knee" not in names(drawn)


def test_other_views_and_colours(study, page):
    study("s", complete=15, task=CLASSIFICATION)
    drawn = page("front", study="s", colour="Size (MB)", area="1/GFLOPs", x="Parameters (M)")
    assert not drawn.exception
    assert trace(drawn, "on the front")["marker"]["colorbar"]["title"]["text"] == "Size (MB)"
    drawn.selectbox(key="view").set_value("Parallel coordinates").run()
    assert not drawn.exception
    (lines,) = figure_of(drawn)["data"]
    assert [d["label"] for d in lines["dimensions"]][:3] == [
        "F1 (macro)", "GFLOPs (MACs)", "Size (MB)",
    ]  # fmt: skip
    low, high = lines["dimensions"][1]["range"]
    assert low > high, "up is better: costs stand on their heads"
    drawn.selectbox(key="view").set_value("Best so far").run()
    assert not drawn.exception


def test_an_address_may_ask_for_any_limit(study, page):
    study("a", complete=8)
    drawn = page("front", study="a", max_macs="0.4321")
    assert not drawn.exception
    assert drawn.select_slider(key="max_macs").value == "0.4321"
    assert drawn.query_params["max_macs"] == "0.4321"
    drawn = page("front", study="a", max_macs="cheap")
    assert drawn.select_slider(key="max_macs").value == "any"
    assert "no number" in drawn.warning[0].value


def test_prices_get_a_logarithm_by_themselves_and_qualities_do_not(study, page):
    folder = study("a", complete=8)
    log = folder / "journal.log"
    # One training collapsed: its Dice is a hundredth of the others'.
    text = log.read_text()
    first = re.search(r'\\"dice\\":(0\.\d+)', text)
    assert first is not None
    log.write_text(text.replace(first[0], '\\"dice\\":0.004', 1))
    layout = figure_of(page("front", study="a"))["layout"]
    assert layout["yaxis"].get("type", "linear") == "linear"
    layout = figure_of(page("front", study="a", scale_y="log"))["layout"]
    assert layout["yaxis"]["type"] == "log"


def test_a_limit_may_be_typed(study, page):
    study("a", complete=8)
    drawn = page("front", study="a", max_macs="0.5")
    assert drawn.number_input(key="typed_macs").value == 0.5
    drawn.number_input(key="typed_macs").set_value(0.3217).run()
    assert not drawn.exception
    assert drawn.select_slider(key="max_macs").value == "0.3217"
    drawn.select_slider(key="max_macs").set_value("any").run()
    assert drawn.number_input(key="typed_macs").value is None
    drawn.number_input(key="typed_macs").set_value(0.2).run()
    drawn.number_input(key="typed_macs").set_value(None).run()
    assert not drawn.exception
    assert drawn.select_slider(key="max_macs").value == "any"


def test_another_study_has_other_axes(study, page):
    study("a", complete=5)
    study("b", complete=5, task=CLASSIFICATION)
    drawn = page("front", study="a", y="IoU", max_macs="0.5")
    drawn.selectbox(key="chosen_study").set_value("b").run()
    assert not drawn.exception
    assert figure_of(drawn)["layout"]["yaxis"]["title"]["text"] == "F1 (macro) (validation)"


def test_the_papers_points_stand_where_size_and_unit_are_theirs(study, page):
    at_size = SEGMENTATION.replace(name="polyp", image_size=(288, 384))
    study("same", complete=4, task=at_size)
    study("other", complete=4, task=SEGMENTATION.replace(name="polyp"))
    drawn = page("front", study="same")
    stars = trace(drawn, "published, other data")
    pairs = list(zip(decoded(stars["x"]), decoded(stars["y"]), strict=True))
    assert (1.623, 0.9635) in [(round(x, 4), round(y, 4)) for x, y in pairs]
    drawn.toggle(key="published").set_value(False).run()
    assert trace(drawn, "published, other data") is None
    drawn = page("front", study="other")
    assert trace(drawn, "published, other data") is None
    assert any("288x384, these at 32x32" in c.value for c in drawn.caption)


def test_confirmed_points_have_bars(study, page, workspace):
    folder = study("s", complete=6)
    front = show_front("s", Workspace.at(workspace)).front
    number = front.trials[0].number
    point = ConfirmedPoint(
        trial=number, costs={"macs": 1e9}, search=0.8, values=(0.7, 0.72, 0.74),
        validation=Estimate(mean=0.72, interval={"low": 0.66, "high": 0.78}),
        locked=(0.7, 0.7, 0.7), test=Estimate(mean=0.7, interval=None), optimism=0.1,
    )  # fmt: skip
    report = Confirmation(
        study="s", quality=Objective(metric="dice"), partitions=3, points=(point,), steps=(),
        supported=number, best=number, looks=(), images=9, groups=3, grouped_by="patient",
        version="0",
    )  # fmt: skip
    file = folder / CONFIRM / REPORT
    file.parent.mkdir()
    file.write_text(report.model_dump_json(), encoding="utf-8")
    drawn = page("front", study="s")
    bars = trace(drawn, "confirmed on 3 other partitions (95 %)")
    assert bars["y"] == [0.72]
    assert bars["error_y"]["array"] == pytest.approx([0.06])
    assert bars["error_y"]["arrayminus"] == pytest.approx([0.06])
    file.write_text("{torn", encoding="utf-8")
    again = page("front", study="s")
    assert not again.exception
    assert not [n for n in names(again) if n.startswith("confirmed")]


def test_a_trial_that_is_not_there_is_said_so(study, page):
    study("s", complete=2)
    drawn = page("front", study="s", trial="99")
    assert not drawn.exception
    assert "Study s has no trial 99." in [i.value for i in drawn.info]


def test_names_of_others_are_no_markup(study, page):
    study("s", complete=4, sampler="<b>*evil*</b>")
    drawn = page("front", study="s")
    assert not drawn.exception
    hover = trace(drawn, "on the front")["hovertext"]
    assert all("&lt;b&gt;*evil*&lt;/b&gt;" in text for text in hover)
    assert not any("evil" in m.value for m in (*drawn.markdown, *drawn.caption, *drawn.success))
