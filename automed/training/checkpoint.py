"""What a training needs to go on after an epoch, and when that is put on disk."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from automed.domain.digest import digest
from automed.domain.measurement import Measurement
from automed.training.checkpoint_file import read_state, write_state
from automed.training.evaluate import Evaluation

EVERY = 20.0
"""Seconds of training after which the next epoch's end is put on disk. So much work, and the epoch
under way, may be lost."""
TIMES = 20.0
"""Training takes at least so many times as long as writing did: on a busy disk the 300 MB of a
model with 20 million weights took from 2 to 6 s."""

_LIBRARIES = ("torch", "timm", "segmentation-models-pytorch", "pytorch-optimizer")
"""What models and optimizers are made of: with another version a training may not be the same."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A training after an epoch.

    Attributes:
        stage: Which of its stages it is in, from 0.
        stage_epochs: How many epochs of that stage are done.
        measurements: Of all epochs until now.
        best: What the best epoch's weights do on the validation part.
        model: The weights as they are.
        kept: The best epoch's.
        stopping: Of `EarlyStopping`.
        trainer: Of `Trainer`: optimizer and schedule.
        batches: Of `TrainingBatches`.
        random: Of torch's global generators, as `random_state` gives it.
    """

    stage: int
    stage_epochs: int
    measurements: tuple[Measurement, ...]
    best: Evaluation
    model: dict[str, Tensor]
    kept: dict[str, Tensor]
    stopping: dict[str, Any]
    trainer: dict[str, Any]
    batches: dict[str, Any]
    random: dict[str, Any]

    @property
    def best_epoch(self) -> int:
        """Counted from 1."""
        return int(self.stopping["best_epoch"])


class Checkpoints:
    """Writes and reads the checkpoint of one training. Only its last one is kept.

    Args:
        path: Of the file. None: there is none, and none is written.
        belongs_to: Names the training, as `training_digest` does.
        device: Where it trains.
    """

    def __init__(self, path: Path | None, belongs_to: str, device: torch.device) -> None:
        self._path = path
        self._belongs_to = belongs_to
        self._device = device
        self._last = time.monotonic()
        self._took = 0.0
        self._complained = False

    @property
    def due(self) -> bool:
        """Whether the next one should be written."""
        trained = time.monotonic() - self._last
        return self._path is not None and trained >= max(EVERY, TIMES * self._took)

    def read(self) -> Checkpoint | None:
        """The one on disk; None where there is none that this training can go on from."""
        if self._path is None:
            return None
        state = read_state(self._path, self._belongs_to, self._device)
        return None if state is None else _from_state(state)

    def write(self, checkpoint: Checkpoint) -> None:
        """Replace the one on disk. Where the disk is full, that stays; the first time is logged."""
        if self._path is None:
            return
        began = time.monotonic()
        try:
            write_state(self._path, _to_state(checkpoint), self._belongs_to)
        except OSError as error:
            if not self._complained:
                self._complained = True
                _log.warning(
                    "%s cannot be written; the training goes on without: %s", self._path, error
                )
        self._last = time.monotonic()
        self._took = self._last - began


def training_digest(device: torch.device, *settings: object) -> str:
    """Digest of what a training is a function of.

    Args:
        device: Its kind counts, for the numbers differ; its index does not.
        settings: Made of dicts, lists, numbers and strings.
    """
    return digest([device.type, {name: _version(name) for name in _LIBRARIES}, *settings])


def random_state(device: torch.device) -> dict[str, Tensor]:
    """Torch's global generators: the CPU's, and that of the device."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def restore_random_state(states: dict[str, Tensor], device: torch.device) -> None:
    """Put the generators back to where `random_state` found them."""
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)


def _to_state(checkpoint: Checkpoint) -> dict[str, Any]:
    best = checkpoint.best
    return {
        **{field.name: getattr(checkpoint, field.name) for field in fields(checkpoint)},
        "measurements": [m.model_dump() for m in checkpoint.measurements],
        "best": {
            "loss": best.loss,
            "metrics": best.metrics,
            "outputs": torch.from_numpy(best.outputs),
            "scores": None if best.scores is None else torch.from_numpy(best.scores),
        },
    }


def _from_state(state: dict[str, Any]) -> Checkpoint:
    best = state["best"]
    scores = best["scores"]
    evaluation = Evaluation(
        best["loss"], best["metrics"], best["outputs"].numpy(),
        None if scores is None else scores.numpy(),
    )  # fmt: skip
    measurements = tuple(Measurement(**values) for values in state["measurements"])
    return Checkpoint(**{**state, "best": evaluation, "measurements": measurements})


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:  # installed under another name
        return "unknown"
