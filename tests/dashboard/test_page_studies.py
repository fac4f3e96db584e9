"""The Studies page: a card for every study, whatever state it is in."""

from __future__ import annotations

import json
from pathlib import Path

from made_studies import SEGMENTATION, hold

from automed.domain.budget import Budget
from automed.domain.study_spec import DataRef


def badges(drawn) -> list[str]:
    # A badge is Markdown: :green-badge[:material/play_arrow: running]
    found = [m.value for m in drawn.markdown if "-badge[" in m.value]
    return [text.rstrip("]").rsplit(" ", 1)[-1] for text in found]


def captions(drawn) -> str:
    return "\n".join(c.value for c in drawn.caption)


def test_no_studies(page) -> None:
    drawn = page("studies")
    assert not drawn.exception
    assert "automed search" in drawn.code[0].value


def test_every_kind_of_trial_is_counted(study, page, workspace: Path) -> None:
    study("a", complete=4, children=2, stopped=1, failed=1, rejected=2, running=1, held=True)
    drawn = page("studies")
    assert not drawn.exception
    assert badges(drawn) == ["running"]
    told = "4 done, 1 stopped, 1 failed, 2 rejected, 1 running, 2 compressed"
    assert told in captions(drawn)
    assert {m.label for m in drawn.metric} == {"Best Dice", "Hypervolume", "On the front"}


def test_states(study, page) -> None:
    study("empty", complete=0)
    study("over", complete=3, trials=3)
    held = study("held", complete=2, running=1, held=True)
    waiting = study("waiting", complete=2, running=1)
    drawn = page("studies")
    assert sorted(badges(drawn)) == ["empty", "finished", "running", "waiting"]
    assert "2 done, 1 paused" in captions(drawn)
    assert "2 done, 1 running" in captions(drawn)
    resume = [c.value for c in drawn.code]
    assert len(resume) == 1
    assert resume[0].startswith("automed search made --resume --name waiting")

    (held / "lock.json").unlink()
    hold(waiting)
    drawn.run()
    assert sorted(badges(drawn)) == ["empty", "finished", "running", "waiting"]
    assert drawn.code[0].value.startswith("automed search made --resume --name held")


def test_one_objective_and_nothing_but_failures(study, page) -> None:
    study("single", complete=3, objectives=1)
    study("failures", complete=0, failed=4)
    drawn = page("studies")
    assert not drawn.exception
    assert "-" in {m.value for m in drawn.metric}


def test_a_broken_study_stands_beside_the_others(study, page) -> None:
    study("good")
    (study("torn") / "study.json").write_text("{")
    (study("wild") / "journal.log").write_text('x\n{"op_code": 4}\n')
    older = study("older") / "journal.log"
    older.write_text(older.read_text().replace('\\"epochs\\"', '\\"epoken\\"'))
    drawn = page("studies", study="good")
    assert not drawn.exception
    assert sum(badge == "read" for badge in badges(drawn)) == 3, "cannot be read"
    told = "\n".join(t.value for t in drawn.text)
    assert "study.json is no study of this version" in told
    assert "journal.log cannot be read" in told
    assert "another version" in told


def test_names_are_no_markdown(study, page) -> None:
    folder = study(
        "a",
        task=SEGMENTATION.replace(title="**bold** <b>x</b> :red[y]"),
        data=DataRef(name="[link](http://x) $a$", path="/nowhere", digest="d"),
    )
    folder.rename(folder.with_name("*a* `b`"))
    drawn = page("studies")
    assert not drawn.exception
    assert drawn.subheader[0].value == r"\*a\* \`b\`"
    assert r"\*\*bold\*\* \<b\>x\</b\>" in captions(drawn)
    assert r"\[link\]\(http\://x\)" in captions(drawn)


def test_the_line_reaches_the_last_trial(study, page) -> None:
    folder = study("a", complete=5, failed=3)
    drawn = page("studies")
    figure = json.loads(drawn.get("plotly_chart")[0].proto.spec)
    x = figure["data"][0]["x"]
    assert x[-1] == 7, folder


def test_a_search_that_goes_on_is_followed(study, page, workspace: Path) -> None:
    folder = study("a", complete=2, running=1, trials=4)
    hold(folder)
    drawn = page("studies")
    assert "2 done, 1 running" in captions(drawn)
    spec = json.loads((folder / "study.json").read_text())
    spec["budget"] = Budget(trials=2).model_dump(mode="json")
    (folder / "study.json").write_text(json.dumps(spec))
    (folder / "lock.json").unlink()
    drawn.run()
    assert badges(drawn) == ["finished"]
    assert "2 done, 1 paused" in captions(drawn)
