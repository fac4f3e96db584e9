"""What every method of compression owes the search, over a few kinds of network."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from automed.artifact.export import INPUT, OUTPUT
from automed.artifact.session import open_session
from automed.compression.bench import Bench
from automed.compression.method import Details
from automed.compression.methods import STEPS, compress
from automed.domain.compression import METHODS, Compression
from automed.domain.config import Config
from automed.domain.decision import Decision
from automed.domain.measurement import Measurement
from automed.domain.task import AnyTask
from automed.models.build import build_model
from automed.models.normalization import fixed_normalization
from automed.registry.tasks import load_task
from automed.training.fit import fit
from automed.training.part import Part
from automed.training.recipe import recipe_of

CPU = torch.device("cpu")
SIZE = (32, 32)
TRAINING = {
    "training.optimizer": "adamw", "training.learning_rate": 0.01,
    "training.weight_decay": 1e-3, "training.batch_size": 8,
}  # fmt: skip
MODELS = {
    "unet": {
        "model.architecture": "unet", "model.encoder": "test_efficientnet",
        "model.decoder_width": 0.25, "model.encoder_depth": 3, "training.loss": "bce+dice",
    },
    "deeplabv3plus": {
        "model.architecture": "deeplabv3plus", "model.encoder": "test_resnet",
        "model.decoder_channels": 32, "training.loss": "bce+dice",
    },
    "plain_unet": {
        "model.architecture": "plain_unet", "model.base_width": 8, "training.loss": "bce+dice",
    },
    "classifier": {"model.encoder": "test_resnet", "training.loss": "ce"},
}  # fmt: skip
QUIETEST = 8.0
"""Decibels that a quantized file's logits must stand above its error."""


@dataclass
class Made:
    """A compression with all that can be asked about it."""

    bench: Bench
    dense: nn.Module
    model: nn.Module
    details: Details
    path: Path
    heard: list[Measurement] = field(default_factory=list)


def images_of(task: AnyTask, samples: int = 24) -> Part:
    """Bright discs on noise, half of them brighter."""
    source = np.random.default_rng(0)
    images = source.integers(0, 80, (samples, *SIZE, 3), dtype=np.uint8)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    masks = np.zeros((samples, *SIZE), np.uint8)
    for number in range(samples):
        top, left = source.integers(9, 23, 2)
        masks[number] = (rows - top) ** 2 + (columns - left) ** 2 < 64
        images[number][masks[number] == 1] += np.uint8(80 + 80 * (number % 2))
    labels = np.arange(samples, dtype=np.int64) % 2
    targets = masks if task.kind == "segmentation" else labels
    return Part(images, targets, np.arange(samples))


@cache
def trained(name: str) -> tuple[nn.Module, Bench]:
    """A model that has learned a little, and a bench without compression."""
    config = Config({**MODELS[name], **TRAINING})
    task = load_task("leukemia" if name == "classifier" else "polyp")
    changes = {"classes": ("dark", "light")} if name == "classifier" else {}
    settings = task.training.replace(epochs=4, precision="fp32", schedule="cosine",
                                     frozen_share=0.0, freeze="none")  # fmt: skip
    task = task.replace(image_size=SIZE, training=settings, preprocess="raw", **changes)
    recipe = recipe_of(config, task)
    part = images_of(task)
    normalization = fixed_normalization(task)
    torch.manual_seed(0)
    model = build_model(config, task)
    train, val = replace(part, rows=part.rows[:16]), replace(part, rows=part.rows[16:])
    fit(model, task, recipe, train, val, normalization=normalization, seed=0, device=CPU,
        report=lambda _: Decision.CONTINUE)  # fmt: skip
    bench = Bench(
        compression=Compression(), task=task, recipe=recipe, train=train, val=val,
        normalization=normalization, seed=11, device=CPU, report=lambda _: Decision.CONTINUE,
    )  # fmt: skip
    return model.eval(), bench


def copied(name: str) -> nn.Module:
    """A second model with the same weights, as a search reads them from the parent's file."""
    model, bench = trained(name)
    other = build_model(Config(MODELS[name]), bench.task)
    other.load_state_dict(model.state_dict())
    return other.to(memory_format=torch.channels_last).eval()


def run(method: str, name: str, path: Path) -> Made:
    dense, plain_bench = trained(name)
    heard: list[Measurement] = []

    def report(measurement: Measurement) -> Decision:
        heard.append(measurement)
        return Decision.CONTINUE

    epochs = None if method in ("none", "ptq") else 1
    bench = replace(plain_bench, compression=Compression(method=method, epochs=epochs),
                    report=report)  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(5)
        model, details = compress(copied(name), path, bench)
    return Made(bench, dense, model, details, path, heard)


CASES = [
    ("none", "unet"), ("ptq", "classifier"), ("qat", "plain_unet"), ("sparse", "deeplabv3plus"),
    ("prune", "deeplabv3plus"), ("prune+ptq", "unet"), ("prune+qat", "classifier"),
]  # fmt: skip
"""Each method meets a network and each network some methods: an export takes seconds."""


