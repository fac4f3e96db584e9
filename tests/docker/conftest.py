"""The files in ``docker/`` as the tests read them: nothing of theirs is repeated here."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Compose:
    """``compose.yaml`` after its variables were filled in, as ``docker compose config`` does it."""

    services: dict[str, dict]
    secrets: dict[str, dict]
    volumes: dict[str, object]


@dataclass(frozen=True)
class Stage:
    """One ``FROM`` of the Dockerfile, up to the next."""

    name: str
    base: str
    lines: tuple[str, ...]

    def last(self, word: str) -> str | None:
        """What the last such instruction says."""
        found = [line for line in self.lines if line.startswith(f"{word} ")]
        return found[-1].removeprefix(f"{word} ") if found else None


def filled(text: str, variables: dict[str, str]) -> str:
    """The text with ``${NAME:-default}`` and ``${NAME:?message}`` replaced."""

    def value(found: re.Match[str]) -> str:
        name, kind, rest = found.groups()
        if name in variables:
            return variables[name]
        if kind == ":-":
            return rest
        raise KeyError(f"required variable {name} is missing a value: {rest}")

    return re.sub(r"\$\{(\w+)(:-|:\?)([^}]*)\}", value, text)


def read_compose(variables: dict[str, str]) -> Compose:
    content = yaml.safe_load(filled((ROOT / "docker" / "compose.yaml").read_text(), variables))
    return Compose(content["services"], content["secrets"], content["volumes"])


def read_stages() -> dict[str, Stage]:
    text = (ROOT / "docker" / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [" ".join(line.split()) for line in text.splitlines()]
    found: list[tuple[str, str, list[str]]] = []
    for line in lines:
        if start := re.fullmatch(r"FROM (\S+) AS (\S+)", line):
            found.append((start[2], start[1], []))
        elif found and line and not line.startswith("#"):
            found[-1][2].append(line)
    return {name: Stage(name, base, tuple(rest)) for name, base, rest in found}


def inherited(stages: dict[str, Stage], target: str, word: str) -> str | None:
    """An instruction of a stage or of the nearest stage below it that has one."""
    name: str | None = target
    while name in stages:
        if said := stages[name].last(word):
            return said
        name = stages[name].base
    return None


@pytest.fixture
def compose(tmp_path: Path) -> Compose:
    return read_compose({"AUTOMED_DB_PASSWORD_FILE": str(tmp_path / "password")})


@pytest.fixture
def stages() -> dict[str, Stage]:
    return read_stages()


def entrypoint(stages: dict[str, Stage], target: str) -> list[str]:
    return json.loads(inherited(stages, target, "ENTRYPOINT") or "[]")


def copied(stages: dict[str, Stage]) -> list[str]:
    """What ``COPY`` takes from the project."""
    lines = [line for stage in stages.values() for line in stage.lines if line.startswith("COPY ")]
    own = [line.split()[1:-1] for line in lines if "--from=" not in line]
    return [word for words in own for word in words if not word.startswith("--")]


def ignored(path: str) -> bool:
    """Whether ``.dockerignore`` keeps a path out; the last line that fits decides."""
    verdict = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.strip().removeprefix("!")
        if not pattern or pattern.startswith("#"):
            continue
        parts = re.split(r"(\*\*/|\*)", pattern)
        names = {"**/": "(?:.*/)?", "*": "[^/]*"}
        body = "".join(names.get(part, re.escape(part)) for part in parts)
        if re.fullmatch(f"{body}(?:/.*)?", path.replace(os.sep, "/")):
            verdict = not line.startswith("!")
    return verdict
