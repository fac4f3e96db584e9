"""Which encoder goes into which architecture: a markdown table, computed on the meta device.

Run: ``python benchmarks/compatibility.py [--failures]``. A cell is the smallest of the square
sizes 64, 128 and 256 at which the model builds and runs; ``-`` where it does not. Every cell with a
number also ran at 288x384. ``--failures`` lists what each pair that fails says as well.
"""

from __future__ import annotations

import sys
import warnings

import torch

from automed.domain.config import Config
from automed.domain.task import SegmentationTask
from automed.models.architectures import ARCHITECTURES
from automed.models.build import build_model
from automed.models.catalogue import CATALOGUE
from automed.registry.tasks import load_task

SQUARES = (64, 128, 256)
LARGE = (288, 384)


def runs_at(config: Config, task: SegmentationTask, size: tuple[int, int]) -> None:
    """One forward pass without weights; on the CPU where the meta device does not do."""
    task = task.replace(image_size=size)
    for device in ("meta", "cpu"):
        try:
            with torch.device(device), torch.no_grad():
                model = build_model(config, task).eval()
                masks = model(torch.zeros(1, task.channels, *size))
            break
        except Exception as error:
            if device == "cpu" or "meta" not in f"{error}{error.__cause__}":
                raise
    if masks.shape != (1, task.outputs, *size):
        raise ValueError(f"masks of {tuple(masks.shape)}")


def smallest(architecture: str, encoder: str, task: SegmentationTask) -> int:
    """Side of the smallest square that works, where the large size works too."""
    config = Config({"model.architecture": architecture, "model.encoder": encoder})
    runs_at(config, task, LARGE)
    for side in SQUARES[:-1]:
        try:
            runs_at(config, task, (side, side))
        except Exception:  # noqa: BLE001 - whatever a model raises means that it does not run
            continue
        return side
    runs_at(config, task, (SQUARES[-1],) * 2)
    return SQUARES[-1]


def main() -> None:
    warnings.simplefilter("ignore")
    task = load_task("polyp")
    assert isinstance(task, SegmentationTask)
    columns = [name for name, row in ARCHITECTURES.items() if row.encoders]
    failures: list[str] = []
    print("| encoder | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for encoder in CATALOGUE:
        cells = []
        for architecture in columns:
            try:
                cells.append(str(smallest(architecture, encoder.name, task)))
            except Exception as error:  # noqa: BLE001 - it is what the table is about
                cells.append("-")
                found = getattr(error, "found", None) or error
                failures.append(f"{architecture} x {encoder.name}: {found}")
        print(f"| `{encoder.name}` | " + " | ".join(cells) + " |", flush=True)
    if "--failures" in sys.argv[1:]:
        print("\n" + "\n".join(failures))


if __name__ == "__main__":
    main()
