"""The plugins of docs/examples: loaded, checked on their own parts, and searched."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from automed.registry import components as registry
from automed.registry.tasks import load_task
from automed.testing import run_check

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
QUICK = (
    "--no-pretrained", "--epochs", 1, "--image-size", 64, "--budget", 1,
    "--fix", "model.encoder=tf_mobilenetv3_small_075", "--fix", "model.architecture=unet",
    "--fix", "data.preprocess=raw", "--fix", "training.optimizer=adamw",
    "--fix", "training.learning_rate=0.001", "--fix", "training.loss=dice",
    "--max-gflops", 0.2,
)  # fmt: skip


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_DECLARED", {})
    monkeypatch.setattr(registry, "_WAITING", [])


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package as pip would install it: its modules, and what its entry points say."""
    site = tmp_path / "site"
    shutil.copytree(EXAMPLES / "mha_cells" / "mha_cells", site / "mha_cells")
    info = site / "mha_cells-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mha-cells\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[automed.tasks]\nmha_cell = mha_cells:task\n")
    monkeypatch.syspath_prepend(site)


def draw_metaimages(folder: Path) -> Path:
    for number in range(12):
        source = np.random.default_rng(number)
        rows, columns = np.indices((40, 44))
        mask = np.hypot(rows - source.integers(12, 28), columns - source.integers(12, 30)) < 9
        image = source.integers(0, 90, (40, 44, 3)) + 120 * mask[..., None]
        for kind, pixels in (("images", image), ("masks", 255 * mask[..., None])):
            (folder / kind).mkdir(parents=True, exist_ok=True)
            height, width, channels = pixels.shape
            head = (
                f"ObjectType = Image\nNDims = 2\nDimSize = {width} {height}\n"
                f"ElementNumberOfChannels = {channels}\nElementType = MET_UCHAR\n"
                "ElementDataFile = LOCAL\n"
            )
            file = folder / kind / f"{number:02}.mha"
            file.write_bytes(head.encode() + pixels.astype(np.uint8).tobytes())
    return folder


def test_a_package_with_a_reader_and_a_metric(
    automed, installed: None, workspace: Path, tmp_path: Path
) -> None:
    task = load_task("mha_cell")
    for check in ("survives_json", "space_is_complete", "own_components_work"):
        assert run_check(check, task) is None
    data = draw_metaimages(tmp_path / "data")
    done = automed("search", "mha_cell", "--data", data, "--name", "one", *QUICK)
    assert done.code == 0, done.out + done.err
    result = json.loads(next((workspace / "studies" / "one" / "trials").rglob("result.json"))
                        .read_text())  # fmt: skip
    assert 0 <= result["metrics"]["outline_f1"] <= 1
    listed = automed("plugin", "list")
    assert "mha-cells 0.1.0" in listed.out
    # The same, guided by the plugin's metric: confirm says that it cannot, before it trains.
    file = workspace / "studies" / "one" / "study.json"
    spec = json.loads(file.read_text())
    first, second, *rest = spec["task"]["objectives"]
    spec["task"]["objectives"] = [second, first, *rest]
    file.write_text(json.dumps(spec))
    refused = automed("confirm", "one")
    assert refused.code == 2
    assert "confirm cannot resample a plugin's own metric" in refused.err
    assert "the guide metric outline_f1" in refused.err


def test_a_file_that_is_data_alone(
    automed, real_data: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOMED_PLUGINS", str(EXAMPLES))
    task = load_task("blood_cell")
    for check in ("survives_json", "space_is_complete", "losses_and_optimizers_are_known"):
        assert run_check(check, task) is None
    data = real_data / "cell" / "segmentation_WBC" / "Dataset 1"
    done = automed("search", "blood_cell", "--data", data, "--name", "two", *QUICK)
    assert done.code == 0, done.out + done.err
    assert "Front of two" in done.out
