"""The toy study with compressed children: their costs, and a space that holds compressions."""

from __future__ import annotations

from typing import Any

import toy_study as toy

from automed.domain.compression import compression_of, dense, read_compressions
from automed.domain.config import Config
from automed.domain.cost import Cost, Quantity
from automed.domain.errors import CompressionError
from automed.domain.result import Result
from automed.domain.trial import Trial

LIST = read_compressions("ptq,prune:0.5+ptq")
REFUSED = read_compressions("prune:0.99")
"""Leaves nothing of a model."""

SEARCHED = """
[model.width]
choices = [0.25, 0.5, 1.0]
[training.loss]
choices = ["bce", "dice"]
[compression.method]
choices = ["none", "ptq", "prune"]
[compression.ratio]
choices = [0.3, 0.5]
when = { "compression.method" = "prune" }
"""


def cost_of(config: Config) -> Cost:
    whole = toy.cost_of(dense(config))
    compression = compression_of(config)
    if compression is None:
        return whole
    if compression.ratio == 0.99:
        raise CompressionError("nothing would be left of the model")
    left = (1 - compression.ratio) ** 2 if "prune" in compression.steps else 1.0
    stored = 0.27 if compression.quantized else 1.0
    macs, size = whole.macs.value * left, whole.size_bytes.value * left * stored
    return whole.model_copy(
        update={"macs": Quantity(value=macs), "size_bytes": Quantity(value=size)}
    )


def result_of(trial: Trial) -> Result:
    found: Any = toy.result_of(trial.replace(config=dense(trial.config)))
    made: Result = found.replace(cost=cost_of(trial.config), parent=trial.parent)
    return made


def train(trial: Trial, report: Any) -> Result:
    toy.train(trial.replace(config=dense(trial.config)), report)
    return result_of(trial)
