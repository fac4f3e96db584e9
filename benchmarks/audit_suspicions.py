"""Faults that an audit can suspect, not prove: shifted masks and swapped labels.

Planted into copies of clean data; `audit_faults.py` runs this and puts it on its page.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from audit_clean_sets import draw, gather, gather_classes, read
from PIL import Image

from automed.data.audit import audit
from automed.data.audit_cache import AuditCache
from automed.data.dataset import open_dataset
from automed.data.finding import Finding
from automed.registry.tasks import load_task

ROUNDS = 4


@dataclass(frozen=True)
class Suspicion:
    """A kind of fault and how it is planted.

    Attributes:
        kind: Its name.
        code: The finding that must name it.
        task: The data are read for.
        plant: From a folder, a generator and a share of samples to the stems of what was changed.
        share: Of the samples, those that it is planted into at a time.
        paired: Whether what it was changed with is rightly named, too.
    """

    kind: str
    code: str
    task: str
    plant: Callable[[Path, np.random.Generator, float], set[str]]
    share: float = 0.1
    paired: bool = False


def shift(root: Path, rng: np.random.Generator, share: float) -> set[str]:
    """Move masks by 10 to 20 % of the longer side, each its own way; black comes in."""
    files = [f for f in sorted((root / "masks").iterdir()) if np.asarray(read(f)).any()]
    chosen = rng.permutation(files)[: max(1, round(share * len(files)))]
    return {path.stem for path in chosen if _shift_one(path, rng)}


def _shift_one(path: Path, rng: np.random.Generator) -> bool:
    mask = np.asarray(read(path))
    for _ in range(20):
        moved = _moved(mask, rng.uniform(0.1, 0.2) * max(mask.shape), rng.uniform(0, 2 * np.pi))
        if moved.sum() >= 0.5 * mask.sum():  # half of it is still there
            Image.fromarray(moved).save(path)
            return True
    return False


def _moved(mask: Any, length: float, angle: float) -> Any:  # noqa: ANN401 - images of any type
    right, down = round(length * np.cos(angle)), round(length * np.sin(angle))
    way = np.array([[1, 0, right], [0, 1, down]], np.float32)
    return cv2.warpAffine(mask, way, mask.shape[::-1], flags=cv2.INTER_NEAREST)


def shift_all(root: Path, rng: np.random.Generator, _share: float) -> set[str]:
    """Move every mask the same way by 5 % of its longer side, as a wrong crop does."""
    angle, done = rng.uniform(0, 2 * np.pi), set()
    for path in sorted((root / "masks").iterdir()):
        mask = np.asarray(read(path))
        Image.fromarray(_moved(mask, 0.05 * max(mask.shape), angle)).save(path)
        done.add(path.stem)
    return done


def swap(root: Path, rng: np.random.Generator, share: float) -> set[str]:
    """Move images into the folder of another class."""
    files, classes = sorted(root.glob("*/*")), sorted(p.name for p in root.iterdir())
    chosen = rng.permutation(files)[: max(1, round(share * len(files)))]
    for path in chosen:
        others = [name for name in classes if name != path.parent.name]
        path.rename(root / str(rng.choice(others)) / path.name)
    return {path.stem for path in chosen}


def resize_wrong(root: Path, rng: np.random.Generator, share: float) -> set[str]:
    """Give images the mask of another image, resized to their size."""
    files = sorted((root / "masks").iterdir())
    chosen = rng.permutation(files)[: 2 * max(1, round(share * len(files) / 2))]
    for path, other in zip(chosen[::2], chosen[1::2], strict=True):
        size = read(path).size
        read(other).resize(size, Image.Resampling.NEAREST).save(path)
    return {path.stem for path in chosen[::2]}


SHIFTED = Suspicion("shifted mask", "shifted-mask", "cell", shift)
ALL_SHIFTED = Suspicion("all masks shifted alike", "shifted-mask", "cell", shift_all, share=1)
SWAPPED = Suspicion("swapped label", "unlikely-label", "leukemia", swap, share=0.02)
RESIZED = Suspicion("resized mask of another image", "repeated-mask", "cell", resize_wrong,
                    paired=True)  # fmt: skip


def suspicions(
    pairs: list[Path], classes: list[Path], samples: int, labelled: int
) -> list[dict[str, Any]]:
    """Plant each kind into each set that it fits, and count what is named.

    Args:
        pairs: Real folders with ``images/`` and ``masks/``, besides drawn ones.
        classes: Real folders with a folder for each class.
        samples: The most to take of each of the pairs.
        labelled: And of the classes.
    """
    rows = []
    with tempfile.TemporaryDirectory() as place:
        sets = {"synthetic": draw(Path(place) / "synthetic", samples)}
        for source in pairs:
            sets[source.name] = gather(source, Path(place) / source.name, samples)
        for name, clean in sets.items():
            rows += [_count(clean, name, kind) for kind in (SHIFTED, ALL_SHIFTED, RESIZED)]
        for source in classes:
            name = f"{source.parent.name}/{source.name}"
            clean = gather_classes(source, Path(place) / name, labelled)
            rows.append(_count(clean, name, SWAPPED))
    return rows


def _count(clean: Path, name: str, what: Suspicion) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place:
        cache = AuditCache(Path(place) / "audit.sqlite")
        total, alarms = _look(clean, what, cache)
        planted = found = false = others = 0
        for number in range(ROUNDS):
            root = Path(place) / f"round {number}"
            shutil.copytree(clean, root)
            changed = what.plant(root, np.random.default_rng(number), what.share)
            _, named = _look(root, what, cache)
            if what.share == 1:  # one fault, of the whole set
                planted, found = planted + 1, found + (changed <= named)
            else:
                planted, found = planted + len(changed), found + len(changed & named)
            false += 0 if what.paired else len(named - changed - alarms)
            others += 0 if what.paired else total - len(changed)
            shutil.rmtree(root)
    row = {
        "suspicion": what.kind, "code": what.code, "data": name, "samples": total,
        "planted": planted, "found": found, "clean_named": len(alarms), "others": others,
        "others_named": false,
    }  # fmt: skip
    print(row, flush=True)
    return row


def _look(root: Path, what: Suspicion, cache: AuditCache) -> tuple[int, set[str]]:
    """How many samples there are, and the stems of those that the finding names."""
    task = load_task(what.task)
    seen = audit(open_dataset(root, task), task, cache=cache)
    found: list[Finding] = [f for f in seen.warnings if f.code == what.code]
    return len(seen.dataset.samples), {Path(file).stem for f in found for file in f.files}
