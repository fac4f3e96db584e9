"""Trials with made-up figures, and pictures read back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from automed.domain.config import Config
from automed.domain.cost import Cost, Quantity
from automed.domain.objective import Objective
from automed.domain.result import Result
from automed.domain.trial import Trial, TrialState

DICE = Objective(metric="dice", reference=0.0)
MACS = Objective(metric="macs", direction="minimize")
SIZE = Objective(metric="size_bytes", direction="minimize")


def make_trial(
    number: int,
    dice: float = 0.8,
    gmacs: float = 1.0,
    megabytes: float = 10.0,
    state: TrialState = TrialState.COMPLETE,
    origin: str = "tpe",
    config: dict | None = None,
) -> Trial:
    cost = Cost(
        parameters=Quantity(value=megabytes * 1e6 / 4),
        macs=Quantity(value=gmacs * 1e9),
        size_bytes=Quantity(value=megabytes * 1e6),
        input_shape=(3, 288, 384),
    )
    result = Result(
        metrics={"dice": dice, "iou": dice / 2}, cost=cost, epochs=5, best_epoch=3, seconds=9.0,
        split_digest="5",
    )  # fmt: skip
    values = {"model.encoder": "tf_efficientnet_lite3", "training.learning_rate": 0.00123456}
    return Trial(
        number=number, config=Config(config or values), seed=number, state=state, origin=origin,
        result=result if state is TrialState.COMPLETE else None,
    )  # fmt: skip


@pytest.fixture(scope="session")
def trial() -> Callable[..., Trial]:
    return make_trial


@pytest.fixture(scope="session")
def objectives() -> tuple[Objective, ...]:
    return (DICE, MACS, SIZE)


@pytest.fixture
def pixels() -> Callable[[Path], np.ndarray]:
    """A picture as uint8 (H, W, 3)."""

    def read(path: Path) -> np.ndarray:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))

    return read
