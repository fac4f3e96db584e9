"""What a user brings along to a search is checked before anything is read or trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from automed.api.knowledge import check_source, wanted_configs
from automed.api.request import SearchRequest
from automed.api.search import start
from automed.domain.errors import SpaceError, StudyError
from automed.domain.workspace import Workspace
from automed.registry.tasks import load_task


def test_a_study_that_is_not_there(tmp_path: Path) -> None:
    place = Workspace(tmp_path)
    with pytest.raises(StudyError, match="no such study") as caught:
        check_source("polyp-1", place)
    assert "none" in str(caught.value.expected)
    for name in ("polyp-1", "cell-1"):
        (place.studies / name).mkdir(parents=True)
        (place.studies / name / "study.json").touch()
    with pytest.raises(StudyError, match="did you mean 'polyp-1'") as caught:
        check_source("polip-1", place)
    assert caught.value.expected == "one of cell-1, polyp-1"
    check_source("polyp-1", place)
    check_source(None, place)


def test_a_search_asks_first(tmp_path: Path) -> None:
    request = SearchRequest(task="polyp", warm_start="nothing", data=tmp_path / "nowhere")
    with pytest.raises(StudyError, match="--warm-start nothing: there is no such study"):
        start(request, Workspace(tmp_path))
    request = SearchRequest(task="polyp", enqueue=tmp_path / "no.toml", data=tmp_path / "nowhere")
    with pytest.raises(SpaceError, match=r"--enqueue .*no.toml cannot be read"):
        start(request, Workspace(tmp_path))


@pytest.mark.parametrize("task", ["polyp", "leukemia"])
def test_an_entry_of_one_key_is_the_first_baseline_but_for_it(tmp_path: Path, task: str) -> None:
    known = load_task(task)
    file = tmp_path / "mine.toml"
    file.write_text("[[config]]\ntraining.batch_size = 4\n")
    (entry,) = wanted_configs(file, known, "tpe")
    first = known.space.complete(known.baselines[0].config)
    assert first is not None
    assert entry.config == dict(first.items()) | {"training.batch_size": 4}
    assert wanted_configs(None, known, "tpe") == ()


def test_samplers_are_no_names(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[[config]]\nname = 'nsga2'\ntraining.batch_size = 4\n")
    with pytest.raises(SpaceError, match="'nsga2' is taken"):
        wanted_configs(file, load_task("polyp"), "tpe")
