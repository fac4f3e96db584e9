"""Paper 1's U-Net: its size to the last weight, and its predictions against a second writing."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

from automed.domain.config import Config
from automed.models.build import BuildError, build_model
from automed.models.cost import predict_cost
from automed.models.encoders import encoder_of
from automed.models.weights import load_pretrained
from automed.registry.tasks import load_task

CELL = load_task("cell").replace(image_size=(256, 256))
PLAIN = Config({"model.architecture": "plain_unet"})
NARROW = Config({"model.architecture": "plain_unet", "model.base_width": 4})


@pytest.mark.parametrize(
    ("channels", "parameters", "macs"),
    [(3, 31_043_521, 48_167_387_136), (1, 31_042_369, 48_091_889_664)],
)
def test_parameters_and_macs_are_those_of_paper_1(channels, parameters, macs):
    cost = predict_cost(PLAIN, CELL.replace(channels=channels))
    assert cost.parameters.value == parameters
    assert cost.macs.value == macs


def independent(state: dict[str, torch.Tensor], images: torch.Tensor) -> torch.Tensor:
    """The network written a second time, from the paper's figure and with functions alone."""

    def level(name: str, x: torch.Tensor) -> torch.Tensor:
        for conv, norm in ((0, 1), (3, 4)):
            x = F.conv2d(x, state[f"{name}.{conv}.weight"], state[f"{name}.{conv}.bias"], padding=1)
            mean, var = state[f"{name}.{norm}.running_mean"], state[f"{name}.{norm}.running_var"]
            scale = state[f"{name}.{norm}.weight"] / (var + 1e-5).sqrt()
            shift = state[f"{name}.{norm}.bias"] - mean * scale
            x = (x * scale[:, None, None] + shift[:, None, None]).clamp_min(0)
        return x

    a = level("down.0", images)
    b = level("down.1", a.unfold(2, 2, 2).unfold(3, 2, 2).amax((-1, -2)))
    c = level("down.2", b.unfold(2, 2, 2).unfold(3, 2, 2).amax((-1, -2)))
    d = level("down.3", c.unfold(2, 2, 2).unfold(3, 2, 2).amax((-1, -2)))
    x = level("down.4", d.unfold(2, 2, 2).unfold(3, 2, 2).amax((-1, -2)))
    for step, skip in enumerate((d, c, b, a)):
        weight, bias = state[f"enlarge.{step}.weight"], state[f"enlarge.{step}.bias"]
        patches = torch.einsum("nihw,iokl->nohkwl", x, weight)
        n, o, h, k, w, m = patches.shape
        x = patches.reshape(n, o, h * k, w * m) + bias[:, None, None]
        x = level(f"up.{step}", torch.cat([skip, x], dim=1))
    return torch.einsum("nihw,oi->nohw", x, state["head.weight"][:, :, 0, 0]) + state["head.bias"]


def test_predictions_agree_with_an_independent_implementation():
    torch.manual_seed(1)
    model = build_model(NARROW, CELL.replace(channels=2)).double().eval()
    images = torch.rand(2, 2, 48, 32, dtype=torch.float64)
    with torch.no_grad():
        for _ in range(20):  # batch norms with statistics of their own
            model.train()(torch.rand(4, 2, 48, 32, dtype=torch.float64))
    model.eval()
    with torch.no_grad():
        expected = independent(model.state_dict(), images)
        assert torch.allclose(model(images), expected, atol=1e-10)
    assert expected.std() > 1e-3


def test_width_is_a_parameter():
    thin = predict_cost(NARROW, CELL).parameters.value
    wide = predict_cost(Config({**NARROW.root, "model.base_width": 8}), CELL).parameters.value
    assert 3.9 < wide / thin < 4.1


def test_it_has_no_encoder():
    assert encoder_of(PLAIN) is None
    config = Config({**PLAIN.root, "model.encoder": "resnet18"})
    with pytest.raises(BuildError, match=r"model\.encoder would have no effect"):
        build_model(config, CELL)


@pytest.mark.parametrize("weights", ["imagenet", "none", "/no/such/folder"])
def test_it_is_always_trained_from_scratch(weights):
    model = build_model(NARROW, CELL)
    drawn = {k: v.clone() for k, v in model.state_dict().items()}
    load_pretrained(model, NARROW, CELL, weights)
    assert all(torch.equal(v, drawn[k]) for k, v in model.state_dict().items())


def test_sizes_must_be_multiples_of_sixteen():
    with pytest.raises(BuildError, match=r"(?s)100x120.*multiples of 16.*96x112 and 112x128"):
        predict_cost(NARROW, CELL.replace(image_size=(100, 120)))
    assert predict_cost(NARROW, CELL.replace(image_size=(112, 16))).macs.value > 0
