"""From a study on disk to a bundle that predicts what the study's model predicts."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from automed.data.cache import build_cache
from automed.data.dataset import Dataset
from automed.deploy import trained
from automed.deploy.export import export_trial
from automed.deploy.read_bundle import read_bundle
from automed.deploy.standalone.runner.model import Model
from automed.deploy.trained import NOT_COMPARED
from automed.domain.budget import Budget, Spent
from automed.domain.component import Preprocessing
from automed.domain.config import Config
from automed.domain.cost import Cost, Quantity
from automed.domain.errors import BundleError, ExportError, WeightsError
from automed.domain.normalization import Normalization
from automed.domain.parity import Parity
from automed.domain.result import Result
from automed.domain.sample import Sample
from automed.domain.split import Split
from automed.domain.study_spec import DataRef, StudySpec
from automed.domain.trial import Trial, TrialState
from automed.models.build import build_model
from automed.models.weights_file import save_weights
from automed.registry import components as registry
from automed.registry.tasks import load_task
from automed.search.view import StudyView

SIZE = (32, 48)
CONFIG = Config({
    "model.architecture": "unet", "model.encoder": "test_efficientnet",
    "model.decoder_width": 0.25, "data.preprocess": "otsu",
})  # fmt: skip
WEIGHTS = "trials/0007/weights.safetensors"
NORMALIZATION = Normalization(mean=(0.4,) * 3, std=(0.3,) * 3)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study with one trial, whose model was never trained, and the cache of its images."""
    root = tmp_path_factory.mktemp("study")
    task = load_task("polyp").replace(image_size=SIZE)
    dataset = _dataset(root / "data")
    build_cache(dataset, task.replace(preprocess="otsu"), root / "cache")
    split = Split(train=("s0", "s1"), val=("s2", "s3"), test=("s4",), seed=0, grouped_by=None)
    spec = StudySpec(
        name="tiny", task=task, split_digest=split.digest, budget=Budget(trials=1), version="0",
        data=DataRef(name="demo", path=str(dataset.root), digest=dataset.digest),
    )  # fmt: skip
    folder = root / "studies/tiny"
    (folder / "trials/0007").mkdir(parents=True)
    (folder / "split.json").write_text(split.model_dump_json())
    torch.manual_seed(0)
    save_weights(build_model(CONFIG, task).eval(), folder / WEIGHTS)
    np.savez(folder / "trials/0007/preview.npz", counts=np.array([[9, 1, 2, 8], [5, 5, 5, 5]]))
    return StudyView(folder, spec, (_trial(),), None, Spent())


def _dataset(folder):
    folder.mkdir()
    samples = []
    for number in range(5):
        source = np.random.default_rng(number)
        cv2.imwrite(
            str(folder / f"{number}.png"), source.integers(0, 256, (40, 52, 3), dtype=np.uint8)
        )
        mask = np.zeros((40, 52), np.uint8)
        mask[8:20, 9:30] = 255
        cv2.imwrite(str(folder / f"{number}_mask.png"), mask)
        samples.append(
            Sample(id=f"s{number}", image=f"{number}.png", masks=(f"{number}_mask.png",))
        )
    return Dataset(root=folder, samples=tuple(samples), layout="test", classes=("polyp",))


def _trial(**changes):
    quantity = Quantity(value=1000)
    cost = Cost(parameters=quantity, macs=quantity, size_bytes=quantity, input_shape=(3, *SIZE))
    result = Result(
        metrics={"dice": 0.6, "dice_pooled": 0.6, "loss": 1.5}, cost=cost, epochs=1, best_epoch=1,
        seconds=1, weights=WEIGHTS, threshold=0.4, split_digest="c" * 64,
        normalization=NORMALIZATION,
    )  # fmt: skip
    changes = {"result": result.replace(**changes.pop("result", {})), **changes}
    return Trial(
        **{"number": 7, "config": CONFIG, "seed": 0, "state": TrialState.COMPLETE,
           "predicted": cost, **changes}
    )  # fmt: skip


