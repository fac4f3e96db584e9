"""What the parameters of an architecture mean."""

from __future__ import annotations

import pytest
import timm
import torch
from safetensors.torch import save_file

from automed.domain.config import Config
from automed.models.architectures import ARCHITECTURES
from automed.models.build import BuildError, build_model
from automed.models.cost import predict_cost
from automed.models.weights import load_pretrained
from automed.registry.tasks import load_task

POLYP = load_task("polyp").replace(image_size=(128, 160))


def config(architecture: str, encoder: str | None = "test_resnet", **changes: object) -> Config:
    keys = {f"model.{name}": value for name, value in changes.items()}
    named = {} if encoder is None else {"model.encoder": encoder}
    return Config({"model.architecture": architecture, **named, **keys})


@pytest.mark.parametrize("architecture", ["unet", "unetplusplus", "manet"])
def test_a_shallower_encoder_drops_the_deepest_blocks_of_the_decoder(architecture):
    row = ARCHITECTURES[architecture]
    shallow = row.arguments(Config({"model.encoder_depth": 3, "model.decoder_width": 0.5}))
    assert shallow == {"encoder_depth": 3, "decoder_channels": (32, 16, 8)}
    assert row.arguments(Config({"model.encoder_depth": 4}))["decoder_channels"] == (
        128, 64, 32, 16
    )  # fmt: skip


@pytest.mark.parametrize("depth", [3, 4, 5])
def test_a_shallower_encoder_allows_smaller_multiples(depth):
    cut = config("linknet", encoder_depth=depth)
    predict_cost(cut, POLYP.replace(image_size=(32, 32 + 2**depth)))
    with pytest.raises(BuildError, match=f"multiples of {2**depth}"):
        predict_cost(cut, POLYP.replace(image_size=(32, 32 + 2 ** (depth - 1))))


def test_scse_gates_the_decoder_and_never_squeezes_to_nothing():
    gated = build_model(config("unet", decoder_attention="scse", decoder_width=0.25), POLYP)
    plain = build_model(config("unet", decoder_attention="none", decoder_width=0.25), POLYP)
    assert "SCSE" in repr(gated)
    assert "SCSE" not in repr(plain)
    assert min(p.numel() for p in gated.decoder.parameters()) > 0
    assert gated.segmentation_head[0].in_channels == 16
    assert plain.segmentation_head[0].in_channels == 8


@pytest.mark.parametrize(
    ("architecture", "kind"),
    [("fpn", "Dropout2d"), ("pspnet", "Dropout2d"), ("deeplabv3", "Dropout"),
     ("deeplabv3plus", "Dropout")],
)  # fmt: skip
def test_decoder_dropout_reaches_the_decoder_and_costs_nothing(architecture, kind):
    dropped = config(architecture, decoder_dropout=0.37)
    rates = {m.p for m in build_model(dropped, POLYP).decoder.modules()
             if type(m).__name__ == kind}  # fmt: skip
    assert rates == {0.37}
    assert predict_cost(dropped, POLYP) is predict_cost(config(architecture), POLYP)


@pytest.mark.parametrize("stride", [8, 16])
def test_output_stride_keeps_the_deepest_features_larger(stride):
    model = build_model(config("deeplabv3", output_stride=stride), POLYP).eval()
    deepest = model.encoder(torch.rand(1, 3, 128, 160))[-1]
    assert deepest.shape[-2:] == (128 // stride, 160 // stride)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        (config("deeplabv3", encoder_depth=3, output_stride=8),
         r"(?s)output_stride would have no effect.*model.encoder_depth 4 or more"),
        (config("pan", encoder_depth=4, output_stride=32), r"(?s)no effect.*5 or more"),
        (config("unet", encoder_depth=2), r"(?s)encoder_depth = 2 .*3, 4 or 5"),
        (config("unet", encoder_depth=3.5), r"(?s)encoder_depth.*whole number"),
        (config("unet", decoder_attention="se"), r"(?s)decoder_attention.*none or scse"),
        (config("unet", decoder_width=0), r"(?s)decoder_width.*more than 0"),
        (config("fpn", decoder_channels=True), r"(?s)decoder_channels.*a number"),
        (config("fpn", decoder_channels=0), r"(?s)decoder_channels.*at least 1"),
        (config("fpn", decoder_dropout=1.0), r"(?s)decoder_dropout.*chance"),
        (config("plain_unet", None, base_width=0), r"(?s)base_width.*at least 1"),
        (config("pan", decoder_dropout=0.1), r"decoder_dropout would have no effect"),
    ],
    ids=lambda v: "-".join(map(str, v.root.values())) if isinstance(v, Config) else "",
)  # fmt: skip
def test_values_that_make_no_sense_are_refused(values, complaint):
    with pytest.raises(BuildError, match=complaint):
        build_model(values, POLYP)