@pytest.fixture(scope="module")
def made_of(tmp_path_factory: pytest.TempPathFactory):
    """Compresses each pair of method and model once, for all that is asked about it."""
    kept: dict[tuple[str, str], Made] = {}

    def made(method: str, name: str) -> Made:
        if (method, name) not in kept:
            path = tmp_path_factory.mktemp("made") / "model.onnx"
            kept[method, name] = run(method, name, path)
        return kept[method, name]

    return made


ELSEWHERE = (("ptq", "classifier"), ("sparse", "deeplabv3plus"), ("prune+ptq", "unet"))
"""Tests of the method alone, or through the command line, show the same of another network."""


@pytest.fixture(
    params=[
        pytest.param(
            case, marks=pytest.mark.thorough if case in ELSEWHERE else (), id="-".join(case)
        )
        for case in CASES
    ]
)
def made(request, made_of) -> Made:
    return made_of(*request.param)


def answers(path: Path, images: np.ndarray) -> np.ndarray:
    return open_session(path, threads=1).run([OUTPUT], {INPUT: images})[0]


def batch(images: int) -> np.ndarray:
    """Images as the model sees them, of the validation part."""
    _, bench = trained("unet")
    found, _ = bench.val.batch(np.arange(images), CPU)
    mean, std = (torch.tensor(v).view(1, -1, 1, 1)
                 for v in (bench.normalization.mean, bench.normalization.std))  # fmt: skip
    return ((found - mean) / std).contiguous().numpy()


def decibels(signal: np.ndarray, other: np.ndarray) -> float:
    noise = float(((signal - other) ** 2).mean())
    return float("inf") if noise == 0 else 10 * np.log10(float((signal**2).mean()) / noise)


def test_the_file_takes_batches_of_any_size_and_gives_finite_logits(made):
    session = open_session(made.path, threads=1)
    assert [node.name for node in session.get_inputs()] == [INPUT]
    assert [node.name for node in session.get_outputs()] == [OUTPUT]
    assert session.get_inputs()[0].shape[1:] == [3, *SIZE]
    for images in (1, 3):
        found = answers(made.path, batch(images))
        with torch.inference_mode():
            expected = made.dense(torch.from_numpy(batch(images)))
        assert found.shape == tuple(expected.shape)
        assert found.dtype == np.float32
        assert np.isfinite(found).all()


def test_file_and_model_agree(made):
    images = batch(8)
    with torch.inference_mode():
        expected = made.model(torch.from_numpy(images)).numpy()
    found = answers(made.path, images)
    if made.bench.compression.quantized:
        assert decibels(expected, found) > QUIETEST
        # Not the float model under another name.
        assert not np.allclose(found, expected, atol=1e-6)
    else:
        np.testing.assert_allclose(found, expected, atol=2e-4, rtol=2e-4)


def test_the_model_is_a_plain_one_on_the_cpu_in_eval_mode(made):
    assert not made.model.training
    for module in made.model.modules():
        assert not module.training
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
        assert not parametrize.is_parametrized(module)
    assert {p.device.type for p in made.model.parameters()} == {"cpu"}
    assert not [key for key in made.model.state_dict() if re.search("mask|_orig|parametriz", key)]


def test_the_details_can_be_stored_and_shown(made):
    assert json.loads(json.dumps(made.details)) == made.details
    for key, value in made.details.items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", key)
        assert isinstance(value, int | float | str)
        assert isinstance(value, str) or np.isfinite(value)
    assert bool(made.details) == (made.bench.compression.method != "none")


def test_fine_tuning_is_reported_epoch_by_epoch(made):
    tuned = [s for s in made.bench.compression.steps if s in ("qat", "sparse", "prune")]
    assert len(made.heard) == len(tuned)
    assert all(made.bench.task.guide in m.metrics for m in made.heard)


def test_it_does_something_and_less_than_destroy_the_model(made):
    if made.bench.compression.method == "none":
        return
    images = torch.from_numpy(batch(8))
    with torch.inference_mode():
        before = made.dense(images).numpy()
    after = answers(made.path, images.numpy())
    assert not np.allclose(before, after, atol=1e-6)
    assert np.abs(after).max() < 10 * np.abs(before).max()


@pytest.mark.thorough
@pytest.mark.parametrize("case", [("sparse", "deeplabv3plus"), ("prune+ptq", "unet")], ids="-".join)
def test_the_same_seed_makes_the_same_file(case, made_of, tmp_path):
    first = made_of(*case)
    torch.rand(7)
    second = run(*case, tmp_path / "again.onnx")
    assert second.details == first.details
    np.testing.assert_array_equal(answers(second.path, batch(4)), answers(first.path, batch(4)))


def test_every_method_that_can_be_asked_for_has_its_step():
    assert {step for method in METHODS for step in method.split("+")} == set(STEPS)
    assert {method for method, _ in CASES} == set(METHODS)
    assert {name for _, name in CASES} == set(MODELS)
