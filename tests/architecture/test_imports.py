"""The floors hold, and the check that guards them bites."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "ray", "optuna", "mlflow", "streamlit", "timm", "pandas", "cv2", "sklearn")


def loaded_by(code: str) -> set[str]:
    probe = f"import sys\n{code}\nprint(*sorted(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "code",
    [
        "import automed",
        "import automed.domain.task, automed.domain.front, automed.registry.tasks",
        "from automed import SegmentationTask, load_space; load_space('polyp')",
        "import automed.cli.app",
        "from typer.testing import CliRunner; import automed.cli.app as a; "
        "assert CliRunner().invoke(a.app, ['--help']).exit_code == 0",
        "from typer.testing import CliRunner; import automed.cli.app as a; "
        "assert CliRunner().invoke(a.app, ['search', '--help']).exit_code == 0",
    ],
)
def test_light_doors_load_nothing_heavy(code: str) -> None:
    assert loaded_by(code) == set()


def test_the_probe_sees_a_heavy_import() -> None:
    assert loaded_by("import optuna") >= {"optuna"}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    executable = Path(sys.executable).with_name("lint-imports")
    env = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        [str(executable), "--config", str(folder / ".importlinter"), "--no-cache"],
        cwd=folder, env=env, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "automed", tmp_path / "automed")
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("automed/domain/trial.py", "import automed.search.study"),
        ("automed/domain/trial.py", "import torch"),
        ("automed/training/schedules.py", "import optuna"),
        ("automed/models/cost.py", "import automed.data.split"),
        ("automed/search/study.py", "import mlflow"),
        ("automed/cli/dashboard.py", "import streamlit"),
    ],
)
def test_a_planted_violation_fails(copy: Path, file: str, line: str) -> None:
    with (copy / file).open("a") as source:
        source.write(f"\n{line}\n")
    done = lint(copy)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "BROKEN" in done.stdout


def test_the_floors_hold(copy: Path) -> None:
    done = lint(copy)
    assert done.returncode == 0, done.stdout + done.stderr
