"""The gates catch every sabotaged export and quantization, and let every honest one pass."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import nn

from automed.artifact.activation_ranges import check_ranges
from automed.artifact.parity import check_export, check_quantized, compare
from automed.artifact.qdq_graph import QdqGraph
from automed.artifact.session import OnnxForward
from automed.domain.errors import ExportError
from automed.domain.normalization import Normalization
from automed.training.forward import Forward

NETWORKS = [(nn.ReLU, 0), (nn.Hardswish, 1), (nn.ReLU6, 2), (nn.SiLU, 3)]


def initializer(model, name):
    return next(tensor for tensor in model.graph.initializer if tensor.name == name)


def change(model, name, new):
    """Replace an initializer by a function of its value."""
    tensor = initializer(model, name)
    value = np.array(numpy_helper.to_array(tensor))
    tensor.CopyFrom(numpy_helper.from_array(np.asarray(new(value), value.dtype), name))


def swapped(values, axis=0):
    """The first two channels exchanged."""
    order = np.arange(values.shape[axis])
    order[:2] = order[1], order[0]
    return np.take(values, order, axis)


def convolution(model, place):
    """One of the convolutions, in the order of the graph: 0 is the stem, 1 and 2 are alike."""
    return [node for node in model.graph.node if node.op_type == "Conv"][place]


def origin(model, tensor):
    """The initializer that a convolution's input comes from."""
    makers = {name: node for node in model.graph.node for name in node.output}
    return makers[tensor].input[0] if tensor in makers else tensor


def weight(model, place):
    return origin(model, convolution(model, place).input[1])


def exchange(model, one, other):
    first, second = (numpy_helper.to_array(initializer(model, name)) for name in (one, other))
    assert first.shape == second.shape
    change(model, one, lambda _: second.copy())
    change(model, other, lambda _: first.copy())


# Of a float file.


def no_bias(model):
    change(model, origin(model, convolution(model, 1).input[2]), np.zeros_like)


def blue_first(model):
    change(model, weight(model, 0), lambda w: w[:, ::-1])


def channels_swapped(model):
    change(model, weight(model, 1), swapped)


def inputs_swapped(model):
    change(model, weight(model, 2), lambda w: swapped(w, 1))


def layers_exchanged(model):
    exchange(model, weight(model, 1), weight(model, 2))


def sign_flipped(model):
    change(model, weight(model, 3), np.negative)


def half_precision(model):
    for place in range(4):
        change(model, weight(model, place), lambda w: w.astype(np.float16))


def padding_moved(model):
    pads = next(a for a in convolution(model, 0).attribute if a.name == "pads")
    pads.ints[:] = [2, 2, 0, 0]


FLOAT = [no_bias, blue_first, channels_swapped, inputs_swapped, layers_exchanged, sign_flipped,
         half_precision, padding_moved]  # fmt: skip


@pytest.mark.parametrize("sabotage", FLOAT, ids=lambda s: s.__name__)
def test_a_sabotaged_export_is_caught(files, normalization, tmp_path, sabotage):
    model = onnx.load(files.path)
    sabotage(model)
    onnx.save(model, tmp_path / "sabotaged.onnx")
    with pytest.raises(ExportError, match="does not compute what the model does"):
        check_export(compared(files, tmp_path / "sabotaged.onnx", normalization))


def test_a_file_that_is_fed_with_mean_and_deviation_swapped_is_caught(files, normalization):
    wrong = Normalization(mean=normalization.std, std=normalization.mean)
    with pytest.raises(ExportError, match="does not compute what the model does"):
        check_export(compared(files, files.path, normalization, wrong))


def test_a_file_for_one_batch_size_is_caught(files, normalization, tmp_path):
    model = onnx.load(files.path)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    onnx.save(model, tmp_path / "one.onnx")
    with pytest.raises(ExportError, match=r"cannot run .*one\.onnx"):
        compared(files, tmp_path / "one.onnx", normalization)


@pytest.mark.parametrize(("activation", "seed"), NETWORKS)
def test_an_honest_export_passes(files_of, normalization, activation, seed):
    files = files_of(activation, seed)
    comparison = compared(files, files.path, normalization)
    check_export(comparison)
    assert comparison.snr_db > 100


def compared(files, path, normalization, its=None):
    forward = Forward(files.model, normalization, torch.device("cpu"), "fp32")
    return compare(forward, OnnxForward(path, its or normalization, threads=1), files.images[:4])


# Of an int8 file.


def scale_of(model, place):
    return weight(model, place).removesuffix("_quantized") + "_scale"


def weight_scale_half_as_large_again(model):
    change(model, scale_of(model, 1), lambda s: s * 1.5)


def one_weight_scale_wrong(model):
    change(model, scale_of(model, 2), lambda s: np.concatenate([s[:-1], s[-1:] * 1.5]))


def weight_scales_swapped(model):
    change(model, scale_of(model, 1), swapped)


def int8_channels_swapped(model):
    change(model, weight(model, 1), swapped)
    change(model, scale_of(model, 1), swapped)


def wrong_axis(model):
    # 12 channels in and out: the file stays loadable.
    maker = next(n for n in model.graph.node if convolution(model, 1).input[1] in n.output)
    axis = next(a for a in maker.attribute if a.name == "axis")
    axis.i = 1


