"""Demo data: what an outsider's folder looks like, drawn once, never in the way of other files."""

import hashlib
import itertools
import json
import subprocess
import sys
from collections import Counter

import cv2
import numpy as np
import pytest

from automed.data.dataset import open_dataset
from automed.data.demo import DEMOS, MARKER, make_demo
from automed.data.readers import read_image, read_masks
from automed.data.split import make_split
from automed.domain.errors import DataError, WorkspaceError
from automed.registry.tasks import load_task

CHILD = """
import sys
from pathlib import Path
from automed.data.demo import make_demo
"""


@pytest.fixture(scope="module")
def demos(tmp_path_factory):
    """All four, drawn once."""
    root = tmp_path_factory.mktemp("demo")
    return {name: make_demo(name, root / name) for name in DEMOS}


def opened(demos, name):
    return open_dataset(demos[name], load_task(name))


def content(folder):
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.mark.parametrize("name", DEMOS)
def test_opens_and_splits_like_any_data_set(demos, name):
    task, dataset = load_task(name), opened(demos, name)
    assert len(dataset.samples) == DEMOS[name].count
    split = make_split(dataset, task.split, seed=0)
    if name != "cell":
        assert split.grouped_by.startswith(task.split.group)
    labels = {part: {dataset.by_id[i].label for i in split.ids(part)} for part in ("train", "val")}
    assert labels["train"] == labels["val"]


@pytest.mark.parametrize("name", DEMOS)
def test_says_that_it_is_synthetic(demos, name):
    assert "SYNTHETIC" in (demos[name] / "README.md").read_text()


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("polyp", (192, 256)),
        ("cell", (128, 128)),
        ("leukemia", (128, 128)),
        ("breast_cell", (68, 68)),
    ],
)
def test_images_are_all_different_and_use_the_range(demos, name, size):
    dataset = opened(demos, name)
    images = [read_image(dataset.image_path(sample), 3) for sample in dataset.samples]
    assert {image.shape for image in images} == {(*size, 3)}
    assert len({image.tobytes() for image in images}) == len(images)
    assert all(image.std() > 1.5 for image in images)
    assert np.percentile(np.stack(images), 99) > 100


def test_one_polyp_image_in_ten_shows_none(demos):
    dataset = opened(demos, "polyp")
    shares = [read_masks(dataset.mask_paths(s), "half").mean() for s in dataset.samples]
    assert sum(share == 0 for share in shares) == 6
    assert all(0.004 < share < 0.3 for share in shares if share > 0)
    assert len({s.group for s in dataset.samples}) == 20


def test_a_polyp_is_not_found_by_a_colour_rule(demos):
    """The best of many thresholds on any channel stays far below a usable Dice."""
    dataset = opened(demos, "polyp")
    images = np.stack([read_image(dataset.image_path(s), 3) for s in dataset.samples]).astype(int)
    masks = np.stack([read_masks(dataset.mask_paths(s), "half") for s in dataset.samples])
    images, masks = images[:, ::3, ::3], masks[:, ::3, ::3]
    hue = images[..., 0] - images[..., 1]
    best = 0.0
    for channel in (*np.moveaxis(images, -1, 0), hue):
        for low, high in itertools.combinations(np.percentile(channel, range(0, 101, 10)), 2):
            guess = (channel >= low) & (channel <= high)
            best = max(best, 2 * (guess & masks).sum() / (guess.sum() + masks.sum()))
    assert best < 0.5


def test_nuclei_are_brighter_than_their_surroundings_but_not_by_one_threshold(demos):
    dataset = opened(demos, "cell")
    dice = []
    for sample in dataset.samples:
        grey = read_image(dataset.image_path(sample), 1)[..., 0]
        mask = read_masks(dataset.mask_paths(sample), "half")
        assert grey[mask].mean() > grey[~mask].mean()
        guess = cv2.threshold(grey, 0, 1, cv2.THRESH_OTSU)[1] > 0
        dice.append(2 * (guess & mask).sum() / (guess.sum() + mask.sum()))
    assert 0.4 < np.mean(dice) < 0.9


