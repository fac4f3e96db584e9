"""The Dockerfile: linted, pinned, without root or secrets, and fed with what it needs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .conftest import ROOT, copied, entrypoint, ignored, inherited

IMAGES = ("cpu", "cuda", "mlflow")
BIN = Path(sys.executable).parent


def hadolint(file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / "hadolint", "--no-color", file], capture_output=True, text=True, timeout=60
    )


def test_the_linter_has_nothing_to_say():
    done = hadolint(ROOT / "docker" / "Dockerfile")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("FROM python:latest AS base", "DL3007"),
        ("FROM base AS extra\nUSER root", "DL3002"),
        ("FROM base AS extra\nRUN cd /tmp && sudo true", "DL3004"),
    ],
)
def test_the_linter_bites(tmp_path, line, code):
    text = (ROOT / "docker" / "Dockerfile").read_text()
    if "base AS extra" not in line:
        text = re.sub("FROM python:.*", line, text, count=1)
    else:
        text += f"\n{line}\n"
    (tmp_path / "Dockerfile").write_text(text)
    done = hadolint(tmp_path / "Dockerfile")
    assert done.returncode == 1
    assert code in done.stdout


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_runs_as_somebody_and_can_be_asked_how_it_is(stages, image):
    assert inherited(stages, image, "USER") == "1000:1000"
    assert inherited(stages, image, "HEALTHCHECK") is not None
    assert entrypoint(stages, image)


def test_bases_are_pinned_and_build_tools_stay_behind(stages):
    outside = {stage.base for stage in stages.values()} - set(stages)
    assert outside
    assert all(re.search(r":\d+\.\d+\.\d+-slim", base) for base in outside), outside
    for image in IMAGES:
        name = image
        while name in stages:
            assert not any("pip install" in line for line in stages[name].lines), name
            name = stages[name].base


def test_no_secret_is_built_in(stages):
    lines = [line for stage in stages.values() for line in stage.lines]
    telling = [line for line in lines if line.split()[0] in ("ARG", "ENV", "COPY")]
    secret = re.compile(r"password|secret|token|api_?key|\.env\b", re.IGNORECASE)
    assert not [line for line in telling if secret.search(line)]


def test_what_is_copied_exists_and_reaches_the_builder(stages):
    for path in copied(stages):
        assert (ROOT / path).exists(), path
        assert not ignored(path), path


@pytest.mark.parametrize(
    "path",
    [".git/config", ".venv/bin/python", "automed-workspace/studies/cell-1/study.json", "mlflow.db",
     "docker/.env", "docker/password", "tests/conftest.py", "automed/domain/__pycache__/x.pyc"],
)  # fmt: skip
def test_nothing_else_reaches_the_builder(path):
    assert ignored(path)
    assert not ignored("automed/domain/trial.py")


def pinned() -> dict[str, str]:
    lines = (ROOT / "docker" / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def test_every_dependency_is_pinned_within_its_bounds():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    versions = pinned()
    wanted = [Requirement(text) for text in project["dependencies"]]
    assert len(wanted) > 20
    for requirement in wanted:
        version = versions.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement}: run docker/lock.py"
        assert requirement.specifier.contains(version), f"{requirement} but {version}"
    assert "psycopg-binary" in versions


def test_the_image_of_the_code_builds_from_what_it_is_given(stages, tmp_path):
    """The stage ``wheel``, line by line, in a folder that holds only what it copies."""
    for line in stages["wheel"].lines:
        if not line.startswith("COPY "):
            continue
        *sources, target = line.removeprefix("COPY ").split()
        for source in sources:
            place = tmp_path / (Path(source).name if target == "./" else target)
            if (ROOT / source).is_dir():
                leave = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / source, place, ignore=leave)
            else:
                shutil.copy(ROOT / source, place)
    run = next(line for line in stages["wheel"].lines if "pip wheel" in line)
    words = run.partition("pip wheel")[2].replace("/wheels", str(tmp_path / "wheels")).split()
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-build-isolation", *words],
        cwd=tmp_path, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (wheel,) = (tmp_path / "wheels").glob("automed-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for part in (
        "automed/cli/app.py",
        "automed/plugins/cell.py",
        "automed/search_spaces/cell.toml",
    ):
        assert part in names


def test_the_requirements_are_read_from_the_project(stages, tmp_path):
    run = next(line for line in stages["build"].lines if "tomllib" in line)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shell = run.removeprefix("RUN ").replace("python -c", f"{sys.executable} -c")
    subprocess.run(["sh", "-c", shell], cwd=tmp_path, check=True, timeout=60)
    lines = (tmp_path / "requirements.txt").read_text().splitlines()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    assert lines == [*project["dependencies"], *extras["postgres"], *extras["ray"]]