@pytest.fixture(scope="module")
def exported(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles") / "tiny"
    cache = study.folder.parents[1] / "cache"
    return folder, export_trial(study, study.trials[0], folder, cache)


def test_a_plugins_own_preprocessing_is_refused_before_anything_is_exported(
    study, tmp_path, monkeypatch
):
    monkeypatch.setattr(registry, "_DECLARED", {})
    registry.declare([Preprocessing("deglare", apply=lambda image: image)], "a plugin")
    own = Config({**CONFIG.root, "data.preprocess": "otsu+deglare"})
    with pytest.raises(BundleError, match="cannot do the preprocessing 'deglare'"):
        export_trial(study, _trial(config=own), tmp_path / "b", study.folder.parents[1] / "cache")
    assert not (tmp_path / "b").exists()


def test_weights_are_exported_and_compared_on_validation_images(exported):
    folder, bundle = exported
    assert read_bundle(folder) == bundle
    assert bundle.parity is not None
    assert bundle.parity.max_difference < 1e-3
    assert not any(NOT_COMPARED in remark for remark in bundle.remarks)
    model = (folder / "model.onnx").read_bytes()
    assert bundle.model_sha256 == hashlib.sha256(model).hexdigest()
    assert bundle.cost.size_bytes == Quantity(value=len(model), source="measured")


def test_the_manifest_says_where_the_model_comes_from(exported, study):
    _, bundle = exported
    assert bundle.preprocess == "otsu"
    assert bundle.threshold == 0.4
    assert bundle.demo
    assert (bundle.origin.study, bundle.origin.trial) == ("tiny", 7)
    assert bundle.origin.study_digest == study.spec.digest
    assert bundle.weights.source == "none: trained from random weights"
    assert bundle.versions["onnxruntime"][0].isdigit()
    assert bundle.validation_images == 2
    assert bundle.intervals["dice"].low < 0.6 < bundle.intervals["dice"].high
    assert "loss" not in bundle.intervals
    assert not any("opencv" in one for one in bundle.requirements)


def test_it_predicts_what_the_studys_model_predicts(exported, study):
    folder, _ = exported
    from automed.data.cache import cache_key, open_cache
    from automed.models.weights_file import load_weights

    task = study.spec.task.replace(preprocess="otsu")
    model = build_model(CONFIG, task).eval()
    load_weights(model, study.folder / WEIGHTS)
    images = open_cache(
        study.folder.parents[1] / "cache", cache_key(study.spec.data.digest, task)
    ).images
    runner = Model(folder, threads=1)
    for number in range(5):
        pixels = torch.from_numpy(np.array(images[number])).permute(2, 0, 1)[None].float() / 255
        with torch.inference_mode():
            expected = model((pixels - 0.4) / 0.3)[0].numpy()
        with Image.open(study.folder.parents[1] / f"data/{number}.png") as image:
            found, _ = runner.logits(np.asarray(image))
        assert found == pytest.approx(expected, abs=1e-4 * float(np.abs(expected).max()))


def given_by_the_search(study, tmp_path, exported, **changes):
    """The study with the exported file as the artifact that its search scored."""
    folder = tmp_path / "studies/tiny"
    shutil.copytree(study.folder, folder)
    shutil.copy(exported[0] / "model.onnx", folder / "trials/0007/model.onnx")
    parity = Parity(max_difference=1e-5, snr_db=100, metrics={"dice": 0.7})
    result = {"artifact": "trials/0007/model.onnx", "parity": parity, "remarks": ("mind this",)}
    trial = _trial(result=result, **changes)
    return StudyView(folder, study.spec, (trial,), None, Spent()), trial


def test_a_file_that_the_search_scored_is_taken_as_it_is(study, tmp_path, exported):
    view, trial = given_by_the_search(study, tmp_path, exported)
    bundle = export_trial(view, trial, tmp_path / "out", tmp_path)
    assert (tmp_path / "out/model.onnx").read_bytes() == (exported[0] / "model.onnx").read_bytes()
    assert bundle.parity == trial.result.parity
    assert bundle.remarks == ("mind this",)
    assert bundle.cost == trial.result.cost
    assert "mind this" in (tmp_path / "out/card.md").read_text()


def test_a_compressed_child_names_its_parent(study, tmp_path, exported):
    config = Config({**dict(CONFIG.items()), "compression.method": "ptq"})
    view, trial = given_by_the_search(study, tmp_path, exported, config=config, parent=3)
    parent = _trial(number=3, result={"metrics": {"dice": 0.7123, "loss": 0.2}})
    view = replace(view, trials=(parent, trial))
    bundle = export_trial(view, trial, tmp_path / "out", tmp_path)
    assert bundle.origin.parent == 3
    assert bundle.config["compression.method"] == "ptq"
    card = (tmp_path / "out/card.md").read_text()
    assert "compressed from trial 3" in card
    assert "before compression (trial 3)" in card
    assert "| 0.7123 |" in card
    assert "Dice: 0.6000 from the file, 0.7000 from the PyTorch model" in card


def test_opencv_is_required_where_the_preprocessing_needs_it(study, tmp_path, exported):
    config = Config({**dict(CONFIG.items()), "data.preprocess": "crop+clahe"})
    view, trial = given_by_the_search(study, tmp_path, exported, config=config)
    bundle = export_trial(view, trial, tmp_path / "out", tmp_path)
    assert any("opencv" in one for one in bundle.requirements)


@pytest.fixture
def quick_export(monkeypatch, exported):
    """The exporter, replaced by a copy of what it gave before."""
    monkeypatch.setattr(
        trained,
        "export_onnx",
        lambda model, path, shape: shutil.copy(exported[0] / "model.onnx", path),
    )


def test_without_the_cache_noise_is_compared_and_said_so(study, tmp_path, quick_export):
    bundle = export_trial(study, study.trials[0], tmp_path / "out", tmp_path / "nowhere")
    assert bundle.parity is None
    assert NOT_COMPARED in bundle.remarks


@pytest.mark.parametrize("cache", ["cache", "nowhere"])
def test_a_file_that_does_something_else_is_refused(
    cache, study, tmp_path, quick_export, monkeypatch
):
    real = trained.load_weights

    def others(model, path):
        real(model, path)
        with torch.no_grad():
            model.segmentation_head[0].bias += 0.5

    monkeypatch.setattr(trained, "load_weights", others)
    with pytest.raises(ExportError):
        export_trial(study, study.trials[0], tmp_path / "out", study.folder.parents[1] / cache)
    assert not (tmp_path / "out").exists()


def test_missing_and_damaged_files_are_named(study, tmp_path, exported):
    view, trial = given_by_the_search(study, tmp_path, exported)
    (view.folder / "trials/0007/model.onnx").unlink()
    with pytest.raises(BundleError, match=r"model\.onnx is gone"):
        export_trial(view, trial, tmp_path / "out", tmp_path)
    (view.folder / WEIGHTS).write_bytes(b"damaged")
    with pytest.raises(WeightsError, match="cannot be loaded"):
        export_trial(view, _trial(), tmp_path / "out", tmp_path)
    (view.folder / WEIGHTS).unlink()
    with pytest.raises(BundleError, match=r"weights\.safetensors is gone"):
        export_trial(view, _trial(), tmp_path / "out", tmp_path)


@pytest.mark.parametrize("state", [TrialState.FAIL, TrialState.RUNNING])
def test_a_trial_without_a_model_is_refused(state, study, tmp_path):
    trial = Trial(number=8, config=CONFIG, seed=0, state=state)
    with pytest.raises(BundleError, match="trial 8 of tiny has no model") as error:
        export_trial(study, trial, tmp_path / "out", tmp_path)
    assert "done: 7" in str(error.value)
