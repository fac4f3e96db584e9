"""Compressions as flags and configs spell them."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from automed.domain.compression import (
    METHODS,
    Compression,
    compression_of,
    dense,
    least_share,
    read_compressions,
    with_compression,
)
from automed.domain.config import Config
from automed.domain.errors import SpaceError

ROOT = Path(__file__).parents[2]
MODEL = Config({"model.encoder": "resnet18", "training.loss": "bce"})


def test_a_list_is_read_in_order_each_once_and_without_none():
    found = read_compressions("ptq, prune:0.3+ptq,none, prune:0.5:global:l1+ptq:percentile,ptq")
    spelled = [str(c) for c in found]
    assert spelled == ["ptq", "prune:0.3+ptq", "prune:0.5:global:l1+ptq:percentile"]
    assert found[2].importance == "l1"
    assert found[2].scope == "global"


EVERY = [
    Compression(method=method, **options)
    for method, options in itertools.product(
        METHODS,
        (
            {},
            {"ratio": 0.3, "scope": "global", "importance": "bn_scale", "sparsity_learning": True},
            {"sparsity": 0.75, "epochs": 3},
            {"calibration": "entropy", "ratio": 0.7, "epochs": 2},
        ),
    )
]


@pytest.mark.parametrize("compression", EVERY, ids=str)
def test_what_is_spelled_and_what_a_config_holds_is_what_was_meant(compression):
    read = read_compressions(f"{compression},sparse:0.66")
    if compression.method == "none":
        assert [c.sparsity for c in read] == [0.66]
        return
    assert read[0].keys == compression.keys
    config = with_compression(MODEL, compression)
    found = compression_of(config)
    assert found is not None
    assert found.keys == compression.keys
    assert dense(config) == MODEL
    assert compression_of(dense(config)) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prunee", ["there is no method 'prunee'", "did you mean 'prune'"]),
        ("ptq+prune", ["method"]),
        ("prune:1.5", ["ratio", "less than 1"]),
        ("ptq:0.5", ["ptq has no option '0.5'", "minmax"]),
        ("prune:globl", ["did you mean 'global'"]),
        ("", ["no method"]),
    ],
)
def test_what_cannot_be_read_is_said(text, words):
    with pytest.raises(SpaceError) as error:
        read_compressions(text)
    assert "--compress" in str(error.value)
    for word in words:
        assert word in str(error.value)


def test_a_config_with_a_key_that_its_method_does_not_read_is_refused():
    config = Config({"compression.method": "ptq", "compression.ratio": 0.5})
    with pytest.raises(SpaceError, match=r"compression\.ratio has no effect on ptq"):
        compression_of(config)


def test_no_measured_model_is_cheaper_than_the_least_that_is_assumed() -> None:
    lines = (ROOT / "benchmarks/results/compression_matrix.jsonl").read_text().splitlines()
    rows = [row for row in map(json.loads, lines) if "measured" in row and row["method"] != "none"]
    assert len(rows) > 500
    for row in rows:
        (compression,) = read_compressions(row["method"])
        for metric in ("macs", "parameters"):
            left = row["measured"][metric] / row["whole"][metric]
            assert left >= least_share(compression, metric), row
        if compression.quantized:
            stored = row["measured"]["size_bytes"] / (4 * row["whole"]["parameters"])
            assert stored >= least_share(compression, "size_bytes"), row


def test_auto_stands_alone() -> None:
    with pytest.raises(SpaceError, match="stands alone"):
        read_compressions("auto,ptq")
