"""How many planted faults an audit finds, and what it says about clean data.

    python benchmarks/audit_faults.py --faults 200             # synthetic images
    python benchmarks/audit_faults.py --faults 200 --data DIR  # and your own images/ and masks/
    python benchmarks/audit_faults.py --classes DIR            # and your own folders of classes

Prints recall by kind of fault and false alarms, and writes ``results/audit_faults.md`` and
``.jsonl``. Each fault is planted into a data set of its own copy of the clean files, a few at a
time, so that faults do not hide each other. What an audit can only suspect is planted by
``audit_suspicions.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from audit_clean_sets import draw, gather, read
from audit_faults_page import page
from audit_suspicions import suspicions
from PIL import Image

import automed
from automed.data.audit import Audit, audit
from automed.data.dataset import open_dataset
from automed.domain.errors import DataError
from automed.registry.tasks import load_task

RESULTS = Path(__file__).parent / "results"
ROUND = 10
"""Faults planted at a time."""


@dataclass(frozen=True)
class Planted:
    """A fault that was planted.

    Attributes:
        kind: Its name.
        codes: A finding with any of these codes counts, if it names the file.
        file: The file that it must name; relative to the data set.
        kept: Ids that must be tied, where the fault is a copy.
    """

    kind: str
    codes: tuple[str, ...]
    file: str
    kept: tuple[str, str] | None = None


class Pairs:
    """A folder ``images/`` and ``masks/`` to plant into."""

    def __init__(self, root: Path, rng: np.random.Generator) -> None:
        self.root, self.rng = root, rng
        self.names = sorted(p.name for p in (root / "images").iterdir())
        self.free = list(self.rng.permutation(self.names))

    def take(self) -> str:
        """A pair that nothing was done to yet."""
        return str(self.free.pop())

    def image(self, name: str) -> Path:
        """Where the image of a pair lies."""
        return self.root / "images" / name

    def mask(self, name: str) -> Path:
        """Where its mask lies."""
        return self.root / "masks" / f"{Path(name).stem}.png"

    def copy(self, kind: str, change: Callable[[Any], Any], jpeg: int | None = None) -> Planted:
        """Plant a changed copy of a pair under a new name."""
        name = self.take()
        stem = f"zz copy {len(list(self.root.glob('images/*')))} of {Path(name).stem}"
        image, mask = (np.asarray(read(p)) for p in (self.image(name), self.mask(name)))
        state = self.rng.bit_generator.state
        changed = change(image)
        self.rng.bit_generator.state = state  # the mask is cut where the image is
        ending = "png" if jpeg is None else "jpg"
        Image.fromarray(np.ascontiguousarray(changed)).save(
            self.root / "images" / f"{stem}.{ending}", **({} if jpeg is None else {"quality": jpeg})
        )
        Image.fromarray(np.ascontiguousarray(change(mask))).save(self.root / f"masks/{stem}.png")
        codes = ("duplicates", "near-duplicates", "contradicting-duplicates")
        return Planted(kind, codes, f"images/{stem}.{ending}", (Path(name).stem, stem))


def trimmed(rng: np.random.Generator) -> Callable[[Any], Any]:
    """Cuts off up to a tenth of height and of width."""

    def trim(values: Any) -> Any:  # noqa: ANN401 - images of any type
        height, width = values.shape[:2]
        shares = rng.uniform(0.02, 0.1, 2)
        top, left = (rng.uniform(0, shares) * (height, width)).astype(int)
        bottom, right = (np.array([top, left]) + (1 - shares) * (height, width)).astype(int)
        return values[top:bottom, left:right]

    return trim


def flipped(data: Pairs) -> Planted:
    axis = int(data.rng.integers(2))
    return data.copy("mirrored copy", lambda v: np.flip(v, axis))


def turned(data: Pairs) -> Planted:
    quarters = int(data.rng.integers(1, 4))
    return data.copy("turned copy", lambda v: np.rot90(v, quarters))


def cropped(data: Pairs) -> Planted:
    return data.copy("trimmed copy", trimmed(data.rng))


def recompressed(data: Pairs) -> Planted:
    return data.copy("recompressed copy", lambda v: v, jpeg=int(data.rng.integers(50, 91)))


def exact(data: Pairs) -> Planted:
    return data.copy("exact copy", lambda v: v)


def linked(data: Pairs) -> Planted:
    name = data.take()
    stem = f"zz link {Path(name).stem}"
    (data.root / f"images/{stem}.png").symlink_to(data.image(name))
    (data.root / f"masks/{stem}.png").symlink_to(data.mask(name))
    return Planted("symlink to another image", ("duplicates",), f"images/{stem}.png",
                   (Path(name).stem, stem))  # fmt: skip


def broken_link(data: Pairs) -> Planted:
    name = data.take()
    data.image(name).unlink()
    data.image(name).symlink_to(data.root / "gone.png")
    return Planted("broken symlink", ("unreadable",), f"images/{name}")


def truncated(data: Pairs) -> Planted:
    name = data.take()
    content = data.image(name).read_bytes()
    data.image(name).write_bytes(content[: int(len(content) * data.rng.uniform(0.2, 0.9))])
    return Planted("truncated image", ("unreadable",), f"images/{name}")


def empty(data: Pairs) -> Planted:
    name = data.take()
    data.mask(name).write_bytes(b"")
    return Planted("zero-byte mask", ("unreadable",), f"masks/{Path(name).stem}.png")


def bomb(data: Pairs) -> Planted:
    """A PNG of a few kilobytes that says that it is 30,000 pixels wide and high."""
    name = data.take()
    data.image(name).write_bytes(_png_header(30_000, 30_000))
    return Planted("decompression bomb", ("unreadable",), f"images/{name}")


def huge(data: Pairs) -> Planted:
    """100 megapixels: 10,000 x 10,000 of one bit."""
    name = data.take()
    data.image(name).write_bytes(_png_header(10_000, 10_000))
    return Planted("100 megapixels", ("unreadable",), f"images/{name}")


def _png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    rows = zlib.compress(bytes((width // 8 + 1) * height), 9)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def other_size(data: Pairs) -> Planted:
    name = data.take()
    mask = read(data.mask(name))
    mask.resize((mask.width + 7, mask.height)).save(data.mask(name))
    return Planted("mask of another size", ("size-mismatch",), f"masks/{Path(name).stem}.png")


def no_mask(data: Pairs) -> Planted:
    name = data.take()
    data.mask(name).unlink()
    return Planted("image without a mask", ("image-without-mask",), f"images/{name}")


def wrong_mask(data: Pairs) -> Planted:
    """The mask of another image, saved twice."""
    name, other = data.take(), data.take()
    same = read(data.image(name)).size == read(data.image(other)).size
    shutil.copy(data.mask(other), data.mask(name))
    codes = ("repeated-mask",) if same else ("size-mismatch",)
    return Planted("mask of another image", codes, f"masks/{Path(name).stem}.png")


def contradiction(data: Pairs) -> Planted:
    """The same image with an empty mask."""
    name = data.take()
    stem = f"zz other mask {Path(name).stem}"
    shutil.copy(data.image(name), data.root / f"images/{stem}.png")
    size = read(data.image(name)).size
    Image.new("L", size).save(data.root / f"masks/{stem}.png")
    return Planted("copy with another mask", ("contradicting-duplicates",), f"images/{stem}.png",
                   (Path(name).stem, stem))  # fmt: skip


def sixteen_bits(data: Pairs) -> Planted:
    name = data.take()
    values = np.asarray(read(data.image(name)).convert("L")).astype(np.uint16) * 16
    Image.fromarray(values).save(data.image(name))
    return Planted("16 bits among 8", ("mixed-bit-depths",), f"images/{name}")


def blank(data: Pairs) -> Planted:
    name = data.take()
    Image.new("RGB", read(data.image(name)).size, (90, 20, 20)).save(data.image(name))
    return Planted("blank image", ("blank-image",), f"images/{name}")


FAULTS = (
    flipped, truncated, turned, other_size, cropped, empty, recompressed, no_mask, exact, bomb,
    cropped, linked, broken_link, flipped, huge, wrong_mask, recompressed, contradiction,
    sixteen_bits, blank,
)  # fmt: skip


def harmless(data: Pairs) -> None:
    """What must not disturb: spaces, Unicode, decomposed accents, other case."""
    for new in ("a b", "Größe", "E\u0301te\u0301", "UPPER"):
        old = data.take()
        stem = f"{new} {Path(old).stem}"
        data.image(old).rename(data.root / "images" / f"{stem}.PNG")
        data.mask(old).rename(data.root / "masks" / f"{stem.lower()}.png")


def plant(clean: Path, folder: Path, faults: list[Any], seed: int) -> list[Planted]:
    """Copy a clean data set and plant faults into the copy."""
    shutil.copytree(clean, folder)
    data = Pairs(folder, np.random.default_rng(seed))
    harmless(data)
    return [fault(data) for fault in faults]


def look(root: Path) -> Audit:
    """Audit a folder of pairs."""
    task = load_task("cell")
    return audit(open_dataset(root, task), task)


def found_in(audit_: Audit, fault: Planted) -> bool:
    """Whether a finding names the fault's file; and a copy will be kept on its original's side."""
    named = any(
        fault.file in finding.files
        for finding in (*audit_.errors, *audit_.warnings)
        if finding.code in fault.codes
    )
    if fault.kept is None or not named:
        return named
    return any(set(fault.kept) <= set(tie) for tie in audit_.ties)


def accused(audit_: Audit, planted: list[Planted]) -> set[str]:
    """Files that were named although nothing was done to them."""
    stems = {Path(p.file).stem for p in planted} | {k for p in planted for k in p.kept or ()}
    return {
        file
        for finding in (*audit_.errors, *audit_.warnings)
        if finding.code not in ("few-samples", "repeated-mask")
        for file in finding.files
        if Path(file).stem not in stems
    }


def rounds(clean: Path, count: int, seed: int) -> Iterator[tuple[list[Planted], Audit]]:
    """Plant all faults, some at a time."""
    todo = [FAULTS[i % len(FAULTS)] for i in range(count)]
    for start in range(0, count, ROUND):
        with tempfile.TemporaryDirectory() as place:
            root = Path(place) / "set"
            planted = plant(clean, root, todo[start : start + ROUND], seed + start)
            yield planted, look(root)


def report(clean: Path, name: str, count: int, seed: int) -> dict[str, Any]:
    """Plant faults into one clean data set, and print and return what came of them."""
    base = look(clean)
    samples = base.summary.samples
    alarms = {f for w in (*base.errors, *base.warnings) for f in w.files}
    hits: dict[str, list[bool]] = {}
    false, looked = 0, 0
    for planted, seen in rounds(clean, count, seed):
        for fault in planted:
            hits.setdefault(fault.kind, []).append(found_in(seen, fault))
        new = accused(seen, planted) - alarms
        false, looked = false + len(new), looked + seen.summary.samples
    found, total = sum(map(sum, hits.values())), sum(map(len, hits.values()))
    return {
        "data": name, "samples": samples, "faults": total, "recall": found / total,
        "false_alarms_clean": len(alarms) / samples, "false_alarms_beside_faults": false / looked,
        "clean_findings": [f"{w.code}: {w.message}" for w in (*base.errors, *base.warnings)],
        "by_kind": {kind: [sum(h), len(h)] for kind, h in sorted(hits.items())},
        "seed": seed, "date": date.today().isoformat(), "automed": automed.__version__,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores", "python":
        platform.python_version(), "numpy": np.__version__, "opencv": cv2.__version__,
    }  # fmt: skip


def main() -> None:
    """Run on synthetic images, and on real folders where some are given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--samples", type=int, default=60)
    parser.add_argument("--data", type=Path, action="append", default=[])
    parser.add_argument("--classes", type=Path, action="append", default=[])
    parser.add_argument("--pairs", type=int, default=240, help="samples to shift masks of")
    parser.add_argument("--labelled", type=int, default=1500, help="samples to swap labels of")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as place:
        sets = {"synthetic": draw(Path(place) / "synthetic", given.samples)}
        for source in given.data:
            sets[source.name] = gather(source, Path(place) / source.name, given.samples)
        for name, clean in sets.items():
            rows.append(report(clean, name, given.faults // len(sets), given.seed))
            print(json.dumps(rows[-1], indent=1), flush=True)
    suspected = suspicions(given.data, given.classes, given.pairs, given.labelled)
    RESULTS.mkdir(exist_ok=True)
    lines = "".join(json.dumps(row) + "\n" for row in (*rows, *suspected))
    (RESULTS / "audit_faults.jsonl").write_text(lines, encoding="utf-8")
    (RESULTS / "audit_faults.md").write_text(page(rows, suspected), encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except DataError as error:
        raise SystemExit(str(error)) from None
