"""Shifted masks: named where they are, with a way; silence where no outline follows an edge."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from audit_clean_sets import draw

from automed.data.audit import Audit, audit
from automed.data.audit_cache import AuditCache
from automed.data.audit_fit import REACH, SIDE, fit_of
from automed.data.audit_shift import BETTER, shifted_masks, to_fit
from automed.data.dataset import open_dataset
from automed.data.finding import Finding
from automed.data.inspection import Inspection
from automed.domain.sample import Sample
from automed.registry.tasks import load_task

CELL = load_task("cell")


def disc(down: int = 0, right: int = 0, side: int = 128) -> np.ndarray:
    mask = np.zeros((side, side), np.uint8)
    cv2.circle(mask, (60 + right, 56 + down), 18, 255, -1)
    return mask


@pytest.mark.parametrize("lighter", [60, -60])
@pytest.mark.parametrize("offset", [(0, 0), (9, -13), (-20, 4)])
def test_a_mask_fits_best_where_its_object_is(lighter: int, offset: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).normal(120, 8, (128, 128, 3))
    image = (noise + (disc() > 0)[..., None] * lighter).clip(0, 255).astype(np.uint8)
    fit = fit_of(image, disc(-offset[0], -offset[1]))
    assert fit is not None
    assert np.abs(np.subtract(fit.offset, offset)).max() <= 1
    assert fit.surface.shape == (REACH + 1, REACH + 1)
    place = np.unravel_index(fit.surface.argmax(), fit.surface.shape)
    assert np.abs(np.multiply(place, 2) - REACH - offset).max() <= 2
    assert (fit.peak > 3 * fit.centre) == (offset != (0, 0))


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
@pytest.mark.parametrize("shape", [(30, 200), (260, 90)])
def test_any_channels_and_sizes(channels: int, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    mask = np.zeros(shape, np.uint8)
    mask[8:22, 20:60] = 1
    image = rng.integers(0, 60, (*shape, channels), dtype=np.uint8)
    image[mask > 0, 0] += 120
    fit = fit_of(image, mask)
    assert fit is not None
    assert max(map(abs, fit.offset)) <= 1


def test_a_mask_without_an_outline_has_no_fit() -> None:
    image = np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    assert fit_of(image, np.zeros((40, 40), np.uint8)) is None
    assert fit_of(image, np.ones((40, 40), np.uint8)) is None


def test_a_flat_image_fits_nowhere() -> None:
    fit = fit_of(np.full((128, 128, 3), 90, np.uint8), disc())
    assert fit is not None
    assert (fit.peak, fit.centre) == (0, 0)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw(tmp_path_factory.mktemp("clean") / "set", 30)


def move(path: Path, down: int, right: int) -> None:
    with Image.open(path) as image:
        mask = np.asarray(image)
    way = np.array([[1, 0, right], [0, 1, down]], np.float32)
    Image.fromarray(cv2.warpAffine(mask, way, mask.shape[::-1])).save(path)


def moved(clean: Path, root: Path, count: int, down: int, right: int) -> list[str]:
    shutil.copytree(clean, root)
    files = sorted((root / "masks").iterdir())[:count]
    for file in files:
        move(file, down, right)
    return [f"masks/{file.name}" for file in files]


def look(root: Path, cache: AuditCache | None = None) -> Audit:
    return audit(open_dataset(root, CELL), CELL, cache=cache)


def shifts(seen: Audit) -> list[Finding]:
    return [finding for finding in seen.warnings if finding.code == "shifted-mask"]


def test_single_masks_are_named_with_the_way_back(clean: Path, tmp_path: Path) -> None:
    files = moved(clean, tmp_path / "set", 2, 0, 14)
    (finding,) = shifts(look(tmp_path / "set"))
    assert finding.files == tuple(files)
    assert "2 masks of 30" in finding.message
    assert "14 pixels further left" in finding.message


def test_all_masks_are_told_of_at_once(clean: Path, tmp_path: Path) -> None:
    files = moved(clean, tmp_path / "set", 30, -9, 6)
    (finding,) = shifts(look(tmp_path / "set"))
    assert finding.files == tuple(files)
    assert "all or most of 30 masks" in finding.message
    assert "6 pixels further left and 9 further down" in finding.message


def test_clean_masks_raise_no_alarm(clean: Path) -> None:
    assert shifts(look(clean)) == []


def test_a_cache_remembers_how_masks_fit(clean: Path, tmp_path: Path) -> None:
    moved(clean, tmp_path / "set", 3, 12, 0)
    file = tmp_path / "audit.sqlite"
    first = look(tmp_path / "set", AuditCache(file))
    cache = AuditCache(file)
    second = look(tmp_path / "set", cache)
    assert cache.hits == 30
    assert shifts(first) == shifts(second) != []


def test_outlines_that_follow_no_edge_are_not_judged() -> None:
    rng = np.random.default_rng(0)
    seen = []
    for number in range(40):
        image = cv2.blur(rng.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8), (5, 5))
        fit = fit_of(image, disc(*rng.integers(-20, 20, 2)))
        sample = Sample(id=str(number), image=f"{number}.png", masks=(f"m{number}.png",))
        seen.append(Inspection(sample, mask_size=(SIDE, SIDE), fit=fit))
    fits = [s.fit for s in seen if s.fit is not None]
    assert any(fit.peak > BETTER * fit.centre for fit in fits), "else this test shows nothing"
    assert shifted_masks(seen) is None


def test_of_many_masks_some_are_looked_at_whatever_else_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("automed.data.audit_shift.MOST", 20)
    samples = [Sample(id=f"s{i}", image=f"{i}.png", masks=(f"m{i}.png",)) for i in range(100)]
    chosen = to_fit(samples)
    assert len(chosen) == 20
    assert to_fit(samples[::-1]) == chosen
    assert len(to_fit(samples[:90]) & chosen) >= 15
    assert to_fit([Sample(id="a", image="a.png", label="x")]) == frozenset()
