"""Latencies of real files, beside a reference that never changes."""

from __future__ import annotations

import importlib.util
import json
import os
import threading
import time

import onnx
import pytest
from onnx import helper

from automed.artifact import latency as module
from automed.artifact.cpu_name import cpu_name
from automed.artifact.latency import measure_latency
from automed.artifact.reference_clock import calibrated
from automed.artifact.reference_model import SHAPE, reference_model
from automed.domain.errors import ExportError, WorkspaceError


@pytest.fixture
def reference_file(tmp_path):
    path = tmp_path / "reference.onnx"
    path.write_bytes(reference_model())
    return path


@pytest.fixture
def heavier_file(tmp_path):
    """The reference with its widest layer computed four times more."""
    model = onnx.load_from_string(reference_model())
    nodes = list(model.graph.node)
    place = next(i for i, node in enumerate(nodes) if node.name == "dense")
    nodes[place + 2].input[0] = "again3"
    source = "dense.relu"
    for number in range(4):
        more = helper.make_node("Conv", [source, "square.weight"], [f"again{number}"],
                                kernel_shape=[1, 1])  # fmt: skip
        nodes.insert(place + 2 + number, more)
        source = f"again{number}"
    weight = next(w for w in model.graph.initializer if w.name == "decode.weight")
    square = onnx.numpy_helper.to_array(weight)[:, :, :1, :1].copy()
    model.graph.initializer.append(onnx.numpy_helper.from_array(square, "square.weight"))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, tmp_path / "heavier.onnx")
    return tmp_path / "heavier.onnx"


def test_the_reference_takes_as_long_as_itself_and_more_work_takes_longer(
    reference_file, heavier_file, tmp_path
):
    remembered = tmp_path / "times.json"
    same = measure_latency(reference_file, SHAPE, seconds=0.5, reference=remembered)
    more = measure_latency(heavier_file, SHAPE, seconds=0.5, reference=remembered)
    assert same.ratio == pytest.approx(1, rel=0.2)
    assert more.ratio > same.ratio * 1.05
    [(key, seconds)] = json.loads(remembered.read_text()).items()
    assert key == f"{cpu_name()} | {same.runtime} | 1 thread"
    assert more.p50_ms == pytest.approx(more.ratio * seconds * 1000, rel=1e-6)
    assert same.p95_ms >= same.p50_ms
    assert (same.threads, same.batch, same.device) == (1, 1, f"cpu: {cpu_name()}")
    assert same.runtime.startswith("onnxruntime ")


def test_a_batch_of_three_takes_longer_than_one_image(reference_file):
    one = measure_latency(reference_file, SHAPE, seconds=0.3)
    three = measure_latency(reference_file, SHAPE, seconds=0.3, batch=3)
    assert three.ratio > 1.7 * one.ratio
    assert three.batch == 3


def test_several_threads_are_timed_on_the_wall_and_say_so(reference_file):
    found = measure_latency(reference_file, SHAPE, threads=2, seconds=0.2)
    assert found.threads == 2
    assert found.runtime.endswith("(wall time)")


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system binds no threads")
def test_the_thread_is_bound_to_one_core_only_while_it_measures(reference_file, monkeypatch):
    before, during = os.sched_getaffinity(0), []
    real = module.paired_blocks

    def watched(*arguments):
        during.append(os.sched_getaffinity(0))
        return real(*arguments)

    monkeypatch.setattr(module, "paired_blocks", watched)
    measure_latency(reference_file, SHAPE, seconds=0.05)
    assert [len(cores) for cores in during] == [1]
    assert os.sched_getaffinity(0) == before


def test_two_measurements_never_overlap(reference_file, monkeypatch):
    running, most = [], []
    real = module.paired_blocks

    def watched(*arguments):
        running.append(1)
        most.append(len(running))
        time.sleep(0.2)
        try:
            return real(*arguments)
        finally:
            running.pop()

    monkeypatch.setattr(module, "paired_blocks", watched)
    workers = [
        threading.Thread(target=measure_latency, args=(reference_file, SHAPE),
                         kwargs={"seconds": 0.05})
        for _ in range(3)
    ]  # fmt: skip
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert most == [1, 1, 1]


def test_a_measurement_that_does_not_end_is_not_waited_for_forever(reference_file, monkeypatch):
    monkeypatch.setattr(module, "_WAIT", 0.1)
    with module._alone(), pytest.raises(ExportError, match="another measurement does not end"):
        in_a_thread(lambda: measure_latency(reference_file, SHAPE, seconds=0.05))


def in_a_thread(call):
    """As another process would: a lock of this thread is not its own."""
    errors = []

    def run():
        try:
            call()
        except ExportError as error:
            errors.append(error)

    worker = threading.Thread(target=run)
    worker.start()
    worker.join()
    if errors:
        raise errors[0]


def test_images_of_a_shape_that_the_file_does_not_take_are_refused(reference_file):
    with pytest.raises(ExportError, match=r"reference\.onnx[\s\S]*'batch', 3, 192, 192"):
        measure_latency(reference_file, (3, 64, 64))


def test_a_file_that_is_missing_or_no_model_is_refused(tmp_path):
    with pytest.raises(ExportError, match=r"none\.onnx is missing"):
        measure_latency(tmp_path / "none.onnx", SHAPE)
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(ExportError, match=r"cannot open .*text\.onnx"):
        measure_latency(tmp_path / "text.onnx", SHAPE)


@pytest.mark.parametrize("wrong", [{"threads": 0}, {"batch": 0}, {"seconds": 0.0}])
def test_counts_that_are_not_positive_are_refused(reference_file, wrong):
    with pytest.raises(ValueError, match=str(next(iter(wrong)))):
        measure_latency(reference_file, SHAPE, **wrong)


def test_a_runtime_that_is_not_installed_is_named(reference_file, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "openvino" else real(name)
    )
    with pytest.raises(ExportError, match="OpenVINO is not installed"):
        measure_latency(reference_file, SHAPE, runtime="openvino")


def test_openvino_measures_too(reference_file):
    pytest.importorskip("openvino")
    found = measure_latency(reference_file, SHAPE, seconds=0.2, runtime="openvino")
    assert found.ratio == pytest.approx(1, rel=0.3)
    assert found.runtime.startswith("openvino ")


def test_the_first_time_of_the_reference_is_kept_for_each_key(tmp_path):
    path = tmp_path / "folder" / "times.json"
    assert calibrated(path, "one", 0.005) == 0.005
    assert calibrated(path, "one", 0.007) == 0.005
    assert calibrated(path, "two", 0.006) == 0.006
    assert calibrated(path, "one", 0.004) == 0.005
    assert json.loads(path.read_text()) == {"one": 0.005, "two": 0.006}
    assert [file.name for file in path.parent.iterdir()] == ["times.json"]


@pytest.mark.parametrize("content", ["", "[]", '{"one": "soon"}', '{"one": -1}', '{"one": true}'])
def test_a_file_of_times_that_is_none_is_refused_by_name(tmp_path, content):
    path = tmp_path / "times.json"
    path.write_text(content)
    with pytest.raises(WorkspaceError, match=r"times\.json is not a file of reference times"):
        calibrated(path, "one", 0.005)


def test_the_reference_model_never_changes():
    first = reference_model()
    reference_model.cache_clear()
    assert reference_model() == first
    weights = [
        onnx.numpy_helper.to_array(w) for w in onnx.load_from_string(first).graph.initializer
    ]
    assert sum(w.size for w in weights) == 48_912
    assert sum(float(abs(w).sum()) for w in weights) == pytest.approx(3027.87, rel=1e-3)
