"""A trained model becomes an int8 file through onnxruntime's static quantization."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from automed.artifact.export import export_onnx
from automed.artifact.session import open_session
from automed.compression import quantize_onnx as quantizing
from automed.compression.bench import Bench
from automed.compression.calibration import IMAGES, CalibrationImages
from automed.compression.ptq import Ptq
from automed.domain.compression import Compression
from automed.domain.decision import Decision
from automed.domain.errors import CompressionError, ExportError
from automed.domain.normalization import Normalization
from automed.domain.task import SegmentationTask
from automed.models.plain_unet import PlainUnet
from automed.registry.tasks import load_task
from automed.training.part import Part
from automed.training.recipe import Recipe

FLOAT, INT8 = onnx.TensorProto.FLOAT, onnx.TensorProto.INT8
NORMALIZATION = Normalization(mean=(0.4, 0.5, 0.6), std=(0.2, 0.25, 0.3))
TASK = SegmentationTask(name="masks", title="", classes=("thing",), image_size=(32, 32),
                        space=load_task("cell").space)  # fmt: skip
RECIPE = Recipe(loss="bce", optimizer="adamw", learning_rate=0.01, batch_size=4, epochs=4,
                precision="fp32")  # fmt: skip


def part(rows, samples=80):
    source = np.random.default_rng(0)
    images = source.integers(0, 256, (samples, 32, 32, 3), dtype=np.uint8)
    return Part(images, (images[..., 0] > 127).astype(np.uint8), np.asarray(rows))


def bench(calibration="minmax", method="ptq", **changes):
    given = Bench(
        Compression(method=method, calibration=calibration), TASK, RECIPE, part(range(70)),
        part(range(70, 80)), NORMALIZATION, 3, torch.device("cpu"), lambda _: Decision.CONTINUE,
    )  # fmt: skip
    return replace(given, **changes)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    net = PlainUnet(in_channels=3, classes=1, base_width=8)
    images = [torch.from_numpy(b) for b in CalibrationImages(bench()).batches(size=16)]
    with torch.no_grad():
        for _ in range(10):  # batch norm knows the data
            for batch in images:
                net.train()(batch)
    return net.eval()


@pytest.fixture(scope="module")
def made(model, tmp_path_factory):
    """The int8 file, the float file, and what was said."""
    folder = tmp_path_factory.mktemp("ptq")
    step = Ptq()
    plain = step.finalize(model, folder / "int8.onnx", bench())
    export_onnx(plain, folder / "float.onnx", (3, 32, 32))
    return folder, step.describe()


def initializers(path):
    graph = onnx.load(path).graph
    return graph, {i.name: onnx.numpy_helper.to_array(i) for i in graph.initializer}


def logits(path, images):
    return open_session(path, 1).run(None, {"image": images})[0]


def test_weights_are_int8_a_channel_and_activations_uint8(made):
    graph, values = initializers(made[0] / "int8.onnx")
    makers = {name: node for node in graph.node for name in node.output}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    assert convolutions
    for node in convolutions:
        image, weight = (makers[name] for name in node.input[:2])
        assert image.op_type == weight.op_type == "DequantizeLinear"
        assert values[image.input[2]].dtype == np.uint8
        kernel = values[weight.input[0]]
        assert kernel.dtype == np.int8
        assert values[weight.input[1]].shape == (kernel.shape[0],)


def test_logits_are_near_the_float_ones(made, model):
    images = next(CalibrationImages(bench()).batches(size=8))
    with torch.no_grad():
        wanted = model(torch.from_numpy(images)).numpy()
    assert quantizing.snr_db(wanted, logits(made[0] / "int8.onnx", images)) > 20


def test_it_says_what_was_done(made):
    graph, _ = initializers(made[0] / "int8.onnx")
    weighted = [node for node in graph.node if node.op_type in quantizing.WEIGHTED]
    assert made[1]["calibration"] == "minmax"
    assert made[1]["calibration_images"] == IMAGES["minmax"] == 64
    assert made[1]["quantized_nodes"] == len(weighted)
    assert made[1]["kept_float"] == 0
    assert made[1]["calibration_snr_db"] > 20


def test_same_seed_same_bytes_and_nothing_is_left_behind_or_said(
    made, model, tmp_path, monkeypatch, capfd
):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.chdir(tmp_path)
    handlers = list(logging.root.handlers)
    Ptq().finalize(model, tmp_path / "again.onnx", bench())
    assert (tmp_path / "again.onnx").read_bytes() == (made[0] / "int8.onnx").read_bytes()
    assert list((tmp_path / "temporary").iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.onnx", "temporary"]
    assert capfd.readouterr() == ("", "")
    assert logging.root.handlers == handlers


@pytest.mark.parametrize("calibration", ["percentile", "entropy"])
def test_calibration_decides_the_ranges(made, tmp_path, calibration):
    images = CalibrationImages(bench(calibration))
    quantizing.quantize_onnx(made[0] / "float.onnx", tmp_path / "other.onnx", images)
    (_, first), (_, other) = (
        initializers(p) for p in (made[0] / "int8.onnx", tmp_path / "other.onnx")
    )
    scales = [n for n in first if n.endswith("_scale") and first[n].shape == ()]
    assert all(other[name] <= first[name] * 1.01 for name in scales)
    assert any(other[name] < first[name] * 0.99 for name in scales)


def test_training_images_calibrate_normalized_as_in_training():
    images = CalibrationImages(bench())
    seen = np.concatenate(list(images.batches()))
    assert len(set(images.picked)) == 64
    raw = bench().train.images[bench().train.rows[images.picked]]
    mean, std = (np.array(v, np.float32) for v in (NORMALIZATION.mean, NORMALIZATION.std))
    wanted = ((raw / np.float32(255) - mean) / std).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(seen, wanted, atol=1e-6)


def test_the_seed_draws_the_images():
    draws = [tuple(CalibrationImages(bench(seed=seed)).picked) for seed in (3, 3, 4)]
    assert draws[0] == draws[1] != draws[2]


def test_few_training_images_all_calibrate():
    few = bench(train=part(range(5)))
    assert CalibrationImages(few).picked.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.thorough
def test_validation_images_do_not_matter(made, model, tmp_path):
    Ptq().finalize(model, tmp_path / "same.onnx", bench(val=part([70])))
    assert (tmp_path / "same.onnx").read_bytes() == (made[0] / "int8.onnx").read_bytes()


def test_a_model_without_weighted_layers_is_refused(tmp_path):
    with pytest.raises(CompressionError, match="nothing to quantize"):
        Ptq().finalize(nn.ReLU(), tmp_path / "int8.onnx", bench())
    assert not (tmp_path / "int8.onnx").exists()


def test_where_int8_is_too_far_off_some_activations_stay_float(made, tmp_path):
    path = tmp_path / "int8.onnx"
    images = CalibrationImages(bench())
    done = quantizing.quantize_onnx(made[0] / "float.onnx", path, images, enough_db=199.0)
    graph, values = initializers(path)
    makers = {name: node for node in graph.node for name in node.output}
    assert done.snr_db > made[1]["calibration_snr_db"]
    assert 0 < len(done.kept_float) <= 0.25 * (done.nodes + len(done.kept_float))
    for node in graph.node:
        if node.name in done.kept_float:
            source = makers.get(node.input[0])
            assert source is None or source.op_type != "DequantizeLinear"
            assert values[makers[node.input[1]].input[0]].dtype == np.int8
    assert path.stat().st_size < 1.1 * (made[0] / "int8.onnx").stat().st_size
    images = next(CalibrationImages(bench()).batches(size=8))
    wanted = logits(made[0] / "float.onnx", images)
    given = (quantizing.probabilities(x) for x in (wanted, logits(path, images)))
    assert quantizing.snr_db(*given) > done.snr_db - 5


@pytest.mark.parametrize("passes", [True, False])
def test_ranges_that_the_gate_refuses_are_not_fallen_back_to(made, tmp_path, monkeypatch, passes):
    really, nearness = quantizing.check_quantized, iter([10.0, 30.0])

    def gate(floating: Path, integer: Path, images: np.ndarray) -> None:
        if integer.name == "candidate.onnx" and not passes:
            raise ExportError("the range cuts off too much")
        really(floating, integer, images)

    monkeypatch.setattr(quantizing, "check_quantized", gate)
    monkeypatch.setattr(quantizing, "_accelerate", lambda *_: None)
    monkeypatch.setattr(quantizing._Search, "snr_db", lambda *_: next(nearness, 10.0))
    images = CalibrationImages(bench())
    done = quantizing.quantize_onnx(made[0] / "float.onnx", tmp_path / "int8.onnx", images)
    assert (done.calibration, done.snr_db) == (("percentile", 30.0) if passes else ("minmax", 10.0))


def test_snr_is_in_decibels():
    signal = np.full((2, 5), 10.0, np.float32)
    assert quantizing.snr_db(signal, signal + 1) == pytest.approx(20)
    assert quantizing.snr_db(signal, signal) == 200
    assert quantizing.snr_db(signal * 0, signal * 0) == 200
    assert quantizing.snr_db(signal, signal * np.nan) == -np.inf


def test_the_files_folder_is_the_only_place_written(made):
    assert {path.name for path in Path(made[0]).iterdir()} == {"int8.onnx", "float.onnx"}


def reverse_weights(graph):
    """A rewriting that is none: the largest weights the other way round."""
    largest = max(
        (t for t in graph.graph.initializer if t.data_type in (FLOAT, INT8)),
        key=lambda t: onnx.numpy_helper.to_array(t).size,
    )
    values = onnx.numpy_helper.to_array(largest)
    largest.CopyFrom(onnx.numpy_helper.from_array(values[::-1].copy(), largest.name))
    return 1


def test_a_rewriting_of_the_float_graph_that_changes_answers_is_caught(
    tmp_path, monkeypatch, model
):
    monkeypatch.setattr(quantizing, "fill_vectors", reverse_weights)
    with pytest.raises(ExportError, match="the float graph does not answer as before"):
        Ptq().finalize(model, tmp_path / "int8.onnx", bench())


@pytest.mark.parametrize("enough_db", [25.0, 150.0])
def test_a_rewriting_of_the_int8_graph_that_changes_answers_is_left_out(
    made, tmp_path, monkeypatch, enough_db
):
    monkeypatch.setattr(quantizing, "add_hard_sigmoids", reverse_weights)
    images, path = CalibrationImages(bench()), tmp_path / "int8.onnx"
    done = quantizing.quantize_onnx(made[0] / "float.onnx", path, images, enough_db=enough_db)
    pictures = next(images.batches(size=8))
    wanted = logits(made[0] / "float.onnx", pictures)
    given = (quantizing.probabilities(x) for x in (wanted, logits(path, pictures)))
    assert done.refused_db is not None
    assert done.refused_db < done.snr_db - 3
    assert quantizing.snr_db(*given) > done.snr_db - 5


def test_what_was_not_rewritten_is_told(tmp_path, monkeypatch, model):
    step = Ptq()
    step.finalize(model, tmp_path / "int8.onnx", bench())
    assert "refused_faster_db" not in step.describe()
    monkeypatch.setattr(quantizing, "add_hard_sigmoids", reverse_weights)
    step.finalize(model, tmp_path / "int8.onnx", bench())
    assert step.describe()["refused_faster_db"] < step.describe()["calibration_snr_db"]


@pytest.mark.parametrize(("floor", "passes"), [(70.0, True), (80.0, False)])
def test_a_float_graph_is_held_to_its_own_rounding(tmp_path, monkeypatch, made, floor, passes):
    really = quantizing._answers

    def noisy(model, inputs, *, optimized=True):
        # The first call is of the graph as it was; the rewritten one, and that without
        # onnxruntime's own optimization, differ from it as much as is said.
        answers = really(model, inputs, optimized=optimized)
        calls.append(optimized)
        far = {2: 68.0, 3: floor}.get(len(calls))
        return answers if far is None else answers * np.float32(1 + 10 ** (-far / 20))

    calls: list[bool] = []
    monkeypatch.setattr(quantizing, "_answers", noisy)
    source = made[0] / "float.onnx"
    images = CalibrationImages(bench())
    if passes:
        quantizing.quantize_onnx(source, tmp_path / "int8.onnx", images)
    else:
        with pytest.raises(ExportError, match="the float graph does not answer as before"):
            quantizing.quantize_onnx(source, tmp_path / "int8.onnx", images)
    assert calls[:3] == [True, True, False]
