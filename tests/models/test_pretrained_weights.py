"""Pretrained weights: from a folder, from the hub, or a clear refusal."""

from __future__ import annotations

import time

import pytest
import timm
import torch
from huggingface_hub import constants
from huggingface_hub.file_download import repo_folder_name
from safetensors.torch import load_file, save_file

from automed.domain.config import Config
from automed.domain.errors import WeightsError
from automed.models.build import BuildError, build_model
from automed.models.weights import load_pretrained, preflight
from automed.models.weights_source import hub_file
from automed.registry.tasks import load_task

POLYP = load_task("polyp")
LEUKEMIA = load_task("leukemia").replace(classes=("a", "b", "c"))


def publish(folder, encoder, **options):
    """What timm would have published, with random weights."""
    path = folder / f"{encoder}.safetensors"
    save_file(timm.create_model(encoder, **options).state_dict(), path)
    return load_file(path)


def segmentation(encoder):
    return Config({"model.architecture": "unet", "model.encoder": encoder})


@pytest.mark.parametrize(
    ("encoder", "prefix"),
    [("tf_mobilenetv3_small_075", "encoder.model."), ("tf_efficientnet_lite3", "encoder.")],
    ids=["timm's", "smp's own"],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_segmentations_encoder_is_filled_from_a_folder(tmp_path, encoder, prefix, channels):
    published = publish(tmp_path, encoder)
    config, task = segmentation(encoder), POLYP.replace(channels=channels)
    model = build_model(config, task)
    drawn = {k: v.clone() for k, v in model.state_dict().items()}
    before = torch.random.get_rng_state()
    load_pretrained(model, config, task, str(tmp_path))
    assert torch.equal(before, torch.random.get_rng_state())
    loaded = model.state_dict()
    for key, value in loaded.items():
        if not key.startswith("encoder."):
            assert torch.equal(value, drawn[key]), f"{key} is no part of the encoder"
            continue
        source = published[key.removeprefix(prefix)]
        if source.shape != value.shape:
            assert channels == 1
            source = source.sum(1, keepdim=True)
        assert torch.equal(value, source), key
    assert not torch.equal(loaded[f"{prefix}conv_stem.weight"], drawn[f"{prefix}conv_stem.weight"])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("classes", [3, 1000])
def test_a_classifier_is_filled_but_for_its_head(tmp_path, channels, classes):
    published = publish(tmp_path, "test_resnet")
    config = Config({"model.encoder": "test_resnet"})
    names = tuple(f"c{i}" for i in range(classes))
    task = LEUKEMIA.replace(channels=channels, classes=names)
    model = build_model(config, task)
    head = model.get_classifier().weight.clone()
    load_pretrained(model, config, task, str(tmp_path))
    assert torch.equal(model.get_classifier().weight, head)
    body = {k: v for k, v in model.state_dict().items() if not k.startswith("fc.")}
    same = [k for k, v in body.items() if torch.equal(v, published[k])] if channels == 3 else []
    assert channels == 1 or len(same) == len(body)
    if channels == 1:
        first = next(k for k, v in body.items() if v.shape != published[k].shape)
        assert torch.allclose(body[first], published[first].sum(1, keepdim=True))


def test_a_published_file_without_head_and_with_auxiliary_heads_is_accepted(tmp_path):
    publish(tmp_path, "inception_v3", aux_logits=True)
    path = tmp_path / "inception_v3.safetensors"
    save_file({k: v for k, v in load_file(path).items() if not k.startswith("fc.")}, path)
    preflight(["inception_v3"], str(tmp_path))
    config = Config({"model.encoder": "inception_v3"})
    model = build_model(config, LEUKEMIA)
    load_pretrained(model, config, LEUKEMIA, str(tmp_path))
    key = "Conv2d_1a_3x3.conv.weight"
    assert torch.equal(model.state_dict()[key], load_file(path)[key])


def test_none_loads_nothing():
    config = segmentation("test_resnet")
    model = build_model(config, POLYP)
    drawn = {k: v.clone() for k, v in model.state_dict().items()}
    load_pretrained(model, config, POLYP, "none")
    assert all(torch.equal(v, drawn[k]) for k, v in model.state_dict().items())
    preflight(["test_resnet", "not looked at"], "none")


def test_weights_of_another_encoder_are_refused(tmp_path):
    save_file(timm.create_model("test_efficientnet").state_dict(),
              tmp_path / "test_resnet.safetensors")  # fmt: skip
    with pytest.raises(WeightsError, match=r"(?s)does not hold the weights.*lacks"):
        preflight(["test_resnet"], str(tmp_path))


@pytest.mark.parametrize("change", ["lacks", "has", "shape"])
def test_a_single_wrong_tensor_is_noticed(tmp_path, change):
    tensors = publish(tmp_path, "test_resnet")
    key = next(k for k in tensors if k.startswith("layer2") and k.endswith("conv1.weight"))
    if change == "lacks":
        del tensors[key]
    elif change == "has":
        key = "layer9.conv.weight"
        tensors[key] = torch.zeros(3)
    else:
        tensors[key] = tensors[key][:, :1].contiguous()
    save_file(tensors, tmp_path / "test_resnet.safetensors")
    config = segmentation("test_resnet")
    with pytest.raises(WeightsError, match=f"(?s){change}.*{key}|{key}.*{change}"):
        load_pretrained(build_model(config, POLYP), config, POLYP, str(tmp_path))


def test_a_damaged_file_is_refused(tmp_path):
    publish(tmp_path, "test_resnet")
    path = tmp_path / "test_resnet.safetensors"
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(WeightsError, match=r"test_resnet\.safetensors is no safetensors file"):
        preflight(["test_resnet"], str(tmp_path))


@pytest.mark.parametrize("suffix", [".bin", ".pth", ".pt"])
def test_pickles_are_refused_unopened(tmp_path, suffix):
    (tmp_path / f"regnety_016{suffix}").write_bytes(b"not even a pickle")
    with pytest.raises(WeightsError, match=r"(?s)is a pickle.*regnety_016\.safetensors.*tv2_in1k"):
        preflight(["regnety_016"], str(tmp_path))


def test_a_missing_folder_and_an_empty_one_are_named(tmp_path):
    with pytest.raises(WeightsError, match="there is no such folder"):
        preflight(["test_resnet"], str(tmp_path / "missing"))
    with pytest.raises(WeightsError, match=r"(?s)no weights for the encoder.*--no-pretrained"):
        preflight(["test_resnet"], str(tmp_path))


def test_all_missing_encoders_are_listed_at_once(tmp_path):
    publish(tmp_path, "test_resnet")
    with pytest.raises(WeightsError) as caught:
        preflight(["test_efficientnet", "test_resnet", "regnety_016"], str(tmp_path))
    text = str(caught.value)
    assert "2 encoders" in text
    assert "test_efficientnet.safetensors" in text
    assert "regnety_016.safetensors: model.safetensors of timm/regnety_016.tv2_in1k" in text
    assert "test_resnet.safetensors:" not in text
    assert "--weights FOLDER" in text
    assert "--no-pretrained" in text


def test_an_unknown_encoder_is_no_matter_of_weights(tmp_path):
    with pytest.raises(BuildError, match="there is no encoder"):
        preflight(["nonsense"], "imagenet")


def test_smps_own_encoders_are_pinned_to_a_commit():
    source = hub_file("tf_efficientnet_lite3")
    assert source.repo == "smp-hub/timm-tf_efficientnet_lite3.imagenet"
    assert len(source.revision) == 40


@pytest.fixture
def empty_hub_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.mark.parametrize("offline", [True, False], ids=["HF_HUB_OFFLINE", "no connection"])
def test_an_unreachable_hub_is_told_quickly_and_asked_once(monkeypatch, empty_hub_cache, offline):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", offline)
    # Port 9 of this machine: nobody listens.
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE",
        "http://127.0.0.1:9/{repo_id}/resolve/{revision}/{filename}",
    )  # fmt: skip
    began = time.monotonic()
    with pytest.raises(WeightsError) as caught:
        preflight(["tf_mobilenetv3_large_075", "tf_efficientnet_lite3", "regnety_016"], "imagenet")
    assert time.monotonic() - began < 10
    text = str(caught.value)
    assert "3 encoders have no usable weights" in text
    assert text.count("not asked: the hub did not answer") == 2
    assert "--weights FOLDER" in text
    assert "--no-pretrained" in text


def test_one_unreachable_encoder_is_named_with_its_cause(monkeypatch, empty_hub_cache):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    config = segmentation("tf_mobilenetv3_large_075")
    with pytest.raises(WeightsError, match=r"(?s)'tf_mobilenetv3_large_075'.*Offline.*--weights"):
        load_pretrained(build_model(config, POLYP), config, POLYP, "imagenet")


def test_what_is_in_the_hubs_cache_needs_no_hub(monkeypatch, empty_hub_cache):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    source = hub_file("tf_mobilenetv3_small_075")
    folder = empty_hub_cache / repo_folder_name(repo_id=source.repo, repo_type="model")
    snapshot = folder / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("0" * 40)
    published = publish(snapshot, "tf_mobilenetv3_small_075")
    (snapshot / "tf_mobilenetv3_small_075.safetensors").rename(snapshot / "model.safetensors")
    preflight(["tf_mobilenetv3_small_075"], "imagenet")
    config = segmentation("tf_mobilenetv3_small_075")
    model = build_model(config, POLYP)
    load_pretrained(model, config, POLYP, "imagenet")
    assert torch.equal(
        model.state_dict()["encoder.model.conv_stem.weight"], published["conv_stem.weight"]
    )