def coarse_weights(model):
    change(model, scale_of(model, 1), lambda s: s * 64)
    change(model, weight(model, 1), lambda q: np.round(q / 64))


def int8_sign_flipped(model):
    change(model, weight(model, 3), lambda q: -q.astype(np.int16))


def int8_bias_dropped(model):
    change(model, origin(model, convolution(model, 1).input[2]), np.zeros_like)


def bias_input_dropped(model):
    del convolution(model, 1).input[2]


def bias_scale_wrong(model):
    name = origin(model, convolution(model, 1).input[2])
    change(model, f"{name}_scale", lambda s: s * 2)
    change(model, name, lambda q: np.round(q / 2))


def weight_zero_point_shifted(model):
    name = weight(model, 1).removesuffix("_quantized") + "_zero_point"
    change(model, name, lambda z: z + 1)


def strides_changed(model):
    next(a for a in convolution(model, 1).attribute if a.name == "pads").ints[:] = [2, 2, 0, 0]


def rewired(model):
    convolution(model, 2).input[0] = convolution(model, 1).input[0]


def one_sided_zero_point(model):
    """Quantized with another zero point than it is dequantized with."""
    node = next(n for n in model.graph.node if n.op_type == "DequantizeLinear" and
                n.input[0].endswith("_QuantizeLinear_Output"))  # fmt: skip
    tensor = numpy_helper.to_array(initializer(model, node.input[2]))
    model.graph.initializer.append(numpy_helper.from_array(tensor + np.uint8(1), "shifted"))
    node.input[2] = "shifted"


STRUCTURE = [weight_scale_half_as_large_again, one_weight_scale_wrong, weight_scales_swapped,
             int8_channels_swapped, inputs_swapped, wrong_axis, coarse_weights, layers_exchanged,
             int8_sign_flipped, int8_bias_dropped, bias_input_dropped, bias_scale_wrong,
             weight_zero_point_shifted, strides_changed, rewired, one_sided_zero_point,
             blue_first]  # fmt: skip


@pytest.mark.parametrize("sabotage", STRUCTURE, ids=lambda s: s.__name__)
def test_a_sabotaged_quantization_is_caught(files, normalize, tmp_path, sabotage):
    model = onnx.load(files.int8)
    sabotage(model)
    refused(files, model, normalize, tmp_path, match="Conv|Linear")


@pytest.mark.parametrize(("activation", "seed"), NETWORKS)
@pytest.mark.parametrize(
    ("part", "new"),
    [
        ("scale", lambda s: s * 10),
        ("scale", lambda s: s / 10),
        ("zero_point", lambda z: (z.astype(int) + 128) % 256),
    ],
    ids=["ten times as wide", "a tenth as wide", "shifted by half"],
)
def test_no_activation_can_have_another_range(
    files_of, normalize, tmp_path, activation, seed, part, new
):
    files = files_of(activation, seed)
    names = [node.input[1 if part == "scale" else 2] for node in onnx.load(files.int8).graph.node
             if node.op_type == "QuantizeLinear"]  # fmt: skip
    assert len(names) > 5
    for name in dict.fromkeys(names):
        model = onnx.load(files.int8)
        change(model, name, new)
        onnx.save(model, tmp_path / "sabotaged.onnx")
        # Not the whole gate: it would see first that the scales of biases no longer fit.
        graphs = QdqGraph(files.prepared), QdqGraph(tmp_path / "sabotaged.onnx")
        with pytest.raises(ExportError, match=f"range of {name.removesuffix('_' + part)} "):
            check_ranges(*graphs, normalize(files.images[:4]))


@pytest.mark.parametrize(("activation", "seed"), NETWORKS)
def test_an_honest_quantization_passes_on_images_it_was_calibrated_with_and_on_others(
    files_of, normalize, images_of, activation, seed
):
    files = files_of(activation, seed)
    check_quantized(files.prepared, files.int8, normalize(files.images[:4]))
    check_quantized(files.prepared, files.int8, normalize(images_of(4, seed + 100)))


@pytest.mark.parametrize("method", ["Percentile", "Entropy"])
def test_calibrations_that_cut_off_outliers_pass(files, normalize, calibrate, capsys, method):
    pair = calibrate(files.path, files.images, method)
    check_quantized(*pair, normalize(files.images[:4]))


def test_quality_that_int8_loses_is_no_violation(files, normalization, normalize):
    forward = Forward(files.model, normalization, torch.device("cpu"), "fp32")
    int8 = OnnxForward(files.int8, normalization, threads=1)
    comparison = compare(forward, int8, files.images[:4])
    with pytest.raises(ExportError):
        check_export(comparison)
    assert 10 < comparison.snr_db < 60
    check_quantized(files.prepared, files.int8, normalize(files.images[:4]))


def test_a_float_file_is_not_taken_for_a_quantized_one(files, normalize):
    with pytest.raises(ExportError, match="is not quantized"):
        check_quantized(files.prepared, files.prepared, normalize(files.images[:1]))


def refused(files, model, normalize, folder, match):
    path = folder / "sabotaged.onnx"
    onnx.save(model, path)
    with pytest.raises(ExportError, match=match):
        check_quantized(files.prepared, path, normalize(files.images[:4]))