@pytest.mark.parametrize(
    ("architecture", "encoder", "advice"),
    [
        ("dpt", "test_resnet", "vit_tiny_patch16_224"),
        ("deeplabv3", "efficientvit_b0", "resnet18"),
        ("deeplabv3plus", "fastvit_t8", "regnety_008"),
        ("pan", "starnet_s1", "tf_efficientnet_b0"),
        ("unet", "vit_tiny_patch16_224", "halves the image five times"),
    ],
)
def test_a_pair_that_does_not_go_names_both_and_what_goes(architecture, encoder, advice):
    title = ARCHITECTURES[architecture].title
    with pytest.raises(BuildError) as refused:
        predict_cost(config(architecture, encoder), POLYP)
    assert encoder in refused.value.problem
    assert title in refused.value.problem
    assert advice in str(refused.value.expected)
    assert not refused.value.found.endswith(": ")


@pytest.mark.parametrize("encoder", ["resnet18", "tf_mobilenetv3_large_075", "tf_efficientnet_b0",
                                     "regnety_008"])  # fmt: skip
@pytest.mark.parametrize("architecture", ["deeplabv3plus", "pan"])
def test_what_the_advice_names_goes(architecture, encoder):
    assert encoder in ARCHITECTURES[architecture].encoders
    predict_cost(config(architecture, encoder), POLYP.replace(image_size=(128, 128)))


@pytest.mark.parametrize("encoder", ["vit_tiny_patch16_224", "deit_tiny_patch16_224"])
def test_dpt_takes_the_transformers_that_its_advice_names_at_any_size(encoder):
    assert encoder in ARCHITECTURES["dpt"].encoders
    assert predict_cost(config("dpt", encoder), POLYP.replace(image_size=(64, 96))).gmacs > 1


def test_an_inception_is_refused_where_its_features_do_not_fit_the_decoder():
    with pytest.raises(BuildError, match=r"'inception_v3' in LinkNet"):
        predict_cost(config("linknet", "inception_v3"), POLYP)


@pytest.mark.parametrize("architecture", ["pspnet", "unet"])
def test_a_shallow_efficientnet_holds_no_stage_that_is_never_called(architecture):
    model = build_model(config(architecture, "tf_efficientnet_lite3", encoder_depth=3), POLYP)
    called: set[str] = set()
    for name, module in model.named_modules():
        module.register_forward_hook(lambda *_, name=name: called.add(name))
    with torch.no_grad():
        model.eval()(torch.rand(1, 3, 64, 64))
    own = {name for name, m in model.named_modules() if list(m.parameters(recurse=False))}
    assert own <= called


@pytest.mark.parametrize(
    ("values", "encoder"),
    [
        (config("unet", encoder_depth=3), "test_resnet"),
        (config("pspnet"), "test_resnet"),
        (config("deeplabv3", output_stride=8), "test_resnet"),
        (config("unet", "tf_efficientnet_lite3", encoder_depth=4), "tf_efficientnet_lite3"),
        (config("dpt", "test_vit"), "test_vit"),
    ],
    ids=["shallow", "pspnet", "dilated", "shallow and not smp's own", "transformer"],
)
@pytest.mark.parametrize("channels", [1, 5])
def test_every_kind_of_encoder_is_filled(tmp_path, values, encoder, channels):
    published = timm.create_model(encoder).state_dict()
    save_file(published, tmp_path / f"{encoder}.safetensors")
    task = POLYP.replace(channels=channels)
    model = build_model(values, task)
    load_pretrained(model, values, task, str(tmp_path))
    filled = {k.removeprefix("model."): v for k, v in model.encoder.state_dict().items()}
    assert len(filled) > 20
    resized = 0
    for key, value in filled.items():
        if value.shape == published[key].shape:
            assert torch.equal(value, published[key]), key
        else:
            resized += 1
    assert resized <= (channels != 3) + (encoder == "test_vit")
