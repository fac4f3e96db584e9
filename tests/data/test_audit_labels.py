"""Unlikely labels: named with the likely class, and only where colour tells classes apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from automed.data.audit import Audit, audit
from automed.data.audit_labels import unlikely
from automed.data.dataset import open_dataset
from automed.data.finding import Finding
from automed.registry.tasks import load_task

LEUKEMIA = load_task("leukemia")
NAMES = ("a", "b", "c")


def draw(root: Path, apart: float, count: int = 24) -> Path:
    """Three classes whose mean colours lie so many grey levels apart."""
    rng = np.random.default_rng(0)
    for index, name in enumerate(NAMES):
        (root / name).mkdir(parents=True)
        for i in range(count):
            values = rng.normal(60 + apart * index + rng.normal(0, 4, 3), 20, (16, 16, 3))
            Image.fromarray(values.clip(0, 255).astype(np.uint8)).save(
                root / name / f"{name}{i}.png"
            )
    return root


def look(root: Path) -> Audit:
    return audit(open_dataset(root, LEUKEMIA), LEUKEMIA)


def unlikely_in(root: Path) -> list[Finding]:
    return [finding for finding in look(root).warnings if finding.code == "unlikely-label"]


@pytest.fixture
def swapped(tmp_path: Path) -> tuple[Path, list[str]]:
    root = draw(tmp_path / "set", 60)
    moves = [("a/a3.png", "b/a3.png"), ("c/c5.png", "a/c5.png")]
    for old, new in moves:
        (root / old).rename(root / new)
    return root, [new for _, new in moves]


def test_swapped_labels_are_named_with_the_likely_class(swapped: tuple[Path, list[str]]) -> None:
    root, files = swapped
    (finding,) = unlikely_in(root)
    assert sorted(finding.files) == sorted(files)
    assert "b/a3.png (b, likely a)" in finding.message
    assert "a/c5.png (a, likely c)" in finding.message
    assert "2 labels" in finding.message


def test_right_labels_are_left_alone(tmp_path: Path) -> None:
    assert unlikely_in(draw(tmp_path / "set", 60)) == []


def test_where_colour_says_little_no_label_is_doubted(tmp_path: Path) -> None:
    root = draw(tmp_path / "set", 3)
    (root / "a" / "a3.png").rename(root / "b" / "a3.png")
    assert unlikely_in(root) == []


def test_both_thresholds_count() -> None:
    given = np.array([0, 0, 0, 1, 1, 1])
    told = np.array([0.99, 0.98, 0.02, 0.01, 0.02, 0.6])
    wrong = np.stack([told, 1 - told], axis=1)
    assert unlikely(given, wrong) == [2]  # the last is likelier wrong than right, but not by much
    doubtful = wrong.copy()
    doubtful[2] = (0.06, 0.94)
    assert unlikely(given, doubtful) == []
