"""Planted faults: an audit names nearly all, and leaves clean files alone."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from audit_faults import FAULTS, accused, draw, found_in, look, plant

from automed.data.audit import Audit
from automed.data.split import make_split
from automed.registry.tasks import load_task


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw(tmp_path_factory.mktemp("clean") / "set", 48, side=64)


@pytest.fixture(scope="module")
def planted(clean: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list, Audit]:
    """Every kind of fault, in one data set."""
    root = tmp_path_factory.mktemp("faulty") / "set"
    return plant(clean, root, list(FAULTS), seed=3), look(root)


def test_clean_images_raise_no_alarm(clean: Path) -> None:
    found = look(clean)
    assert (found.errors, found.warnings, found.notes, found.ties) == ((), (), (), ())


def test_planted_faults_are_named(planted: tuple[list, Audit]) -> None:
    faults, seen = planted
    missed = [fault for fault in faults if not found_in(seen, fault)]
    assert len(missed) <= 0.05 * len(faults), missed


def test_no_other_file_is_named(planted: tuple[list, Audit]) -> None:
    faults, seen = planted
    assert accused(seen, faults) == set()


def test_copies_stay_on_one_side_of_every_split(clean: Path, tmp_path: Path) -> None:
    copies = [fault for fault in FAULTS if fault.__name__ in ("flipped", "turned", "cropped")]
    faults = plant(clean, tmp_path / "set", copies, seed=1)
    seen = look(tmp_path / "set")
    assert len(seen.ties) == len(faults)
    task = load_task("cell")
    policy = task.split.replace(waiver=task.split.waiver or "a test")
    for seed in range(4):
        split = make_split(seen.dataset, policy, seed, seen.ties)
        for tie in seen.ties:
            parts = {p for p in ("train", "val", "test") for i in tie if i in split.ids(p)}
            assert len(parts) == 1, (tie, parts)
    cut = [make_split(seen.dataset, policy, seed) for seed in range(8)]
    assert any(
        len({p for p in ("train", "val", "test") for i in tie if i in split.ids(p)}) > 1
        for split in cut
        for tie in seen.ties
    ), "without ties some copies are cut off: else this test shows nothing"


def test_a_tie_names_ids_that_exist(planted: tuple[list, Audit]) -> None:
    _, seen = planted
    ids = np.concatenate([list(tie) for tie in seen.ties])
    assert set(ids) <= set(seen.dataset.by_id)
