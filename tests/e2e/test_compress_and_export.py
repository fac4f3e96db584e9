"""From real images to a compressed file that predicts: search, children, front, bundle, masks."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from dsb2018_fields import link_fields, size_of
from PIL import Image

from automed.domain.compression import compression_of
from automed.domain.trial import TrialState
from automed.search.view import read_study

SMALL = (
    "--no-pretrained", "--epochs", 2, "--image-size", 64, "--budget", 1, "--name", "s",
    "--fix", "model.architecture=plain_unet", "--fix", "model.base_width=8",
    "--set", "training.batch_size=16", "--set", "training.learning_rate=1e-3..1e-2",
)  # fmt: skip


def values_of(path: Path) -> set[int]:
    with Image.open(path) as image:
        return set(np.unique(np.asarray(image)).tolist())


@pytest.fixture
def cells(real_data: Path, tmp_path: Path) -> Path:
    """Forty fluorescence images of dsb2018 and their masks, as links."""
    return link_fields(real_data, tmp_path / "cells")


@pytest.mark.real_data
def test_from_images_to_a_compressed_bundle(automed, cells: Path, workspace: Path, tmp_path: Path):
    done = automed("search", "cell", "--data", cells, *SMALL, "--artifact", "onnx",
                   "--compress", "ptq,prune:0.5:1ep+ptq",
                   "--no-groups", "one image a field")  # fmt: skip
    assert done.code == 0, done.out + done.err
    study = read_study(workspace / "studies" / "s")
    _, int8, both = study.trials
    assert [t.state for t in study.trials] == [TrialState.COMPLETE] * 3
    assert [t.parent for t in study.trials] == [None, 0, 0]
    assert [str(compression_of(t.config)) for t in (int8, both)] == ["ptq", "prune:0.5:1ep+ptq"]
    sizes = [t.result.cost.size_bytes.value for t in study.trials]
    assert sizes[1] < 0.4 * sizes[0]
    assert sizes[2] < 0.5 * sizes[1]
    for trial in study.trials:
        off = trial.predicted.size_bytes.value / trial.result.cost.size_bytes.value
        assert 0.7 < off < 1.4  # of files this small the graph is the larger part
    assert "child of 0" in done.out
    assert "1 of 1 trials" not in done.err

    more = automed("search", "cell", "--resume", "--name", "s", "--compress", "sparse:0.8:1ep")
    assert more.code == 0, more.out + more.err
    assert read_study(workspace / "studies" / "s").trials[3].parent == 0

    listed = automed("trials", "s")
    assert listed.code == 0, listed.out + listed.err
    lost = study.trials[1].result.metrics["dice"] - study.trials[0].result.metrics["dice"]
    assert f"{lost:+.4f}" in listed.out
    assert "child of 0" in listed.out
    assert "+ 3 compressed" in automed("studies").out

    bundle = tmp_path / "bundle"
    exported = automed("export", "s", "--trial", 2, "-o", bundle)
    assert exported.code == 0, exported.out + exported.err
    manifest = json.loads((bundle / "manifest.json").read_text())
    assert manifest["config"]["compression.method"] == "prune+ptq"
    masks = tmp_path / "masks"
    predicted = automed("predict", bundle, cells / "images", "-o", masks)
    assert predicted.code == 0, predicted.out + predicted.err
    drawn = sorted(masks.rglob("*.png"))
    assert len(drawn) >= 40
    table = next(masks.rglob("*.csv"))
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 40
    files = [p for p in drawn if "overlay" not in str(p)]
    assert {size_of(p) for p in files} == {(256, 256)}
    assert set.union(*(values_of(p) for p in files)) <= {0, 255}


@pytest.mark.thorough
def test_the_sampler_may_choose_how_to_compress(automed, small_pairs: Path, workspace: Path):
    done = automed("search", "polyp", "--data", small_pairs, *SMALL, "--artifact", "onnx",
                   "--compress", "auto", "--fix", "compression.method=ptq",
                   "--set", "compression.calibration=minmax")  # fmt: skip
    assert done.code == 0, done.out + done.err
    parent, child = read_study(workspace / "studies" / "s").trials
    assert (parent.parent, child.parent) == (None, 0)
    assert child.config["compression.method"] == "ptq"
    assert child.failure is None
    assert child.result.cost.size_bytes.value < 0.5 * parent.result.cost.size_bytes.value


def test_what_contradicts_itself_is_refused(automed, small_pairs: Path):
    for flags, words in (
        (("--compress", "pqt"), "there is no method 'pqt'"),
        (("--compress", "ptq", "--artifact", "weights"), "exclude each other"),
        (("--compress", "auto", "--artifact", "weights"), "exclude each other"),
        (("--artifact", "tflite"), "onnx or weights"),
        (("--max-drop", "-1"), "--max-drop"),
    ):
        done = automed("search", "polyp", "--data", small_pairs, *flags)
        assert done.code == 2
        assert words in done.err
