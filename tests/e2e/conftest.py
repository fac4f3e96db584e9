"""The command line, driven in this process: as a user would, but without the start-up time."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import mlflow  # noqa: F401 - here, so that no test's tracker imports it in its thread
import numpy as np
import pytest


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str


Automed = Callable[..., Done]


@pytest.fixture
def automed(
    workspace: Path,
    empty_store: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Automed:
    """Run ``automed`` with arguments; the workspace is empty but for MLflow's tables."""
    from automed.cli.app import main

    workspace.mkdir(exist_ok=True)
    shutil.copy(empty_store, workspace / "mlflow.db")

    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["automed", *quicker(map(str, arguments))])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        printed = capsys.readouterr()
        return Done(code, printed.out, printed.err)

    return run


def quicker(arguments: Iterable[str]) -> list[str]:
    """A search whose test is not about files scores in PyTorch: an export takes ten seconds."""
    given = list(arguments)
    plain = given[:1] == ["search"] and not {"--artifact", "--resume", "--help"} & set(given)
    return [*given, "--artifact", "weights"] if plain else given


@pytest.fixture
def small_pairs(tmp_path: Path) -> Path:
    """Twenty images of 40x48 with a bright disc each, and their masks."""
    return draw_pairs(tmp_path / "pairs", range(20))


def draw_pairs(folder: Path, numbers: Sequence[int]) -> Path:
    """Write ``images/NN.png`` and ``masks/NN.png``."""
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    for number in numbers:
        source = np.random.default_rng(number)
        image = source.integers(0, 90, (40, 48, 3), dtype=np.uint8)
        mask = np.zeros((40, 48), np.uint8)
        centre = (int(source.integers(10, 38)), int(source.integers(10, 30)))
        cv2.circle(mask, centre, int(source.integers(5, 10)), 255, -1)
        image[mask > 0] += 120
        cv2.imwrite(str(folder / "images" / f"{number:02d}.png"), image)
        cv2.imwrite(str(folder / "masks" / f"{number:02d}.png"), mask)
    return folder
