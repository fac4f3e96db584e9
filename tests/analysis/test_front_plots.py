"""The front as numbers, as a picture and as a page."""

from __future__ import annotations

import csv
import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automed.analysis.front_files import front_title, write_front
from automed.analysis.front_plot import write_front_html, write_front_png
from automed.analysis.front_table import front_rows, summarize, write_front_csv
from automed.analysis.front_view import view_of
from automed.analysis.label_places import label_places
from automed.domain.budget import Budget
from automed.domain.config import Config
from automed.domain.front import front_of
from automed.domain.latency import Latency
from automed.domain.objective import Objective
from automed.domain.study_spec import DataRef, StudySpec
from automed.domain.trial import TrialState

FIGURES = st.tuples(
    st.floats(0, 1), st.floats(0.01, 50), st.floats(0.1, 200)
)  # Dice, GMACs, megabytes


def _view(trials, objectives):
    return view_of(trials, front_of(trials, objectives), objectives)


def test_the_view_of_a_small_study(trial, objectives):
    trials = [
        trial(0, dice=0.70, gmacs=0.5, megabytes=2),
        trial(1, dice=0.80, gmacs=2.0, megabytes=8),
        trial(2, dice=0.75, gmacs=3.0, megabytes=9),
        trial(3, dice=0.72, gmacs=3.0, megabytes=1),
        trial(4, dice=0.85, gmacs=9.0, megabytes=30),
        trial(5, state=TrialState.FAIL),
        trial(6, state=TrialState.PRUNED),
        trial(7, dice=float("nan")),
    ]
    view = _view(trials[:7], objectives)
    assert [p.number for p in view.points] == [0, 1, 2, 3, 4]
    assert [p.number for p in view.points if p.on_front] == [0, 1, 3, 4]
    assert view.stairs == ((0.5, 0.70), (2.0, 0.80), (9.0, 0.85)), "3 is small, but not quick"
    assert view.x_label == "GFLOPs (MACs), input 288x384"
    assert view.quality == "Dice"
    assert view.log_x
    assert sum(p.is_knee for p in view.points) == 1
    assert view.summary.startswith("4 of 5 trials on the front, hypervolume 0.")
    assert [p.number for p in _view(trials[7:], objectives).points] == []


def test_prices_within_a_decade_are_shown_on_a_linear_axis(trial, objectives):
    assert not _view([trial(0, gmacs=1), trial(1, gmacs=10)], objectives).log_x
    assert _view([trial(0, gmacs=1), trial(1, gmacs=10.1)], objectives).log_x
    assert not _view([trial(0, gmacs=0), trial(1, gmacs=10)], objectives).log_x


def test_without_macs_among_the_objectives_the_price_is_the_other_cost(trial):
    objectives = (
        Objective(metric="dice", reference=0.0),
        Objective(metric="size_bytes", direction="minimize"),
    )
    view = _view([trial(0, megabytes=8)], objectives)
    assert view.x_label == "Size (MB)"
    assert view.points[0].x == 8


def test_collapsed_trainings_do_not_squash_the_front(trial, objectives):
    trials = [trial(i, dice=0.80 + 0.02 * i, gmacs=1 + i) for i in range(5)]
    trials.append(trial(5, dice=0.05, gmacs=9))
    view = _view(trials, objectives)
    assert view.floor == pytest.approx(0.80 - 0.08)
    assert _view(trials[:5], objectives).floor == pytest.approx(0.80)


@settings(max_examples=60)
@given(figures=st.lists(FIGURES, min_size=1, max_size=12))
def test_the_stairs_rise_and_nothing_lies_above_them(trial, objectives, figures):
    view = _view([trial(i, *f) for i, f in enumerate(figures)], objectives)
    xs, ys = np.array(view.stairs).T
    assert (np.diff(xs) > 0).all()
    assert (np.diff(ys) > 0).all()
    for point in view.points:
        reached = [y for x, y in view.stairs if x <= point.x]
        assert max(reached) >= point.y


