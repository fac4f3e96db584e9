"""The Space page as a file, as MLflow has it."""

from __future__ import annotations

import html
import json
import re

import automed.dashboard.page_space  # noqa: F401 - outside of the time that a page may take
import pytest
from made_studies import SEGMENTATION, Writer, spec_of, tight

from automed.analysis import space_page
from automed.api.space_page import SpacePage
from automed.domain.parameter import CategoricalParameter
from automed.domain.space import SearchSpace
from automed.domain.study_spec import DataRef
from automed.search.journal_place import JOURNAL_FILE
from automed.search.study_file import read_spec, write_spec

TITLES = ("Importance for the front", "Slices", "Stopped", "Rejected", "Parameters")
SCRIPT = "<script>alert('found')</script>"


def written(folder):
    return SpacePage(read_spec(folder), folder).write().read_text(encoding="utf-8")


def shown(page):
    """What can be read of a page: its text without scripts, styles and tags."""
    body = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "\n", body))


def figures(page):
    """The data and the layout of each chart."""
    found, decoder = [], json.JSONDecoder()
    for match in re.finditer(r'Plotly\.newPlot\(\s*"chart-\d+",\s*', page):
        data, end = decoder.raw_decode(page, match.end())
        layout, _ = decoder.raw_decode(page, re.compile(r",\s*").match(page, end).end())
        found.append((data, layout))
    return found


def charts(page):
    """The data of each chart."""
    return [data for data, _ in figures(page)]


def rich(study):
    return study(
        "rich", complete=30, children=2, stopped=3, failed=2, rejected=4, running=1,
        constraints=tight(), stopper="halving",
    )  # fmt: skip


def test_the_page_holds_all_of_the_space_one_below_the_other(study):
    folder = rich(study)
    page = written(folder)
    assert re.findall(r"<h2>(.*?)</h2>", page) == list(TITLES)
    text = shown(page)
    assert "Space of Made up: study rich, synthetic demo data" in text
    assert "As of trial 41." in text
    importance, slices, stopped = charts(page)
    names = [bar for trace in importance if trace["type"] == "bar" for bar in trace["y"]]
    assert sorted(names) == sorted(SEGMENTATION.space.parameters)
    points = [trace for trace in slices if trace["mode"] == "markers"]
    assert len(points) == len(SEGMENTATION.space.parameters)
    (marks,) = [trace for trace in stopped if trace["name"] == "ended here"]
    assert len(marks["x"]) == 3
    assert text.count("worse than the median of its rung") == 3
    assert "GFLOPs (MACs) at most 0.6" in text
    assert "4 of 40" in text
    assert "model.architecture = unet" in text


def test_the_page_says_what_the_dashboard_says(study, page):
    told = shown(written(rich(study)))
    for look in ("Importance", "Slices", "Rejected"):
        test = page("space", study="rich", look=look)
        assert not test.exception
        for caption in test.caption:
            if "Workspace" not in caption.value:
                assert caption.value.removesuffix(" Click a point to open its trial.") in told
        for metric in test.metric:
            assert metric.label in told
            assert metric.value in told


def test_the_page_needs_no_network_and_holds_the_script_once(study):
    page = written(rich(study))
    assert not re.search(r"<(?:script|link)[^>]+(?:src|href)=", page)
    assert page.count("<script") < 10
    assert 4_000_000 < len(page) < 6_000_000, "one script of nearly 5 MB"
    assert page.count('"showSendToCloud": false') == 3


def test_real_data_are_not_called_synthetic(study):
    folder = study("real", complete=2, data=DataRef(name="Kvasir", path="/data", digest="d"))
    assert "synthetic" not in shown(written(folder))


def test_too_few_trials_are_said_to_be_too_few(study):
    text = shown(written(study("few", complete=3, stopper="none")))
    assert "Too few trials to tell: 3 complete, 12 are needed." in text
    assert "This study ran without a stopper" in text
    assert "automed search made --stopper dominance" in text
    assert "This study has no constraints" in text


def test_a_study_without_trials_has_a_page_without_charts(study):
    page = written(study("none", complete=0))
    assert not charts(page)
    assert len(page) < 20_000, "no chart, no script"
    text = shown(page)
    for words in ("no trial yet", "0 complete, 12 are needed", "Nothing to slice yet",
                  "No training has begun yet", "Every config that was proposed could be trained",
                  "training.learning_rate"):  # fmt: skip
        assert words in text


def test_of_very_many_trials_some_are_drawn(study, monkeypatch):
    monkeypatch.setattr(space_page, "_DRAWN", 10)
    page = written(study("many", complete=25))
    assert "9 of 25 are drawn, evenly over the study" in shown(page)
    slices = charts(page)[1]
    assert {len(t["customdata"]) for t in slices if t["mode"] == "markers"} <= set(range(1, 10))


def test_only_rejected_configs(study):
    page = written(study("refused", complete=0, rejected=3, constraints=tight()))
    assert "3 of 3" in shown(page)
    assert not charts(page)


def test_what_a_plugin_names_is_text(workspace):
    odd = CategoricalParameter(choices=(SCRIPT, "<b>bold</b>"))
    parameters = {**SEGMENTATION.space.parameters, f"model.{SCRIPT}": odd}
    space = SearchSpace(name=SCRIPT, parameters=parameters)
    task = SEGMENTATION.replace(space=space, title=f"</title>{SCRIPT}")
    folder = workspace / "studies" / "odd"
    folder.mkdir(parents=True)
    spec = spec_of("odd", task=task, constraints=tight())
    write_spec(folder, spec)
    writer = Writer(folder, spec)
    for _ in range(14):
        writer.complete()
    writer.stopped()
    writer.rejected()
    writer.save()
    page = written(folder)
    assert "alert('found')</script>" not in page
    assert "<b>bold</b>" not in page
    text = shown(page)
    assert f"model.{SCRIPT}" in text, "as it is, in the table"
    assert f"</title>{SCRIPT}" in text
    (_, slices), drawn = figures(page)[1], json.dumps(figures(page))
    titles = [title["text"] for title in slices["annotations"]]
    assert f"model.{html.escape(SCRIPT, quote=False)}" in titles, "Plotly reads tags"
    assert "<script" not in drawn
    assert "<b>bold" not in drawn


@pytest.mark.parametrize("harm", ["gone", "broken"])
def test_a_page_that_cannot_be_drawn_says_why(study, harm):
    folder = study("harmed", complete=2)
    page = SpacePage(read_spec(folder), folder)
    assert "As of trial 1." in page.write().read_text(encoding="utf-8")
    journal = folder / JOURNAL_FILE
    if harm == "gone":
        journal.unlink()
    else:
        journal.write_text("no journal\n" * 99)
    text = shown(page.write().read_text(encoding="utf-8"))
    assert "Not drawn" in text
    assert "StudyError" in text
    assert "automed sync harmed" in text
    assert not list(folder.glob("*.part"))
