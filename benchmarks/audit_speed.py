"""How long an audit takes once images are decoded, and how much memory it needs.

    python benchmarks/audit_speed.py --images 10000

Draws images in memory, so that neither the disk nor a decoder counts, and times what the audit does
with each (thumbnail, colour statistics, text), with some (the fit of masks) and with all (copies,
frames, colours, labels, shifts). The samples have labels, and masks as well, so that the work on
either counts. CPU seconds of one thread; prints and writes ``results/audit_speed.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import time
from datetime import date
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import automed
from automed.data.audit_colour import colour_clusters, colour_guess, colour_suffices
from automed.data.audit_fit import fit_of
from automed.data.audit_frames import consecutive_frames
from automed.data.audit_labels import unlikely_labels
from automed.data.audit_look import look_at
from automed.data.audit_shift import MOST, shifted_masks
from automed.data.duplicates import copies_in
from automed.data.inspection import Inspection
from automed.domain.sample import Sample

RESULTS = Path(__file__).parent / "results"


def draw(index: int, side: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """An image of its own: smooth ground, some cells, noise; and the mask of the cells."""
    rng = np.random.default_rng(index)
    ground = cv2.resize(rng.normal(0, 1, (6, 6, 3)), (side, side), interpolation=cv2.INTER_CUBIC)
    image = 120 + 25 * ground
    mask = np.zeros((side, side), np.uint8)
    for _ in range(8):
        centre = tuple(int(v) for v in rng.integers(0, side, 2))
        colour = tuple(float(v) for v in rng.integers(10, 90, 3))
        radius = int(rng.integers(side // 20, side // 8))
        cv2.circle(image, centre, radius, colour, -1)
        cv2.circle(mask, centre, radius, 1, -1)
    return np.clip(image + rng.normal(0, 4, (side, side, 1)), 0, 255).astype(np.uint8), mask


def labelled(seen: list[Inspection]) -> None:
    """What the audit makes of labels."""
    guess = colour_guess(seen)
    colour_suffices(guess)
    unlikely_labels(guess)


def main() -> None:
    """Time an audit of so many images."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--side", type=int, default=224)
    given = parser.parse_args()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seen, masked = [], []
    seconds = {"looking at each": 0.0, "fitting masks": 0.0}
    for index in range(given.images):
        image, mask = draw(index, given.side)
        start = time.thread_time()
        look = look_at(image)
        seconds["looking at each"] += time.thread_time() - start
        sample = Sample(id=str(index), image=f"{index}.png", label="ab"[index % 2])
        seen.append(Inspection(sample, size=image.shape[:2], pixels=str(index), look=look))
        if index < MOST:
            start = time.thread_time()
            fit = fit_of(image, mask)
            seconds["fitting masks"] += time.thread_time() - start
            sample = Sample(id=str(index), image=f"{index}.png", masks=(f"{index}.png",))
            masked.append(Inspection(sample, mask_size=mask.shape, fit=fit))
    work_on = {
        "copies": copies_in,
        "frames": consecutive_frames,
        "colours": lambda all_: (colour_clusters(all_), labelled(all_)),
        "shifts": lambda _: shifted_masks(masked),
    }
    for name, work in work_on.items():
        start = time.process_time()
        work(seen)
        seconds[name] = time.process_time() - start
    total = sum(seconds.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = {
        "images": given.images, "side": given.side, "cpu_seconds": seconds, "total": total,
        "ms_an_image": 1e3 * total / given.images, "peak_mb": peak / 1000,
        "before_mb": before / 1000, "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load": os.getloadavg()[0], "automed": automed.__version__, "numpy": np.__version__,
        "opencv": cv2.__version__, "date": date.today().isoformat(),
    }  # fmt: skip
    print(json.dumps(found, indent=1))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "audit_speed.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
