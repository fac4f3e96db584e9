"""A state on disk is read whole and by its own training, or not at all."""

from __future__ import annotations

import logging

import pytest
import torch
from safetensors.torch import load_file

from automed.training.checkpoint_file import read_state, write_state

CPU = torch.device("cpu")
STATE = {"weights": {"a": torch.arange(5000.0), "b": torch.ones(3, dtype=torch.int64)}, "epoch": 3}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    write_state(path, STATE, "mine")
    return path


def assert_same(state):
    assert state["epoch"] == 3
    assert all(torch.equal(state["weights"][name], STATE["weights"][name]) for name in "ab")


def test_a_state_comes_back_without_a_word(path, caplog):
    assert_same(read_state(path, "mine", CPU))
    assert not caplog.records
    assert list(path.parent.iterdir()) == [path]
    assert sorted(t.numel() for t in load_file(path).values()) == [3, 5000]  # no pickle


def test_where_there_is_none_nothing_is_said(tmp_path, caplog):
    assert read_state(tmp_path / "checkpoint.safetensors", "mine", CPU) is None
    assert not caplog.records


def test_that_of_another_training_is_not_read(path, caplog):
    with caplog.at_level(logging.WARNING):
        assert read_state(path, "yours", CPU) is None
    assert "another training" in caplog.text
    assert str(path) in caplog.text


def cut(data):
    return data[:-1]


def half(data):
    return data[: len(data) // 2]


def empty(data):
    return b""


def flipped_in_a_tensor(data):
    return data[:-2000] + bytes([data[-2000] ^ 1]) + data[-1999:]


def flipped_in_the_text(data):
    return data.replace(rb"\"epoch\": 3", rb"\"epoch\": 4")


def noise(data):
    return bytes(range(256)) * 40


@pytest.mark.parametrize("damage", [cut, half, empty, flipped_in_a_tensor, flipped_in_the_text,
                                    noise])  # fmt: skip
def test_a_damaged_one_is_not_read(path, damage, caplog):
    before = path.read_bytes()
    path.write_bytes(damage(before))
    assert path.read_bytes() != before
    with caplog.at_level(logging.WARNING):
        assert read_state(path, "mine", CPU) is None
    [record] = caplog.records
    assert "starts anew" in record.getMessage()


def test_weights_without_a_state_are_not_read(tmp_path, caplog):
    from safetensors.torch import save_file

    save_file({"a": torch.ones(2)}, tmp_path / "other.safetensors")
    assert read_state(tmp_path / "other.safetensors", "mine", CPU) is None
    assert read_state(tmp_path, "mine", CPU) is None  # a folder
    assert [r.levelname for r in caplog.records] == ["WARNING"] * 2


def test_a_full_disk_leaves_the_file_that_was_there(path, files_no_larger_than):
    with files_no_larger_than(10_000), pytest.raises(OSError, match="File too large"):
        write_state(path, {"weights": torch.zeros(5000)}, "mine")
    assert_same(read_state(path, "mine", CPU))
    assert list(path.parent.iterdir()) == [path]
