"""Reading the measurements of a training back."""

from __future__ import annotations

from automed.domain.history import read_history
from automed.domain.measurement import Measurement


def _measurements(count):
    return tuple(
        Measurement(epoch=e, metrics={"dice": e / 10, "loss": float("nan")}, seconds=e)
        for e in range(1, count + 1)
    )


def _lines(measurements):
    return "".join(m.model_dump_json() + "\n" for m in measurements)


def test_what_was_written_is_read(tmp_path):
    path = tmp_path / "history.jsonl"
    path.write_text(_lines(_measurements(3)))
    found = read_history(path)
    assert [(m.epoch, m.metrics["dice"]) for m in found] == [(1, 0.1), (2, 0.2), (3, 0.3)]


def test_no_file_is_no_history(tmp_path):
    assert read_history(tmp_path / "history.jsonl") == ()


def test_a_torn_last_line_is_left_out(tmp_path):
    path = tmp_path / "history.jsonl"
    whole = _lines(_measurements(3)).encode()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        found = read_history(path)
        assert [m.epoch for m in found] == list(range(1, len(found) + 1))
        assert len(found) >= whole[:length].count(b"\n")


def test_bytes_that_are_no_text_end_the_history(tmp_path):
    path = tmp_path / "history.jsonl"
    path.write_bytes(_lines(_measurements(2)).encode() + b"\xff\x00\xfe\n")
    assert len(read_history(path)) == 2
