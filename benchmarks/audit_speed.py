"""How long an audit takes once images are decoded, and how much memory it needs.

    python benchmarks/audit_speed.py --images 10000

Draws images in memory, so that neither the disk nor a decoder counts, and times what the audit does
with each (digest, thumbnail, colour statistics, text) and with all (copies, frames, colours). CPU
seconds of one thread; prints a table and writes ``results/audit_speed.json``.
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
from automed.data.audit_colour import colour_clusters, colour_suffices
from automed.data.audit_frames import consecutive_frames
from automed.data.audit_look import look_at
from automed.data.duplicates import copies_in
from automed.data.inspection import Inspection
from automed.domain.sample import Sample

RESULTS = Path(__file__).parent / "results"


def draw(index: int, side: int) -> NDArray[np.uint8]:
    """An image of its own: smooth ground, some cells, noise."""
    rng = np.random.default_rng(index)
    ground = cv2.resize(rng.normal(0, 1, (6, 6, 3)), (side, side), interpolation=cv2.INTER_CUBIC)
    image = 120 + 25 * ground
    for _ in range(8):
        centre = tuple(int(v) for v in rng.integers(0, side, 2))
        colour = tuple(float(v) for v in rng.integers(10, 90, 3))
        cv2.circle(image, centre, int(rng.integers(side // 20, side // 8)), colour, -1)
    return np.clip(image + rng.normal(0, 4, (side, side, 1)), 0, 255).astype(np.uint8)


def main() -> None:
    """Time an audit of so many images."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--side", type=int, default=224)
    given = parser.parse_args()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seen, each = [], 0.0
    for index in range(given.images):
        image = draw(index, given.side)
        start = time.thread_time()
        look = look_at(image)
        each += time.thread_time() - start
        sample = Sample(id=str(index), image=f"{index}.png", label="ab"[index % 2])
        seen.append(Inspection(sample, size=image.shape[:2], pixels=str(index), look=look))
    seconds = {"looking at each": each}
    work_on = {
        "copies": copies_in,
        "frames": consecutive_frames,
        "colours": lambda all_: (colour_clusters(all_), colour_suffices(all_)),
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
