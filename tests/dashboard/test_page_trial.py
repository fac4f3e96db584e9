"""The Trial page: every kind of trial opens, and says what a reader must know."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from made_studies import CLASSIFICATION, SEGMENTATION, tight
from streamlit.testing.v1 import AppTest

from automed.api.opened_study import open_study

SIZE = 24
CASES = ("a", "b", "c", "d")


def write_masks(folder, shift=0, cases=CASES):
    """A preview.npz of one class: squares, found a little beside their places."""
    folder.mkdir(parents=True, exist_ok=True)
    masks = np.zeros((len(cases), SIZE, SIZE), np.uint8)
    probabilities = np.full(masks.shape, 10, np.uint8)
    for index in range(len(cases)):
        masks[index, 4:16, 4:16] = 1
        at = 4 + 2 * index + shift
        probabilities[index, at : at + 12, 4:16] = 200
    found = probabilities >= 128
    kinds = (found & (masks > 0), found & (masks == 0), ~found & (masks > 0), ~found & (masks == 0))
    counts = np.stack([kind.sum(axis=(1, 2)) for kind in kinds], axis=1)
    scores = np.zeros((2, 256), np.int64)
    for truth in (0, 1):
        for value in (10, 200):
            bin_ = int(np.log(value / (255 - value)) * 8 + 128)
            scores[truth, bin_] = ((masks == truth) & (probabilities == value)).sum()
    dice = 2 * counts[:, 0] / (2 * counts[:, 0] + counts[:, 1] + counts[:, 2])
    np.savez_compressed(
        folder / "preview.npz", ids=np.array(cases), masks=masks, probabilities=probabilities,
        images=np.full((*masks.shape, 3), 90, np.uint8), dice=dice, counts=counts, scores=scores,
    )  # fmt: skip
    return dice


def write_split(folder, cases=CASES):
    text = '{"train":["x"],"val":%s,"test":["y"],"seed":0,"grouped_by":null}'
    (folder / "split.json").write_text(text % str(list(cases)).replace("'", '"'))


def write_classes(folder, flip=()):
    folder.mkdir(parents=True, exist_ok=True)
    labels = np.array([0, 1, 0, 1, 1, 0])
    right = np.array([0.9, 0.8, 0.7, 0.9, 0.6, 0.8])
    right[list(flip)] = 0.2
    one = np.where(labels == 1, right, 1 - right)
    np.savez_compressed(
        folder / "predictions.npz", ids=np.array([f"i{n}" for n in range(6)]), labels=labels,
        probabilities=np.stack([1 - one, one], axis=1).astype(np.float32),
    )  # fmt: skip


def texts(drawn):
    return "\n".join(t.value for t in (*drawn.text, *drawn.caption, *drawn.code))


def told(drawn):
    """What the coloured boxes say, without the signs that keep Markdown from being read."""
    boxes = "\n".join(t.value for t in (*drawn.info, *drawn.warning, *drawn.error))
    return boxes.replace("\\", "")


@pytest.fixture
def every_view(workspace, monkeypatch):
    """Draw all parts of the page in one go: ``every_view(7)``; what was raised is in it."""
    # The made-up task is in no plugin.
    monkeypatch.setattr("automed.api.trial_commands.load_task", lambda _: SEGMENTATION)

    def drawn(number):
        test = AppTest.from_function(_every_view, args=(number,), default_timeout=120)
        return test.run()

    return drawn


def _every_view(number):
    # Streamlit runs the text of this function as a script.
    from automed.dashboard.chosen import choose, chosen
    from automed.dashboard.page_trial import VIEWS
    from automed.dashboard.shell import draw

    choose()

    def views():
        study = chosen()
        for _, view in VIEWS.values():
            view(study, study.trial(number))

    draw(views)


def test_a_trial_with_masks_opens(study, page, every_view):
    folder = study("s", complete=2, children=1)
    write_split(folder)
    for number in range(3):
        write_masks(folder / "trials" / f"{number:04d}", shift=number)
    drawn = every_view(2)
    assert not drawn.exception
    assert not drawn.error
    drawn = page("trial", study="s", trial="2", view="log")
    assert not drawn.exception
    assert drawn.title[0].value == "Trial 2"
    assert drawn.query_params["trial"] in ("2", ["2"])
    assert drawn.query_params["view"] in ("log", ["log"])


KINDS = ("complete", "child", "stopped", "diverged", "memory", "rejected", "running")


@pytest.fixture
def mixed(study):
    """A study with a trial of each of `KINDS`, in their order, that wrote no pictures."""
    return study("s", complete=1, children=1, stopped=1, failed=2, rejected=1, running=1, held=True)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_trial_opens_without_pictures(mixed, every_view, kind):
    assert not every_view(KINDS.index(kind)).exception


def test_a_trial_says_what_became_of_it(mixed, page):
    def of(kind):
        drawn = page("trial", study="s", trial=str(KINDS.index(kind)))
        return told(drawn) + texts(drawn)

    assert "Stopped after epoch 1" in of("stopped")
    assert "worse than the median of its rung" in of("stopped")
    assert "failed in epoch 1" in of("diverged")
    assert "CUDA out of memory: 12 GB <asked>" in of("memory")
    assert "Rejected before any training" in of("rejected")
    assert "GFLOPs (MACs) is 2.1" in of("rejected")
    assert "being trained now" in of("running")
    assert "ptq of the model of trial 0" in of("child")


def test_a_training_that_nobody_goes_on_with_is_paused(study, page):
    study("s", complete=1, running=1)
    assert "Paused at epoch 1" in told(page("trial", study="s", trial="1"))


def test_the_traceback_of_a_failed_training(mixed, page):
    number = KINDS.index("memory")
    folder = mixed / "trials" / f"{number:04d}"
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["first line", *(f"frame {n}" for n in range(60)), "ValueError: <b>odd</b> `x`"]
    (folder / "traceback.txt").write_text("\n".join(lines))
    for view in ("overview", "log"):
        shown = texts(page("trial", study="s", trial=str(number), view=view))
        assert "ValueError: <b>odd</b> `x`" in shown
        assert "first line" not in shown, "only its end"


@pytest.mark.parametrize("damage", ["torn", "noise", "other arrays", "folder gone"])
def test_damaged_files_are_no_exception(study, every_view, damage):
    folder = study("s", complete=2)
    write_split(folder)
    own = folder / "trials" / "0001"
    write_masks(own)
    data = (own / "preview.npz").read_bytes()
    if damage == "torn":
        (own / "preview.npz").write_bytes(data[: len(data) // 2])
        history = (own / "history.jsonl").read_text()
        (own / "history.jsonl").write_text(history[:-20])
    elif damage == "noise":
        middle = len(data) // 2
        (own / "preview.npz").write_bytes(b"\xff" * middle + data[middle:])
    elif damage == "other arrays":
        np.savez(own / "preview.npz", ids=np.array(["a"]))
    else:
        shutil.rmtree(own)
    drawn = every_view(1)
    assert not drawn.exception
    assert "missing or damaged" in told(drawn)


def test_the_threshold_decides_the_dice_of_the_cases(study, page):
    folder = study("s", complete=1)
    write_split(folder)
    dice = write_masks(folder / "trials" / "0000")
    drawn = page("trial", study="s", trial="0", view="cases")
    assert f"worst · Dice {dice[0]:.3f} · a" in texts(drawn)
    # All of the 10s become foreground: a mask of 144 pixels in 576.
    drawn = page("trial", study="s", trial="0", view="cases", threshold="0.03")
    everything = 2 * 144 / (144 + SIZE * SIZE)
    assert f"worst · Dice {everything:.3f} (at 0.5: {dice[0]:.3f}) · a" in texts(drawn)
    pooled = {m.label: m.value for m in drawn.metric}["Dice over all pixels"]
    assert pooled == f"{everything:.4f}"


def test_cases_lost_to_the_parent_stand_side_by_side(study, page):
    folder = study("s", complete=1, children=1)
    write_split(folder)
    before = write_masks(folder / "trials" / "0000")
    after = write_masks(folder / "trials" / "0001", shift=3)
    drawn = page("trial", study="s", trial="1", view="cases")
    assert drawn.selectbox(key="chosen_against").value == 0
    shown = texts(drawn)
    assert "worse on 4, better on 0" in shown
    worst = int(np.argmin(after - before))
    assert f"({(after - before)[worst]:+.3f}) · {CASES[worst]}" in shown
    assert "image, truth, trial 1, trial 0" in shown


def test_classes_by_image(study, page):
    folder = study("s", complete=2, task=CLASSIFICATION)
    write_classes(folder / "trials" / "0000")
    write_classes(folder / "trials" / "0001", flip=(0, 3))
    drawn = page("trial", study="s", trial="1", view="scores")
    assert not drawn.exception
    table = drawn.dataframe[0].value
    assert list(table["class"]) == ["one", "two"]
    assert list(table["recall"]) == pytest.approx([2 / 3, 2 / 3])
    assert "6 images of the validation part, accuracy 0.6667" in texts(drawn)
    drawn = page("trial", study="s", trial="1", view="cases")
    assert not drawn.exception
    assert "worse on 2, better on 0 and equal on 4" in texts(drawn)


def test_names_from_plugins_and_folders_stay_text(study, page):
    odd = "<img src=x onerror=alert(1)> **b** [l](http://x) $x$"
    task = CLASSIFICATION.replace(classes=(odd, "two"))
    folder = study("s", complete=1, task=task)
    write_classes(folder / "trials" / "0000")
    drawn = page("trial", study="s", trial="0", view="scores")
    assert not drawn.exception
    charts = [chart.proto.spec for chart in drawn.get("plotly_chart")]
    assert any("&lt;img" in chart for chart in charts)
    assert not any("<img" in chart for chart in charts)
    for markdown in (*drawn.markdown, *drawn.caption):
        assert "<img" not in markdown.value


def test_two_trials_beside_each_other(study, page):
    folder = study("s", complete=3)
    write_split(folder)
    for number in range(3):
        write_masks(folder / "trials" / f"{number:04d}", shift=number)
    drawn = page("trial", study="s", compare="0,2")
    assert not drawn.exception
    assert drawn.query_params["view"] in ("compare", ["compare"])
    figures, configs, cases = (table.value for table in drawn.dataframe)
    assert list(figures.columns) == ["", "trial 0", "trial 2"]
    assert list(figures[""])[:3] == ["Dice", "GFLOPs (MACs)", "Size (MB)"]
    marked = configs[configs["differs"] == "≠"]
    assert (marked["trial 0"] != marked["trial 2"]).all()
    same = configs[configs["differs"] == ""]
    assert (same["trial 0"] == same["trial 2"]).all()
    assert list(cases["case"]) == list(CASES)


def test_an_address_may_ask_for_what_is_not_there(study, page):
    study("s", complete=2)
    drawn = page("trial", study="s", trial="99")
    assert not drawn.exception
    assert "There is no trial" in told(drawn)
    assert drawn.title[0].value in ("Trial 0", "Trial 1")
    drawn = page("trial", study="s", compare="0,99,x")
    assert not drawn.exception
    assert "Some trials of the address" in told(drawn)


def test_a_study_without_trials_says_what_to_type(study, page):
    study("s", complete=0)
    drawn = page("trial", study="s")
    assert not drawn.exception
    assert "automed search made --resume --name s" in texts(drawn)


def test_a_limit_that_the_model_breaks(study, page):
    folder = study("s", complete=8, constraints=tight())
    trials = open_study(folder).trials
    over = [t.result.cost.macs.value > tight()[0].bound for t in trials]
    assert set(over) == {True, False}
    for broken in (True, False):
        notes = told(page("trial", study="s", trial=str(over.index(broken))))
        assert ("breaks a limit of the study" in notes) is broken
