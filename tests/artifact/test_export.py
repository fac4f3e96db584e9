"""Files of models: the same weights give the same bytes, and nothing else is inside."""

from __future__ import annotations

import copy
import logging

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from automed import __version__
from automed.artifact.export import INPUT, OPSET, OUTPUT, export_onnx
from automed.artifact.parity import check_export, compare
from automed.artifact.session import OnnxForward, open_session
from automed.artifact.zipped import zipped_bytes
from automed.domain.errors import ExportError


def test_a_file_is_small_signed_and_tells_nothing_of_the_machine(files):
    content = files.path.read_bytes()
    model = onnx.load_from_string(content)
    onnx.checker.check_model(model, full_check=True)
    assert (model.producer_name, model.producer_version) == ("automed", __version__)
    props = {p.key: p.value for p in model.metadata_props}
    assert props == {"producer": "automed", "version": __version__}
    assert [(o.domain, o.version) for o in model.opset_import] == [("", OPSET)]
    weights = 4 * sum(p.numel() for p in files.model.parameters())
    assert len(content) < weights + 12_000
    for secret in (b"/home", b"site-packages", b"stack_trace", b".py"):
        assert secret not in content


def test_input_and_output_are_named_and_take_any_batch(files):
    session = open_session(files.path, threads=1)
    [given], [got] = session.get_inputs(), session.get_outputs()
    assert (given.name, given.shape) == (INPUT, ["batch", 3, 32, 48])
    assert (got.name, got.shape) == (OUTPUT, ["batch", 1, 32, 48])
    for batch in (1, 2, 5):
        images = np.zeros((batch, 3, 32, 48), np.float32)
        assert session.run(None, {INPUT: images})[0].shape == (batch, 1, 32, 48)


def test_the_same_weights_give_the_same_bytes_and_the_model_is_left_as_it_is(
    files, small_network, tmp_path
):
    model = small_network(0).train()
    model.stem[2].inplace = True
    before = copy.deepcopy(model.state_dict())
    export_onnx(model, tmp_path / "again.onnx", (3, 32, 48))
    assert (tmp_path / "again.onnx").read_bytes() == files.path.read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == ["again.onnx"]
    assert model.training
    assert model.stem[2].inplace
    assert all(p.requires_grad for p in model.parameters())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


class PadsOtherwise(nn.Module):
    """Takes the exporter's zeros for images that need no padding: as a traced branch would."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 1, 3)

    def forward(self, x):
        sides = (1, 1, 1, 1) if torch.compiler.is_exporting() else (2, 0, 2, 0)
        return self.layer(nn.functional.pad(x, sides))


def test_a_model_that_pads_otherwise_once_exported_is_caught(normalization, tmp_path):
    torch.manual_seed(0)
    model = PadsOtherwise().eval()
    export_onnx(model, tmp_path / "model.onnx", (3, 16, 16))
    file = OnnxForward(tmp_path / "model.onnx", normalization, threads=1)
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (normalization.mean, normalization.std))
    comparison = compare(lambda x: model((x - mean) / std), file, torch.rand(3, 3, 16, 16))
    with pytest.raises(ExportError, match=r"root mean square[\s\S]*at most 0\.0002 of it"):
        check_export(comparison)


class Untranslatable(nn.Module):
    def forward(self, x):
        return x if float(x.sum()) > 0 else -x


def test_a_model_that_cannot_be_translated_is_refused_in_one_quiet_line(tmp_path, capfd):
    path = tmp_path / "model.onnx"
    with pytest.raises(ExportError, match="cannot be exported") as caught:
        export_onnx(Untranslatable(), path, (3, 16, 16))
    assert caught.value.found
    assert "\x1b" not in str(caught.value)
    assert not path.exists()
    assert capfd.readouterr() == ("", "")
    assert logging.root.manager.disable == logging.NOTSET


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_model_on_a_gpu_gives_the_same_file(files, small_network, tmp_path):
    model = small_network(0).cuda()
    export_onnx(model, tmp_path / "model.onnx", (3, 32, 48))
    assert next(model.parameters()).is_cuda
    assert (tmp_path / "model.onnx").read_bytes() == files.path.read_bytes()


def test_identical_logits_have_a_finite_signal_to_noise_ratio():
    images = torch.rand(3, 1, 4, 4)
    comparison = compare(lambda x: x, lambda x: x.clone(), images)
    check_export(comparison)
    assert (comparison.max_difference, comparison.snr_db) == (0, 140)


def test_the_figures_of_a_comparison_are_those_of_their_definition():
    images = torch.rand(5, 2, 4, 4)
    comparison = compare(lambda x: x, lambda x: x + 0.01, images)
    power = float(images.double().square().mean())
    assert comparison.max_difference == pytest.approx(0.01, rel=1e-4)
    assert comparison.snr_db == pytest.approx(10 * np.log10(power / 1e-4), abs=1e-3)
    assert comparison.scale == pytest.approx(power**0.5)


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        (lambda x: x * float("nan"), "the file's logits are not finite"),
        (lambda x: x[:, :, 1:], "another shape"),
    ],
)
def test_logits_that_cannot_be_compared_are_refused(file, problem):
    with pytest.raises(ExportError, match=problem):
        compare(lambda x: x, file, torch.rand(2, 1, 4, 4))


def test_logits_of_zeros_alone_do_not_hide_a_difference():
    comparison = compare(torch.zeros_like, lambda x: x * 1e-9, torch.rand(2, 1, 4, 4))
    with pytest.raises(ExportError, match="does not compute"):
        check_export(comparison)


def test_zeros_among_the_weights_show_in_the_deflated_size_alone(tmp_path):
    source = np.random.default_rng(0)
    dense = source.standard_normal(400_000).astype(np.float32)
    sparse = np.where(source.random(dense.size) < 0.9, 0, dense).astype(np.float32)
    sizes = {}
    for name, values in {"dense": dense, "sparse": sparse}.items():
        path = tmp_path / name
        path.write_bytes(values.tobytes())
        sizes[name] = zipped_bytes(path)
        assert path.stat().st_size == 1_600_000
    assert 0.85 < sizes["dense"] / 1.6e6 < 1
    assert sizes["sparse"] < 0.2 * sizes["dense"]


def test_the_deflated_size_is_that_of_a_zip_archive(tmp_path):
    import zipfile

    path = tmp_path / "model.onnx"
    path.write_bytes(bytes(range(256)) * 9000)
    with zipfile.ZipFile(
        tmp_path / "model.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=6
    ) as zipped:
        zipped.write(path, path.name)
        expected = zipped.getinfo(path.name).compress_size
    assert zipped_bytes(path) == pytest.approx(expected, abs=16)
