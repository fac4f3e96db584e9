"""Workers measure latencies one at a time: the lock holds between processes, and dies with them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from automed.artifact import latency
from automed.domain.errors import ExportError

HOLD = """
import sys
from automed.artifact.latency import _alone
with _alone():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_between_processes_and_freed_by_kill_nine(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latency.tempfile, "tempdir", str(tmp_path))  # not that of a real search
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(latency, "_WAIT", 0.1)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        refused = pytest.raises(ExportError, match="another measurement does not end")
        with refused, latency._alone():
            pytest.fail("two measure at a time")
    finally:
        holder.kill()
        holder.communicate()
    with latency._alone():
        assert list(tmp_path.glob("automed-latency-*.lock"))