def test_classes_are_balanced_and_plates_hold_all_of_them(demos):
    leukemia, breast = opened(demos, "leukemia"), opened(demos, "breast_cell")
    assert Counter(s.label for s in leukemia.samples) == dict.fromkeys(leukemia.classes, 30)
    assert Counter(s.label for s in breast.samples) == dict.fromkeys(breast.classes, 120)
    assert {len(set(pair)) for pair in Counter((s.group, s.label) for s in breast.samples)} == {2}
    assert len({(s.group, s.label) for s in breast.samples}) == 8 * 3


@pytest.mark.parametrize("name", DEMOS)
def test_drawing_is_deterministic(demos, name):
    first = itertools.islice(DEMOS[name].pictures(2023), 4)
    again = itertools.islice(DEMOS[name].pictures(2023), 4)
    other = itertools.islice(DEMOS[name].pictures(1), 4)
    for one, two, three in zip(first, again, other, strict=True):
        assert (one.pixels == two.pixels).all()
        assert not (one.pixels == three.pixels).all()
        assert (
            read_image(demos[name] / one.path, 3) == one.pixels.reshape(*one.pixels.shape[:2], -1)
        ).all()


def test_a_second_call_draws_nothing(demos):
    before = {path: path.stat().st_mtime_ns for path in demos["cell"].rglob("*")}
    assert make_demo("cell", demos["cell"], lambda *_: pytest.fail("drawn again")) == demos["cell"]
    assert before == {path: path.stat().st_mtime_ns for path in demos["cell"].rglob("*")}


def test_an_older_version_or_a_missing_image_is_drawn_again(demos, tmp_path):
    seen = []
    folder = make_demo("cell", tmp_path / "cell", lambda *step: seen.append(step))
    assert seen == [(n, 60) for n in range(1, 61)]
    assert content(folder) == content(demos["cell"])
    marker = json.loads((folder / MARKER).read_text())
    (folder / MARKER).write_text(json.dumps(marker | {"version": 0}))
    (folder / "images" / "old.txt").touch()
    assert content(make_demo("cell", folder)) == content(demos["cell"])
    (folder / "images" / "007.png").unlink()
    assert content(make_demo("cell", folder)) == content(demos["cell"])


def test_files_that_are_not_ours_are_never_replaced(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("ten years")
    with pytest.raises(WorkspaceError, match=r"thesis\.txt"):
        make_demo("cell", tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "ten years"
    (tmp_path / "file").write_text("x")
    with pytest.raises(WorkspaceError, match="file"):
        make_demo("cell", tmp_path / "file")


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "empty").mkdir()
    assert (make_demo("cell", tmp_path / "empty") / "images").is_dir()


def test_unknown_names_list_the_known_ones(tmp_path):
    with pytest.raises(DataError, match="polyp, cell, leukemia, breast_cell"):
        make_demo("brain", tmp_path)


def test_two_processes_draw_it_once(demos, tmp_path):
    code = CHILD + (
        "steps = []\n"
        "make_demo('cell', Path(sys.argv[1]), lambda *step: steps.append(step))\n"
        "print(len(steps))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "cell")]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert sorted(int(w.communicate(timeout=120)[0]) for w in workers) == [0, 60]
    assert content(tmp_path / "cell") == content(demos["cell"])


def test_a_drawer_that_is_killed_leaves_no_demo(demos, tmp_path):
    code = CHILD + (
        "import os, signal\n"
        "def die(done, _):\n"
        "    if done == 5: os.kill(os.getpid(), signal.SIGKILL)\n"
        "make_demo('cell', Path(sys.argv[1]), die)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "cell")]
    assert subprocess.run(command).returncode == -9
    assert not (tmp_path / "cell").exists()
    assert content(make_demo("cell", tmp_path / "cell")) == content(demos["cell"])
