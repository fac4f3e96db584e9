"""The costs of paper 2's models, exactly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from automed.domain.config import Config
from automed.models.build import build_model
from automed.models.cost import predict_cost
from automed.registry.tasks import load_task

ORACLE = json.loads((Path(__file__).parent / "paper_costs.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", ORACLE["rows"], ids=lambda row: row["id"])
def test_parameters_and_macs_equal_the_papers_tables(row):
    task = load_task("polyp").replace(image_size=tuple(ORACLE["image_size"]))
    cost = predict_cost(Config(row["config"]), task)
    assert cost.parameters.value == row["params"]
    assert cost.macs.value == row["macs"]
    assert cost.input_shape == (3, 288, 384)
    assert {cost.macs.source, cost.parameters.source, cost.size_bytes.source} == {"predicted"}


def test_all_rows_of_the_tables_are_there():
    assert len(ORACLE["rows"]) == 16
    assert len({row["id"] for row in ORACLE["rows"]}) == 16


def test_the_counted_model_is_the_built_one():
    row = ORACLE["rows"][4]
    with torch.device("meta"):
        model = build_model(Config(row["config"]), load_task("polyp"))
    assert sum(p.numel() for p in model.parameters()) == row["params"]
