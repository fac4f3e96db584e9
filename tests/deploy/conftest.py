"""Bundles of tiny models that were never trained, made without a search."""

from __future__ import annotations

import hashlib
import io
from contextlib import redirect_stderr, redirect_stdout

import numpy as np
import onnx
import pytest
import torch
from onnx import helper, numpy_helper
from PIL import Image

from automed.deploy.write_bundle import write_bundle
from automed.domain.bundle import Bundle, Origin, WeightsOrigin
from automed.domain.config import Config
from automed.domain.cost import Cost, Quantity
from automed.domain.normalization import Normalization

SIZE = (32, 48)


class Blobs(torch.nn.Module):
    """Smooths the image and compares: masks with several regions, different for each class."""

    def __init__(self, channels, outputs, kind):
        super().__init__()
        torch.manual_seed(channels + outputs)
        self.filter = torch.nn.Conv2d(channels, outputs, 7, padding=3)
        self.pool = kind == "classification"

    def forward(self, image):
        found = 3 * self.filter(image)
        return found.mean((2, 3)) if self.pool else found

    def save(self, path):
        """As ONNX, written by hand: torch's exporter takes five seconds."""
        weight, bias = (3 * t.detach().numpy() for t in (self.filter.weight, self.filter.bias))
        constants = [
            numpy_helper.from_array(weight, "weight"),
            numpy_helper.from_array(bias, "bias"),
        ]
        nodes = [helper.make_node("Conv", ["image", "weight", "bias"], ["map"], pads=[3, 3, 3, 3])]
        if self.pool:
            constants.append(numpy_helper.from_array(np.array([2, 3]), "axes"))
            nodes.append(helper.make_node("ReduceMean", ["map", "axes"], ["logits"], keepdims=0))
        else:
            nodes[0].output[0] = "logits"
        outputs, channels = weight.shape[:2]
        shape = ["batch", outputs] if self.pool else ["batch", outputs, *SIZE]
        graph = helper.make_graph(
            nodes, "blobs",
            [helper.make_tensor_value_info("image", 1, ["batch", channels, *SIZE])],
            [helper.make_tensor_value_info("logits", 1, shape)], constants,
        )  # fmt: skip
        opset = helper.make_opsetid("", 20)
        onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=10), path)


@pytest.fixture(scope="session")
def onnx_of(tmp_path_factory):
    """``onnx_of(channels, outputs, kind)``: the model and its file, made once."""
    made = {}

    def of(channels, outputs, kind):
        key = channels, outputs, kind
        if key not in made:
            model = Blobs(*key).eval()
            path = tmp_path_factory.mktemp("onnx") / "model.onnx"
            model.save(path)
            made[key] = model, path
        return made[key]

    return of


@pytest.fixture
def bundle_of(onnx_of, tmp_path):
    """``bundle_of(classes=("polyp",), **fields)`` writes a bundle; gives folder and model."""

    def bundle(classes=("polyp",), kind="segmentation", channels=3, folder=None, **fields):
        outputs = len(classes) + (kind == "segmentation" and len(classes) > 1)
        model, path = onnx_of(channels, outputs, kind)
        target = folder or tmp_path / "bundle"
        write_bundle(manifest(path, classes, kind, channels, **fields), path, target)
        return target, model

    return bundle


def manifest(path, classes=("polyp",), kind="segmentation", channels=3, **fields):
    data = path.read_bytes()
    quantity = Quantity(value=1000, source="measured")
    given = {
        "kind": kind, "task": "polyp", "title": "Polyps", "classes": classes,
        "input_shape": (channels, *SIZE), "preprocess": "raw",
        "normalization": Normalization(mean=(0.4,) * channels, std=(0.3,) * channels),
        "threshold": None, "config": Config({"model.architecture": "unet"}),
        "metrics": {"dice": 0.5} if kind == "segmentation" else {"f1_macro": 0.5},
        "guide": "dice" if kind == "segmentation" else "f1_macro",
        "cost": Cost(parameters=quantity, macs=quantity, size_bytes=quantity,
                     input_shape=(channels, *SIZE)),
        "origin": Origin(study="tiny", trial=7, study_digest="a" * 64, data="tiny",
                         data_digest="b" * 64, split_digest="c" * 64, seed=0),
        "weights": WeightsOrigin(source="none", license="none needed"),
        "model_sha256": hashlib.sha256(data).hexdigest(), "model_bytes": len(data),
        "versions": {"automed (export)": "0"}, "requirements": ("numpy",),
    }  # fmt: skip
    return Bundle(**{**given, **fields})


@pytest.fixture
def picture():
    """``picture(seed, height, width, channels)``: smooth blobs, uint8."""

    def draw(seed, height=70, width=90, channels=3):
        source = np.random.default_rng(seed)
        rough = source.integers(0, 256, (9, 11, channels), dtype=np.uint8)
        planes = [
            Image.fromarray(rough[..., c]).resize((width, height), Image.Resampling.BICUBIC)
            for c in range(channels)
        ]
        return np.stack([np.asarray(p) for p in planes], axis=-1)

    return draw


@pytest.fixture
def command():
    """Runs the bundle's own command line in this process: ``command(folder, *arguments)``."""
    from automed.deploy.standalone.runner.command import main

    def run(folder, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            try:
                code = main(folder, [str(a) for a in arguments])
            except SystemExit as end:
                code = end.code
        return code, out.getvalue(), err.getvalue()

    return run
