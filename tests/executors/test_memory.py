"""Memory within the limits of control groups, of both versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from automed.executors.memory import Memory, available_memory

GIB = 2**30


@pytest.fixture
def info(tmp_path: Path) -> Path:
    file = tmp_path / "meminfo"
    file.write_text(f"MemTotal: {16 * 2**20} kB\nMemFree: 1 kB\nMemAvailable: {9 * 2**20} kB\n")
    return file


def group(folder: Path, **files: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("_", ".", 1)).write_text(f"{content}\n")


def test_without_control_groups_it_is_the_machines(tmp_path, info):
    seen = available_memory(tmp_path / "none", tmp_path / "none either", info)
    assert seen == Memory(16 * GIB, 9 * GIB)


def test_the_tightest_group_above_counts(tmp_path, info):
    own = tmp_path / "own"
    own.write_text("0::/slurm/job\n")
    group(tmp_path / "root" / "slurm", memory_max=4 * GIB, memory_current=GIB)
    group(tmp_path / "root" / "slurm" / "job", memory_max="max", memory_current=GIB)
    assert available_memory(tmp_path / "root", own, info) == Memory(4 * GIB, 3 * GIB)


def test_version_one(tmp_path, info):
    own = tmp_path / "own"
    own.write_text("5:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n")
    group(tmp_path / "root" / "memory" / "docker" / "x",
          memory_limit_in_bytes=2 * GIB, memory_usage_in_bytes=3 * GIB)  # fmt: skip
    assert available_memory(tmp_path / "root", own, info) == Memory(2 * GIB, 0)


def test_elsewhere_than_on_linux_nothing_is_told(tmp_path):
    assert available_memory(tmp_path, tmp_path / "own", tmp_path / "meminfo") is None
