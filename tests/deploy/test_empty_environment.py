"""A bundle runs where automed is not installed: the one slow test of bundles."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from PIL import Image

from automed.deploy.export import REQUIREMENTS
from automed.deploy.predict import find_images, open_model, predict_images
from automed.deploy.read_bundle import read_bundle


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory):
    """A Python with what a manifest requires, and nothing else; skips without a registry."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder)
    python = next(p for p in folder.glob("*/python*") if p.stem == "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    install = ["install", "--quiet", "--retries", "0", "--timeout", "20", "--no-compile"]
    done = subprocess.run(
        [*pip, *install, *REQUIREMENTS], capture_output=True, text=True, timeout=500
    )
    if done.returncode:
        pytest.skip(f"pip cannot install {', '.join(REQUIREMENTS)}: {done.stderr.strip()[-200:]}")
    return python


def bare_run(python, *arguments, folder):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    return subprocess.run(
        [python, *map(str, arguments)],
        capture_output=True, text=True, timeout=120, env=clean, cwd=folder,
    )  # fmt: skip


def test_the_same_masks_where_automed_is_not_installed(
    bare_python, bundle_of, picture, tmp_path_factory
):
    away = tmp_path_factory.mktemp("elsewhere")
    photos = away / "photos"
    photos.mkdir()
    for number, size in enumerate([(70, 91), (300, 40), (32, 48), (21, 33)]):
        image = Image.fromarray(picture(number, *size))
        image.save(photos / f"{number}.png", quality=90)
        image.convert("L").save(photos / f"{number}.jpg")
    folder, _ = bundle_of(preprocess="crop+otsu+median", requirements=REQUIREMENTS)
    shutil.move(folder, away / "bundle")
    done = bare_run(bare_python, "-c", "import automed", folder=away)
    assert "No module named 'automed'" in done.stderr

    done = bare_run(
        bare_python, "-W", "error", "bundle/predict.py", photos, "-o", "bare", folder=away
    )
    assert done.returncode == 0, done.stderr

    model, bundle = open_model(away / "bundle"), read_bundle(away / "bundle")
    images = find_images([str(photos)], away / "ours")
    predict_images(model, bundle, images, away / "ours", tick=lambda done, total: None)
    files = sorted(p.relative_to(away / "ours") for p in (away / "ours").rglob("*.png"))
    assert len(files) == 16
    for name in files:
        with Image.open(away / "ours" / name) as ours, Image.open(away / "bare" / name) as bare:
            assert ours.tobytes() == bare.tobytes(), name
    ours, bare = ((away / of / "predictions.csv").read_text() for of in ("ours", "bare"))
    assert ours == bare

    (away / "bundle" / "runner" / "regions.py").unlink()
    done = bare_run(bare_python, "bundle/predict.py", photos, "-o", "again", folder=away)
    assert (done.returncode, done.stderr) == (
        2, "error: this bundle is damaged: runner/regions.py is missing; copy it again\n",
    )  # fmt: skip


def test_the_bundles_code_imports_what_the_manifest_lists_and_nothing_else(bundle_of):
    """The cheap half of the test above: no module of automed's, nor of its heavy libraries."""
    folder, _ = bundle_of()
    code = (
        "import sys, json; sys.path.insert(0, sys.argv[1]); import runner.command;"
        "print(json.dumps(sorted({m.partition('.')[0] for m in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, folder],
        capture_output=True, text=True, check=True, timeout=60, cwd=Path(folder).parent,
    )  # fmt: skip
    loaded = set(json.loads(done.stdout))
    assert loaded >= {"numpy", "onnxruntime", "PIL"}
    assert not loaded & {"automed", "torch", "cv2", "pydantic", "scipy", "tifffile", "onnx", "timm"}
