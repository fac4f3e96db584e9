"""Dataset.digest: equal data, equal digest; any change that matters shows."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from automed.data.dataset import Dataset, open_dataset
from automed.domain.data_options import DataOptions
from automed.domain.errors import DataError
from automed.registry.tasks import load_task

CELL = load_task("cell")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number, name in enumerate(f"{d}/{i}.png" for d in ("images", "masks") for i in range(4)):
        path = tmp_path / "set" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), number * 20, np.uint8)).save(path)
    return tmp_path / "set"


def digest(root: Path, options: DataOptions | None = None) -> str:
    return open_dataset(root, CELL, options or DataOptions()).digest


def test_a_copy_elsewhere_has_the_same_digest(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root, tmp_path / "elsewhere" / "wrapped")
    assert digest(root) == digest(tmp_path / "elsewhere")


@pytest.mark.parametrize("change", ["image", "mask", "swap", "name", "fewer", "groups", "rule"])
def test_a_change_that_matters_changes_the_digest(change: str, root: Path) -> None:
    before, options = digest(root), DataOptions()
    if change in {"image", "mask"}:
        with (root / f"{change}s" / "2.png").open("ab") as stream:
            stream.write(b"\0")
    elif change == "swap":
        (root / "masks" / "1.png").rename(root / "masks" / "x.png")
        (root / "masks" / "2.png").rename(root / "masks" / "1.png")
        (root / "masks" / "x.png").rename(root / "masks" / "2.png")
    elif change == "name":
        for folder in ("images", "masks"):
            (root / folder / "0.png").rename(root / folder / "00.png")
    elif change == "fewer":
        for folder in ("images", "masks"):
            (root / folder / "0.png").unlink()
    elif change == "groups":
        options = DataOptions(group_pattern=r"(\d)\.")
    else:
        options = DataOptions(mask_values="nonzero")
    assert digest(root, options) != before


def test_files_that_are_no_samples_do_not_matter(root: Path) -> None:
    before = digest(root)
    (root / "notes.txt").write_text("read me")
    assert digest(root) == before


def test_files_are_read_once_an_instance(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = open_dataset(root, CELL)
    first = dataset.digest
    monkeypatch.setattr(Dataset, "_file_digest", lambda *_: pytest.fail("read again"))
    assert dataset.digest == first


def test_a_file_that_went_away_is_named(root: Path) -> None:
    dataset = open_dataset(root, CELL)
    (root / "masks" / "3.png").unlink()
    with pytest.raises(DataError, match=r"masks/3\.png"):
        _ = dataset.digest
