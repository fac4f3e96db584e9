"""Nodes of an int8 graph that are given float activations again."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from onnxruntime.quantization import quant_pre_process
from torch import nn

from automed.artifact.export import export_onnx
from automed.artifact.session import open_session
from automed.compression.calibration import activation_ranges
from automed.compression.float_activations import _bring_back, with_float_activations
from automed.compression.quantize_onnx import OPERATORS, WEIGHTED, quantized, snr_db

IMAGES = np.random.default_rng(0).standard_normal((4, 3, 16, 16), np.float32)


class Noise:
    """Calibration images of noise."""

    method = "minmax"

    def batches(self, size=None):
        yield IMAGES


class Residual(nn.Module):
    """Convolutions with a Relu, a Relu6 and a sum between them."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.third, self.last = nn.Conv2d(8, 8, 1), nn.Conv2d(16, 2, 1)

    def forward(self, image):
        one = torch.relu(self.first(image))
        two = torch.nn.functional.relu6(self.second(one))
        return self.last(torch.cat([two + self.third(one), one], 1))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The int8 model, the names of its weighted nodes, the float model and its logits."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("made")
    floating, graph = folder / "float.onnx", folder / "preprocessed.onnx"
    export_onnx(Residual().eval(), floating, (3, 16, 16))
    quant_pre_process(str(floating), str(graph), skip_symbolic_shape=True)
    model = quantized(graph, activation_ranges(graph, Noise(), OPERATORS, folder))
    nodes = [node.name for node in model.graph.node if node.op_type in WEIGHTED]
    return model, nodes, onnx.load(graph), open_session(floating, 1).run(None, {"image": IMAGES})[0]


def snr(model, wanted, folder):
    onnx.save(model, folder / "int8.onnx")
    return snr_db(wanted, open_session(folder / "int8.onnx", 1).run(None, {"image": IMAGES})[0])


def test_each_node_can_be_kept_and_nothing_of_the_network_is_lost(made, tmp_path):
    model, nodes, floating, wanted = made
    plain = snr(model, wanted, tmp_path)
    assert len(nodes) == 4
    assert not {"Relu", "Clip"} & {node.op_type for node in model.graph.node}
    for node in nodes:
        assert snr(with_float_activations(model, [node], floating), wanted, tmp_path) > plain - 1


def test_with_all_nodes_kept_only_weights_are_rounded(made, tmp_path):
    model, nodes, floating, wanted = made
    kept = with_float_activations(model, nodes, floating)
    assert snr(kept, wanted, tmp_path) > snr(model, wanted, tmp_path) + 3
    makers = {name: node for node in kept.graph.node for name in node.output}
    for node in kept.graph.node:
        if node.name in nodes:
            assert makers[node.input[1]].op_type == "DequantizeLinear"


def test_the_model_given_stays_as_it_was(made):
    model, nodes, floating, _ = made
    before = model.SerializeToString(deterministic=True)
    with_float_activations(model, nodes, floating)
    assert model.SerializeToString(deterministic=True) == before


def graph_of(*nodes, out="k"):
    value = helper.make_tensor_value_info
    return helper.make_graph(
        [helper.make_node(kind, *ends, name=name) for kind, name, *ends in nodes],
        "g", [value("x", TensorProto.FLOAT, [1, 6])], [value(out, TensorProto.FLOAT, [1, None])],
    )  # fmt: skip


def test_a_function_behind_any_output_of_a_node_comes_back():
    floating = graph_of(
        ("Split", "split", ["x"], ["a", "s", "c"]), ("Relu", "relu", ["s"], ["k"])
    )  # fmt: skip
    graph = graph_of(("Split", "split", ["x"], ["a", "k", "c"]))
    _bring_back(graph, floating, {"k"})
    assert [(n.op_type, list(n.output)) for n in graph.node] == [
        ("Split", ["a", "s", "c"]), ("Relu", ["k"]),
    ]  # fmt: skip
    assert graph.node[1].input[0] == "s"


def test_a_function_that_was_left_where_it_is_does_not_come_twice():
    floating = graph_of(
        ("Neg", "neg", ["x"], ["n"]), ("Relu", "relu", ["n"], ["r"]), ("Clip", "clip", ["r"], ["k"])
    )  # fmt: skip
    graph = graph_of(("Neg", "neg", ["x"], ["n"]), ("Relu", "relu", ["n"], ["k"]))
    _bring_back(graph, floating, {"k"})
    assert [(n.op_type, n.input[0], n.output[0]) for n in graph.node] == [
        ("Neg", "x", "n"), ("Relu", "n", "r"), ("Clip", "r", "k"),
    ]  # fmt: skip
