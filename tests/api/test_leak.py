"""``automed data leak``: what a split image by image would have promised, through the command."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from automed.api.datasets import Checked, check_data
from automed.api.leak import GROUPED, RANDOM, split_of
from automed.cli.data import app
from automed.domain.errors import DataError

VIDEOS, FRAMES = 6, 5


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames of a few videos, and the table that says which belong together."""
    root, rng = tmp_path_factory.mktemp("videos") / "set", np.random.default_rng(0)
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True)
    lines = ["image,sequence"]
    for video in range(VIDEOS):
        small = rng.uniform(40, 160, (12, 12, 3))
        scene = cv2.resize(small, (60, 60), interpolation=cv2.INTER_CUBIC)
        for frame in range(FRAMES):
            number = video * FRAMES + frame + 1
            image = scene[2 * frame : 2 * frame + 48, frame : frame + 48].copy()
            mask = np.zeros((48, 48), np.uint8)
            cv2.circle(mask, (14 + 3 * video, 20 + frame), 8, 255, -1)
            image[mask > 0] += 60
            Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(root / f"images/{number}.png")
            Image.fromarray(mask).save(root / f"masks/{number}.png")
            lines.append(f"{number}.png,{video}")
    (root / "sequences.csv").write_text("\n".join(lines))
    return root


def run(*words: str) -> str:
    result = CliRunner().invoke(app, list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def times(folder: Path) -> dict[str, int]:
    """When each file of a training was written."""
    files = [f for f in folder.rglob("*") if f.is_file() and f.name != "leak.json"]
    return {str(f.relative_to(folder)): f.stat().st_mtime_ns for f in files}


def test_a_leak_is_measured_once(videos: Path, workspace: Path) -> None:
    words = ("leak", str(videos), "--task", "polyp", "--epochs", "1", "--seeds", "1",
             "--image-size", "32", "--device", "cpu")  # fmt: skip
    said = " ".join(run(*words).split())
    (file,) = workspace.glob("leaks/*/leak.json")
    facts = json.loads(file.read_text())
    assert facts["kept_together"].startswith("sequence (sequences.csv")
    assert facts["inflation"] == facts["random"][0] - facts["grouped"][0]
    assert f"inflation: {facts['inflation']:+.4f}" in said
    assert str(file) in said
    assert f"automed search polyp --data {videos}" in said
    before = times(file.parent)
    assert {name.split("/")[0] for name in before} == {"grouped-0", "random-0"}
    run(*words)
    assert times(file.parent) == before
    assert json.loads(file.read_text()) == facts
    assert [p.name for p in file.parent.iterdir() if p.is_file()] == ["leak.json"]


@pytest.fixture(scope="module")
def checked(videos: Path) -> Checked:
    return check_data("polyp", videos)


@pytest.mark.parametrize(("kind", "cut"), [(GROUPED, False), (RANDOM, True)])
def test_a_random_split_cuts_videos_and_a_grouped_one_does_not(
    kind: str, cut: bool, checked: Checked
) -> None:
    split = split_of(kind, checked, checked.task.split, 0)
    groups = {s.id: s.group for s in checked.dataset.samples}
    train, validation = ({groups[i] for i in split.ids(part)} for part in ("train", "val"))
    assert bool(train & validation) is cut


def test_without_groups_there_is_nothing_to_measure(
    videos: Path, tmp_path: Path, workspace: Path
) -> None:
    for name in ("images", "masks"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for number in range(1, VIDEOS + 1):
            file = f"{name}/{(number - 1) * FRAMES + 1}.png"
            (tmp_path / "set" / file).write_bytes((videos / file).read_bytes())
    with pytest.raises(DataError, match="belong together") as caught:
        run("leak", str(tmp_path / "set"), "--task", "polyp", "--epochs", "1", "--seeds", "1")
    assert "--group-csv" in str(caught.value)
    assert not (workspace / "leaks").exists()
