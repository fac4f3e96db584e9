"""What the processor is called."""

from __future__ import annotations

import platform
import subprocess
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def cpu_name() -> str:
    """The processor's name as its maker wrote it, for example ``AMD EPYC 9R14``.

    Where the system does not tell, the kind of its instructions, such as ``aarch64``.
    """
    system = platform.system()
    found = ""
    if system == "Linux":
        found = _from_cpuinfo(Path("/proc/cpuinfo"))
    elif system == "Darwin":
        found = _from_sysctl()
    return " ".join(found.split()) or platform.processor() or platform.machine() or "unknown"


def _from_cpuinfo(path: Path) -> str:
    if not path.is_file():
        return ""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        key, _, value = line.partition(":")
        if key.strip().lower() in ("model name", "hardware", "cpu model"):
            return value.strip()
    return ""


def _from_sysctl() -> str:
    command = ["sysctl", "-n", "machdep.cpu.brand_string"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=5).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
