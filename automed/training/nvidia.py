"""The GPUs that NVIDIA's driver knows, whether or not torch can use them."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass

_SECONDS = 5.0


@dataclass(frozen=True)
class DriverView:
    """What ``nvidia-smi`` lists.

    Attributes:
        version: Of the driver.
        names: Of the GPUs.
    """

    version: str
    names: tuple[str, ...]


def driver_view() -> DriverView | None:
    """What the driver sees; None without a driver, or where it does not answer."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    command = [program, "--query-gpu=driver_version,name", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return None
    rows = [line.partition(",") for line in done.stdout.splitlines() if "," in line]
    names = tuple(name.strip() for _, _, name in rows)
    return DriverView(rows[0][0].strip(), names) if rows else None
