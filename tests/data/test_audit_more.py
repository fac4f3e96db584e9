"""Colours, frames, text, waivers, the cache: what an audit says beyond single files."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from audit_faults import draw

from automed.data.audit import audit
from automed.data.audit_against import in_both
from automed.data.audit_cache import AuditCache
from automed.data.audit_codes import CODES
from automed.data.audit_look import STATISTICS, look_at
from automed.data.audit_overlay import overlay_of
from automed.data.dataset import open_dataset
from automed.domain.data_options import DataOptions
from automed.domain.errors import DataError
from automed.registry.tasks import load_task

CELL, LEUKEMIA = load_task("cell"), load_task("leukemia")


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw(tmp_path_factory.mktemp("clean") / "set", 24, side=64)


@pytest.fixture
def faulty(clean: Path, tmp_path: Path) -> Path:
    """A truncated image, a mask of another size, an image without a mask."""
    root = tmp_path / "set"
    for path in sorted(clean.rglob("*.png")):
        target = root / path.relative_to(clean)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    names = sorted(p.name for p in (root / "images").iterdir())
    (root / "images" / names[0]).write_bytes((root / "images" / names[0]).read_bytes()[:900])
    Image.new("L", (20, 20), 255).save(root / "masks" / names[1])
    (root / "masks" / names[2]).unlink()
    return root


def codes(findings: object) -> set[str]:
    return {finding.code for finding in findings}  # type: ignore[attr-defined]


def test_waived_errors_leave_their_samples_out_for_good(faulty: Path) -> None:
    every = ("unreadable", "size-mismatch", "image-without-mask")
    assert codes(audit(open_dataset(faulty, CELL), CELL).errors) == set(every)
    found = audit(open_dataset(faulty, CELL, DataOptions(allow=every)), CELL)
    found.raise_for_errors()
    assert codes(found.waived) == set(every)
    assert len(found.dataset.samples) == 21
    assert len(found.dataset.options.left_out) == 2
    again = open_dataset(faulty, CELL, found.dataset.options)
    assert again.digest == found.dataset.digest
    assert found.dataset.options.flags == "".join(f" --allow {code}" for code in every)


def test_the_error_says_how_to_waive_it(faulty: Path) -> None:
    with pytest.raises(DataError, match="--allow unreadable"):
        audit(open_dataset(faulty, CELL), CELL).raise_for_errors()


@pytest.mark.parametrize(
    ("code", "problem"), [("too-few-samples", "cannot be waived"), ("unreadabel", "did you mean")]
)
def test_what_cannot_be_waived_is_refused(code: str, problem: str, clean: Path) -> None:
    with pytest.raises(DataError, match=problem):
        audit(open_dataset(clean, CELL, DataOptions(allow=(code,))), CELL)


def test_a_second_audit_decodes_nothing_and_says_the_same(clean: Path, tmp_path: Path) -> None:
    dataset, file = open_dataset(clean, CELL), tmp_path / "a" / "audit.sqlite"
    first = audit(dataset, CELL, cache=AuditCache(file))
    cache = AuditCache(file)
    second = audit(dataset, CELL, cache=cache)
    assert cache.hits == 24
    timeless = {"seconds": 0.0}
    assert second.summary.replace(**timeless) == first.summary.replace(**timeless)
    assert replace(second, summary=first.summary) == first


def test_a_changed_file_is_looked_at_again(faulty: Path, tmp_path: Path) -> None:
    file = tmp_path / "audit.sqlite"
    audit(open_dataset(faulty, CELL), CELL, cache=AuditCache(file))
    changed = sorted((faulty / "images").iterdir())[5]
    Image.new("RGB", (64, 64), (9, 90, 9)).save(changed)
    found = audit(open_dataset(faulty, CELL), CELL, cache=AuditCache(file))
    blank = next(f for f in found.warnings if f.code == "blank-image")
    assert blank.files == (f"images/{changed.name}",)


def test_a_damaged_cache_is_made_anew(clean: Path, tmp_path: Path) -> None:
    file = tmp_path / "audit.sqlite"
    file.write_bytes(b"SQLite format 3\0 but no more" * 50)
    audit(open_dataset(clean, CELL), CELL, cache=AuditCache(file))
    cache = AuditCache(file)
    audit(open_dataset(clean, CELL), CELL, cache=cache)
    assert cache.hits == 24


def test_images_of_another_set_are_named(clean: Path, tmp_path: Path) -> None:
    other = draw(tmp_path / "other", 12, seed=9, side=64)
    original = sorted((clean / "images").iterdir())[3]
    for folder in ("images", "masks"):
        with Image.open(clean / folder / original.name) as image:
            image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(other / folder / "x.png")
    cache = AuditCache(tmp_path / "audit.sqlite")
    pair = ((open_dataset(clean, CELL), CELL), (open_dataset(other, CELL), CELL))
    found = in_both(*pair, cache)
    assert found is not None
    assert found.files == (f"images/{original.name}",)
    third = draw(tmp_path / "third", 12, seed=10, side=64)
    assert in_both(pair[0], (open_dataset(third, CELL), CELL), cache) is None


@pytest.mark.parametrize(("shift", "expected"), [(60, True), (0, False)])
def test_classes_that_colour_gives_away(shift: int, expected: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for index, name in enumerate(("a", "b")):
        (tmp_path / name).mkdir()
        for i in range(20):
            values = rng.normal(120 + shift * index, 25, (24, 24, 3)).clip(0, 255)
            Image.fromarray(values.astype(np.uint8)).save(tmp_path / name / f"{name}{i}.png")
    found = audit(open_dataset(tmp_path, LEUKEMIA), LEUKEMIA)
    assert ("colour-suffices" in codes(found.warnings)) is expected
    assert ("colour-clusters" in codes(found.notes)) is expected


def test_frames_of_videos_are_found_and_groups_are_an_answer(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    lines = ["image,sequence"]
    for video in range(4):
        scene = cv2.resize(
            rng.uniform(0, 255, (14, 14, 3)), (90, 90), interpolation=cv2.INTER_CUBIC
        )
        for frame in range(6):
            seen = scene[2 * frame : 2 * frame + 64, frame : frame + 64].clip(0, 255)
            number = video * 6 + frame + 1
            Image.fromarray(seen.astype(np.uint8)).save(tmp_path / f"images/{number}.png")
            mask = np.zeros((64, 64), np.uint8)
            mask[10 + frame : 30, 10 : 30 + video] = 255
            Image.fromarray(mask).save(tmp_path / f"masks/{number}.png")
            lines.append(f"{number}.png,{video}")
    alone = audit(open_dataset(tmp_path, CELL), CELL)
    assert "consecutive-frames" in codes(alone.warnings)
    (tmp_path / "sequences.csv").write_text("\n".join(lines))
    options = DataOptions(group_csv="sequences.csv", group_column="sequence")
    grouped = audit(open_dataset(tmp_path, CELL, options), CELL)
    assert codes(grouped.warnings) & {"consecutive-frames", "near-duplicates"} == set()


def test_a_scale_bar_is_seen_and_cells_are_not() -> None:
    image = np.full((240, 320, 3), 90, np.uint8)
    for x in range(40, 300, 40):
        cv2.circle(image, (x, 100), 9, (255, 255, 255), -1)
    assert overlay_of(image) == ""
    cv2.rectangle(image, (200, 220), (280, 223), (255, 255, 255), -1)
    assert overlay_of(image) == "scale bar"


def test_text_is_seen() -> None:
    image = np.full((480, 640, 3), 70, np.uint8)
    cv2.putText(image, "Name 0042", (30, 450), cv2.FONT_HERSHEY_SIMPLEX, 1, (255, 255, 255), 2)
    assert overlay_of(image) == "text"


def test_every_code_that_an_audit_uses_is_listed() -> None:
    sources = Path(__file__).resolve().parents[2] / "automed" / "data"
    used = set()
    for file in sources.glob("*.py"):
        for line in file.read_text().splitlines():
            if line.strip().startswith('code="'):
                used.add(line.split('"')[1])
    assert used
    assert used <= set(CODES)


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_images_of_any_number_of_channels_are_looked_at(channels: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (900, 77, channels), dtype=np.uint8)
    look = look_at(image)
    assert look.colours.shape == (channels * STATISTICS,)
    assert not look.blank