CASES = {
    "none": [],
    "one": [(0.8, 1, 10)],
    "equal": [(0.8, 1, 10)] * 3,
    "two": [(0.8, 1, 10), (0.9, 2, 20)],
    "decades": [(0.5, 0.01, 0.1), (0.8, 1, 10), (0.9, 90, 300), (0.1, 90, 300)],
    "free": [(0.5, 0, 0), (0.6, 0, 0)],
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("count", [2, 3])
def test_every_front_can_be_drawn(tmp_path, trial, objectives, case, count):
    trials = [trial(i, *f) for i, f in enumerate(CASES[case])]
    front = front_of(trials, objectives[:count])
    png = write_front_png(trials, front, objectives[:count], tmp_path / "new" / "f.png", "A title")
    assert png.read_bytes().startswith(b"\x89PNG")
    page = write_front_html(trials, front, objectives[:count], tmp_path / "new" / "f.html", "A")
    text = page.read_text(encoding="utf-8")
    assert ("No complete trial yet" in text) == (case == "none")
    assert not list((tmp_path / "new").glob(".*"))


def test_the_picture_shows_front_knee_and_dominated(tmp_path, trial, objectives, pixels):
    trials = [trial(i, dice=0.7 + 0.05 * i, gmacs=1 + i, megabytes=5 + i) for i in range(4)]
    trials.append(trial(4, dice=0.7, gmacs=4, megabytes=20))
    front = front_of(trials, objectives)
    picture = pixels(write_front_png(trials, front, objectives, tmp_path / "f.png", "title"))
    vermilion = (abs(picture.astype(int) - (213, 94, 0)) < 12).all(axis=2)
    assert vermilion.sum() > 100, "the ring of the knee"
    blue = (picture[..., 2] > 150) & (picture[..., 0] < 60)
    assert blue.sum() > 1000
    assert (picture == 255).all(axis=2).mean() > 0.8, "light"


def test_the_page_needs_no_network_and_sends_nothing(tmp_path, trial, objectives):
    trials = [trial(0)]
    front = front_of(trials, objectives)
    text = write_front_html(trials, front, objectives, tmp_path / "f.html", "title").read_text()
    assert len(text) > 3_000_000, "Plotly is inside"
    assert not re.search(r"<(?:script|link)[^>]+(?:src|href)=", text)
    config = json.loads(re.search(r'"front",\s*\[.*\],\s*\{.*\},\s*(\{.*?\})\s*\)', text).group(1))
    assert config["showSendToCloud"] is False
    assert "plotlyServerURL" not in config


def test_the_page_tells_the_config_on_hover_and_escapes_names(tmp_path, trial, objectives):
    odd = trial(3, origin="<script>alert(1)</script>", config={"model.encoder": "a<b"})
    front = front_of([odd], objectives)
    title = "study <i>&</i>"
    text = write_front_html([odd], front, objectives, tmp_path / "f.html", title).read_text()
    assert "alert(1)</script>" not in text
    shown = text.replace("\\u003c", "<").replace("\\u003e", ">").replace("\\u0026", "&")
    assert "model.encoder = a&lt;b" in shown
    assert "trial 3" in shown
    assert "1.000 GFLOPs (MACs)" in shown
    assert "10.00 MB, 2.500 M parameters" in shown
    assert "<title>study &lt;i&gt;&amp;&lt;/i&gt;</title>" in text


def test_the_rows_of_the_table(trial, objectives, tmp_path):
    trials = [
        trial(0, dice=0.8, gmacs=1.5, megabytes=8, origin="paper 2 base"),
        trial(1, dice=0.9, gmacs=2.5, megabytes=9, config={"model.decoder": 'a, "b"\nc'}),
    ]
    rows = front_rows(front_of(trials, objectives), "dice")
    assert [r.number for r in rows] == [1, 0]
    assert (rows[1].quality, rows[1].gmacs, rows[1].megabytes, rows[1].parameters_m) == (
        0.8, 1.5, 8.0, 2.0,
    )  # fmt: skip
    assert rows[1].summary == "tf_efficientnet_lite3 learning_rate=0.00123"
    path = write_front_csv(rows, tmp_path / "front.csv", "dice")
    with path.open(newline="", encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    assert [r["trial"] for r in read] == ["1", "0"]
    assert read[0]["model.decoder"] == 'a, "b"\nc'
    assert read[1]["model.decoder"] == ""
    assert float(read[1]["training.learning_rate"]) == 0.00123456, "the CSV rounds nothing"
    assert read[1]["origin"] == "paper 2 base"
    assert {r["knee"] for r in read} == {"knee", ""}


def test_summaries_are_short():
    config = Config({"model.architecture": "unet", "model.batch": 4, "training.lr": 1e-5})
    assert summarize(config) == "unet batch=4 lr=1e-05"


def test_a_study_on_demo_data_says_so(tmp_path, trial):
    from automed.plugins.polyp import task

    spec = StudySpec(
        name="polyp-1", task=task, data=DataRef(name="demo", path="/d", digest="d"),
        split_digest="s", budget=Budget(trials=3), version="0",
    )  # fmt: skip
    assert front_title(spec).endswith("study polyp-1, synthetic demo data")
    real = spec.replace(data=DataRef(name="Kvasir-SEG", path="/d", digest="d"))
    assert "demo" not in front_title(real)
    paths = write_front(spec, [trial(0)], front_of([trial(0)], task.objectives), tmp_path)
    assert [p.name for p in paths] == ["front.png", "front.html", "front.csv"]
    assert "synthetic demo data" in (tmp_path / "front.html").read_text()


@given(points=st.lists(st.tuples(st.floats(30, 270), st.floats(30, 170)), min_size=1, max_size=6))
def test_labels_stay_in_the_plot_and_off_their_own_point(points):
    centres = np.array(points)
    radii = np.full(len(points), 5.0)
    sizes = np.tile([14.0, 9.0], (len(points), 1))
    places = label_places(centres, radii, sizes, centres, radii, bounds=(0, 0, 300, 200))
    assert ((places - sizes / 2 >= 0) & (places + sizes / 2 <= (300, 200))).all()
    assert (abs(places - centres) >= radii[:, None]).any(axis=1).all()


def test_compressed_trials_have_a_shape_and_a_story_of_their_own(tmp_path, trial, objectives):
    latency = Latency(
        p50_ms=12.34, p95_ms=13.0, ratio=2.0, spread=0.01, threads=1, batch=1,
        device="cpu", runtime="onnxruntime 1",
    )  # fmt: skip
    whole, small = trial(0), trial(1, dice=0.79, megabytes=2.7)
    cost = small.result.cost.replace(latency=latency)
    told = small.result.replace(cost=cost, remarks=("Dice is 0.010 worse",))
    child = small.replace(parent=0, result=told)
    front = front_of([whole, child], objectives)
    points = {p.number: p for p in view_of([whole, child], front, objectives).points}
    assert [points[n].is_compressed for n in (0, 1)] == [False, True]
    page = write_front_html([whole, child], front, objectives, tmp_path / "f.html", "A")
    text = page.read_text(encoding="utf-8")
    for words in ("diamond", "12.3 ms an image", "compressed from trial 0", "Dice is 0.010 worse"):
        assert words in text
    assert front_rows(front, "dice")[1].parent == 0
    assert front_rows(front, "dice")[1].latency_ms == 12.34
