"""Devices and precision."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from automed.domain.errors import TrainingError
from automed.training.device import autocast, computes_bf16, repeatable, resolve_device

CPU = torch.device("cpu")


def test_auto_takes_cuda_where_there_is_some():
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert resolve_device("auto").type == expected
    assert resolve_device("cpu") == CPU


@pytest.mark.parametrize("name", ["cuda:99", "gpu", "tpu0"])
def test_a_device_that_is_not_there_is_named(name):
    with pytest.raises(TrainingError, match=f"there is no device '{name}'"):
        resolve_device(name)


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="the CPU's flags are unknown here")
def test_bf16_is_native_exactly_where_the_cpu_says_so():
    flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    assert computes_bf16(CPU) == bool(flags & {"avx512_bf16", "amx_tile"})


@pytest.mark.parametrize(
    ("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)]
)
def test_precision_decides_what_a_convolution_gives(precision, dtype):
    with autocast(CPU, precision):
        assert torch.nn.Conv2d(1, 1, 1)(torch.rand(1, 1, 2, 2)).dtype is dtype


def test_auto_follows_the_cpu(monkeypatch):
    for native in (True, False):
        monkeypatch.setattr("automed.training.device.computes_bf16", lambda _, n=native: n)
        with autocast(CPU, "auto"):
            assert torch.is_autocast_enabled("cpu") == native


def test_cudnn_is_left_as_it_was_found():
    def settings():
        return torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic

    before = settings()
    with repeatable():
        assert settings() == (False, True)
    assert settings() == before
