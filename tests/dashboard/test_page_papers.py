"""The Papers page: a paper's figures beside ours, or the command that makes ours."""

from __future__ import annotations

import json

import automed.dashboard.page_papers
import pytest
from made_studies import Writer

import automed.api.reproduce  # noqa: F401 - outside of the time that a page may take
from automed.api.reproduce import ReproduceRequest
from automed.domain.budget import Budget
from automed.domain.config import Config
from automed.domain.paper1_grid import PAPER_1
from automed.domain.study_spec import DataRef, StudySpec
from automed.search.study_file import write_spec


def texts(test):
    boxes = (test.caption, test.info, test.markdown, test.text, test.code, test.subheader)
    return "\n".join(str(one.value) for kind in boxes for one in kind)


def chart(test):
    (one,) = test.get("plotly_chart")
    return json.loads(one.proto.spec)


def test_a_paper_without_an_ablation_shows_its_figures_and_the_command(page):
    test = page("papers")
    assert not test.exception
    commands = [one.value for one in test.code]
    assert any(text.startswith("automed reproduce paper1") for text in commands)
    (panel,) = chart(test)["data"]
    assert len(panel["y"]) == 32
    assert "0.940" in str(panel["text"])
    published = test.dataframe[0].value
    assert "Adam, BCE" in list(published["model"])


def test_a_paper_without_a_grid_says_so(page):
    test = page("papers", paper="Paper 2: polyp")
    assert not test.exception
    assert "No ablation of this paper can be run" in texts(test)
    assert not test.get("plotly_chart")
    assert "automed search polyp --budget 2" in test.code[0].value
    assert "paper 2 base, paper 2 final" in texts(test)


@pytest.fixture
def ablation(workspace):
    """Two trained combinations of paper 1, and the rest to come."""
    request = ReproduceRequest("paper1", epochs=10, base_width=8, image_size=(64, 64))
    spec = StudySpec(
        name="paper1", task=request.task, split_digest="s", version="0",
        data=DataRef(name="cells", path="/cells", digest="d"), compress=request.search.compress,
        budget=Budget(trials=8), artifact="onnx",
    )  # fmt: skip
    folder = workspace / "studies" / "paper1"
    folder.mkdir(parents=True)
    write_spec(folder, spec)
    writer = Writer(folder, spec)
    configs = iter([Config(b.config) for b in spec.task.baselines[:2]])
    writer._draw = lambda: next(configs)
    writer.complete()
    writer.complete()
    writer.save()


def test_an_ablation_stands_beside_the_papers_table(ablation, page):
    test = page("papers", study="paper1")
    assert not test.exception
    ours, theirs = chart(test)["data"]
    assert len(ours["y"]) == len(theirs["y"]) == 32
    filled = [row for row in ours["text"] if row[1]]
    assert len(filled) == 2
    assert "2 of 32 models are there" in texts(test)
    assert any("automed reproduce paper1 --name paper1" in one.value for one in test.code)
    table = test.dataframe[0].value
    reported = PAPER_1.combinations[0].reported["none"]["dice"]
    assert table["F1, paper"][0] == reported
    assert table["F1, ours"].notna().sum() == 2
    assert len(test.get("download_button")) == 1
