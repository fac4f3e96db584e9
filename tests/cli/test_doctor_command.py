"""``automed doctor`` as a user runs it, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


def doctor(tmp_path: Path, *arguments: str, **changes) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ, "AUTOMED_WORKSPACE": str(tmp_path / "workspace"), "COLUMNS": "100",
        "HF_HUB_CACHE": str(tmp_path / "hub"), **changes,
    }  # fmt: skip
    for name in ("MLFLOW_TRACKING_URI", "CUDA_VISIBLE_DEVICES"):
        if name not in changes:
            environment.pop(name, None)
    return subprocess.run(
        [sys.executable, "-m", "automed", "doctor", *arguments], env=environment, text=True,
        capture_output=True, cwd=tmp_path, timeout=300,
    )  # fmt: skip


def findings(done: subprocess.CompletedProcess[str]) -> dict[str, dict]:
    return {finding["name"]: finding for finding in json.loads(done.stdout)["findings"]}


def test_a_table_with_what_to_type(tmp_path):
    done = doctor(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert any(line.split()[:2] == ["✓", "torch"] for line in lines)
    assert any(line.split()[:2] == ["!", "weights"] for line in lines)
    assert "    automed search cell --no-pretrained" in lines


def test_a_hidden_gpu_is_named(tmp_path):
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "nvidia-smi"
    program.write_text("#!/bin/sh\necho '580.65.06, NVIDIA H100 80GB HBM3'\n")
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    done = doctor(tmp_path, "--json", PATH=path, CUDA_VISIBLE_DEVICES="")
    gpu = findings(done)["GPU"]
    assert gpu["status"] == "warning"
    assert "NVIDIA H100 80GB HBM3 is here" in gpu["found"]
    assert gpu["fix"] == "unset CUDA_VISIBLE_DEVICES"
    assert "NVIDIA driver 580.65.06" in findings(done)["torch"]["found"]


def test_a_torch_that_does_not_import_is_a_cross_and_exit_code_1(tmp_path):
    (tmp_path / "broken" / "torch").mkdir(parents=True)
    (tmp_path / "broken" / "torch" / "__init__.py").write_text(
        "raise ImportError('libcudart.so.13: cannot open shared object file')"
    )
    done = doctor(tmp_path, "--json", PYTHONPATH=str(tmp_path / "broken"))
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    torch = findings(done)["torch"]
    assert torch["stops_searches"]
    assert "libcudart.so.13" in torch["found"]
    assert "pip install" in torch["fix"]
    assert "GPU" not in findings(done)


def test_a_workspace_that_cannot_be_is_exit_code_1(tmp_path):
    (tmp_path / "workspace").touch()
    done = doctor(tmp_path, "--workspace", str(tmp_path / "workspace" / "here"))
    assert done.returncode == 1, done.stderr
    assert "    export AUTOMED_WORKSPACE=~/automed-workspace" in done.stdout.splitlines()
    assert "No search can run" in done.stdout
