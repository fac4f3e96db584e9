"""The front as rows: to print, to log, to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from automed.domain.config import Config, Value
from automed.domain.front import Front

_BARE = ("model.architecture", "model.encoder")
"""Keys whose values speak for themselves."""


@dataclass(frozen=True)
class FrontRow:
    """One trial of the front.

    Attributes:
        number: The trial's.
        quality: The guide metric on the validation part.
        gmacs: 10^9 multiply-accumulates of one forward pass.
        megabytes: Size of the file, in units of 10^6 bytes.
        parameters_m: Millions of parameters.
        latency_ms: Median milliseconds of one image, where that was measured.
        origin: Who proposed the config.
        parent: Number of the trial whose model it compresses.
        is_knee: Whether the front bends most here.
        config: What was trained.
    """

    number: int
    quality: float
    gmacs: float
    megabytes: float
    parameters_m: float
    latency_ms: float | None
    origin: str
    parent: int | None
    is_knee: bool
    config: Config

    @property
    def summary(self) -> str:
        """The config in one line."""
        return summarize(self.config)


def front_rows(front: Front, guide: str) -> list[FrontRow]:
    """The trials of a front, best guide metric first.

    Args:
        front: Of a study.
        guide: Name of the guide metric.
    """
    rows = []
    for trial in front.trials:
        assert trial.result is not None
        cost = trial.result.cost
        rows.append(
            FrontRow(
                number=trial.number, quality=trial.result.metrics[guide], gmacs=cost.gmacs,
                megabytes=cost.megabytes, parameters_m=cost.parameters.value / 1e6,
                latency_ms=cost.latency.p50_ms if cost.latency else None,
                origin=trial.origin, parent=trial.parent, is_knee=trial.number == front.knee,
                config=trial.config,
            )
        )  # fmt: skip
    return rows


def write_front_csv(rows: Sequence[FrontRow], path: Path, guide: str) -> Path:
    """One line a trial and one column a parameter; empty where a parameter is inactive.

    Args:
        rows: From `front_rows`.
        path: The file to write, UTF-8.
        guide: Name of the guide metric, for the heading.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    with partial.open("w", encoding="utf-8", newline="") as file:
        file.write(front_csv(rows, guide))
    partial.replace(path)
    return path


def front_csv(rows: Sequence[FrontRow], guide: str) -> str:
    """The text of that file."""
    keys = sorted({key for row in rows for key in row.config})
    figures = ["gmacs", "size_mb", "parameters_m", "latency_ms"]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["trial", guide, *figures, "origin", "parent", "knee", *keys])
    for row in rows:
        values = [
            row.number, row.quality, row.gmacs, row.megabytes, row.parameters_m,
            row.latency_ms, row.origin, row.parent, "knee" if row.is_knee else "",
        ]  # fmt: skip
        writer.writerow([*values, *(row.config.get(key, "") for key in keys)])
    return text.getvalue()


def summarize(config: Config) -> str:
    """A config in one line: ``unet tf_efficientnet_lite3 loss=dice learning_rate=0.00123``."""
    words = []
    for key, value in config.items():
        name = key.rpartition(".")[2]
        words.append(compact(value) if key in _BARE else f"{name}={compact(value)}")
    return " ".join(words)


def compact(value: Value) -> str:
    """A value as short as a reader needs: three significant digits for real numbers."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)
