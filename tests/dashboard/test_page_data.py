"""The Data page: splits, examples that keep the test part locked, and the audit."""

from __future__ import annotations

import json

import automed.dashboard.page_data  # noqa: F401 - outside of the time that a page may take
import cv2
import numpy as np
import pytest
from made_studies import SEGMENTATION, spec_of

from automed.data.dataset import open_dataset
from automed.data.register import Registered, register
from automed.domain.split import Split
from automed.domain.study_spec import DataRef
from automed.domain.workspace import Workspace
from automed.search.study_file import write_spec


@pytest.fixture
def images(tmp_path):
    """Twelve pairs; one image lies there twice, one mask is empty, all names are Markdown."""
    folder = tmp_path / "pairs"
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for number in range(12):
        name = f"p{number:02d}_*x*.png"
        rng = np.random.default_rng(7 if number == 8 else number)
        image = rng.integers(0, 255, (40, 48, 3), dtype=np.uint8)
        mask = np.zeros((40, 48), np.uint8)
        mask[10:20, 10:30] = 255 if number != 5 else 0
        cv2.imwrite(str(folder / "images" / name), image)
        cv2.imwrite(str(folder / "masks" / name), mask)
    return folder


@pytest.fixture
def begun(workspace, images):
    """A study on these images, split without a search."""
    dataset = open_dataset(images, SEGMENTATION)
    ids = [sample.id for sample in dataset.samples]
    split = Split(train=ids[:8], val=ids[8:10], test=ids[10:], seed=3, grouped_by=None, note="why")
    spec = spec_of("s", data=DataRef(name="pairs", path=str(images), digest=dataset.digest))
    folder = workspace / "studies" / "s"
    folder.mkdir(parents=True)
    write_spec(folder, spec)
    (folder / "split.json").write_text(split.model_dump_json())
    return ids


def texts(test):
    boxes = (test.caption, test.info, test.markdown, test.text, test.code, test.warning, test.error)
    return "\n".join(str(one.value) for kind in boxes for one in kind)


def test_a_study_shows_its_split_its_examples_and_what_is_wrong(begun, page, images):
    test = page("data", study="s")
    assert not test.exception
    parts = test.dataframe[0].value
    assert list(parts["samples"]) == [8, 2, 2]
    assert "test part locked" in texts(test)
    assert "automed confirm s" in texts(test)
    assert "Note: why" in texts(test)
    captions = [one.value for one in test.caption]
    shown = [text for text in captions if "train" in text or "val" in text]
    assert len(shown) == 8
    assert not any(one in text for one in begun[10:] for text in captions)
    assert "Images of the locked test part are not shown" in texts(test)
    warnings = "\n".join(one.value for one in test.warning)
    assert "duplicates" in warnings
    assert "empty-mask" in warnings
    assert "not those that were registered" not in warnings
    assert ("samples", "12 (paired_folders)") in {
        tuple(row) for frame in test.dataframe for row in frame.value.astype(str).to_numpy()
        if len(row) == 2
    }  # fmt: skip


def pictured(test):
    """The names below the pictures: those of the examples have their part beside them."""
    return [one.value for one in test.caption if one.value.startswith("p")]


def test_what_the_audit_flags_can_be_looked_at(begun, page, images):
    test = page("data", study="s")
    before = pictured(test)
    test.session_state["open warning duplicates"] = True
    test.run()
    assert not test.exception
    assert pictured(test) == [*before, r"p07\_\*x\*", r"p08\_\*x\*"]


def test_flagged_images_of_the_locked_test_part_stay_hidden(begun, page, images):
    mask = str(images / "masks" / "p11_*x*.png")
    cv2.imwrite(mask, np.zeros((40, 48), np.uint8))
    test = page("data", study="s")
    before = pictured(test)
    test.session_state["open warning empty-mask"] = True
    test.run()
    assert pictured(test) == [*before, r"p05\_\*x\*"]
    assert len([t for t in test.caption if "locked test part" in t.value]) == 2
    named = [frame.value for frame in test.dataframe if list(frame.value) == ["file"]]
    assert len(named[0]) == 2, "the names are no secret"


def test_a_file_that_was_mended_is_looked_at_again(begun, page, images):
    test = page("data", study="s")
    assert "empty-mask" in texts(test)
    mask = np.zeros((40, 48), np.uint8)
    mask[5:15, 5:15] = 255
    cv2.imwrite(str(images / "masks" / "p05_*x*.png"), mask)
    test.button(key="audit again").click().run()
    assert not test.exception
    assert "empty-mask" not in texts(test)


def test_what_the_search_found_is_shown_until_somebody_looks_again(
    begun, page, workspace, monkeypatch
):
    monkeypatch.setattr("automed.dashboard.data_audit._AT_ONCE", 0)
    kept = {"code": "unreadable", "message": "1 file that cannot be read: p_*x*.png"}
    levels = {"errors": [], "warnings": [], "allowed": [kept]}
    (workspace / "studies" / "s" / "audit.json").write_text(json.dumps(levels))
    test = page("data", study="s")
    assert not test.exception
    assert "What the search found" in texts(test)
    assert r"p\_\*x\*" in "\n".join(one.value for one in test.info)
    test.button(key="audit").click().run()
    assert "What the search found" not in texts(test)
    (workspace / "studies" / "s" / "audit.json").write_text("{")
    assert not page("data", study="s").exception


def test_names_of_files_are_text(begun, page):
    test = page("data", study="s")
    shown = [one.value for one in test.caption if one.value.startswith("p")]
    assert len(shown) == 8
    assert all(r"\_\*x\*" in text for text in shown)
    assert not any("*x*" in one.value.replace("\\*", "") for one in test.warning)


def test_other_examples_are_shown_on_request_and_files_that_changed_are_noticed(
    begun, page, images
):
    test = page("data", study="s")
    before = [one.value for one in test.caption]
    cv2.imwrite(str(images / "images" / "new.png"), np.zeros((40, 48, 3), np.uint8))
    cv2.imwrite(str(images / "masks" / "new.png"), np.full((40, 48), 255, np.uint8))
    import streamlit

    streamlit.cache_resource.clear()  # which forgets the listing by itself, in ten minutes
    test.button(key="others").click().run()
    assert not test.exception
    assert [one.value for one in test.caption] != before
    assert "since the study began: 1" in texts(test)
    assert "not those that were registered" in texts(test)


def test_a_folder_that_is_gone_leaves_the_split(workspace, study, page):
    folder = study("gone", complete=2)
    split = Split(train=("a", "b"), val=("c",), test=("d",), seed=0, grouped_by="patient")
    (folder / "split.json").write_text(split.model_dump_json())
    test = page("data", study="gone")
    assert not test.exception
    assert "cannot be read from here" in texts(test)
    assert list(test.dataframe[0].value["samples"]) == [2, 1, 1]
    (folder / "split.json").write_text('{"train": [')
    test = page("data", study="gone")
    assert not test.exception
    assert "split.json cannot be read" in texts(test)


def test_registered_data_are_shown_without_a_study(workspace, page, images):
    test = page("data")
    assert not test.exception
    assert "automed data add" in test.code[0].value
    entry = Registered(task="polyp", path=str(images), digest="another", samples=12)
    register(Workspace(workspace), entry)
    test = page("data")
    assert not test.exception
    assert str(images) in texts(test)
    assert len([one for one in test.caption if "p0" in one.value]) >= 6
    assert "Split" not in [one.value for one in test.subheader]
