"""Which encoders exist, under which names."""

from __future__ import annotations

import pytest
from segmentation_models_pytorch.encoders import encoders as smp_encoders

from automed.models.build import BuildError
from automed.models.encoders import SMP_NAMES, check_encoder, smp_name
from automed.registry.tasks import load_task


@pytest.mark.parametrize("task", ["polyp", "cell", "leukemia", "breast_cell"])
def test_every_encoder_of_the_built_in_spaces_is_known(task):
    for encoder in load_task(task).space.parameters["model.encoder"].choices:
        check_encoder(encoder)


def test_efficientnets_are_smps_own_because_their_costs_are_the_papers():
    assert smp_name("tf_efficientnet_lite3") == "timm-tf_efficientnet_lite3"
    assert smp_name("efficientnet_b3") == "timm-efficientnet-b3"
    natives = [name for name in SMP_NAMES.values() if not name.startswith("tu-")]
    assert all(name in smp_encoders for name in natives)


def test_any_model_of_timm_is_an_encoder_with_and_without_its_tag():
    assert smp_name("resnet18") == "tu-resnet18"
    assert smp_name("resnet18.a1_in1k") == "tu-resnet18.a1_in1k"


def test_a_misspelled_encoder_is_answered_with_those_spelled_alike():
    with pytest.raises(BuildError, match=r"(?s)'tf_mobilnetv3_large'.*tf_mobilenetv3_large_075"):
        check_encoder("tf_mobilnetv3_large")


@pytest.mark.parametrize("name", ["", "hf-hub:timm/resnet18", "../resnet18", "no such encoder"])
def test_what_timm_does_not_know_is_no_encoder(name):
    with pytest.raises(BuildError, match="there is no encoder"):
        check_encoder(name)


def test_a_name_that_timm_gave_up_is_answered_with_the_new_one():
    with pytest.raises(BuildError, match=r"(?s)gave.*tf_efficientnet_b4\.ns_jft_in1k"):
        check_encoder("tf_efficientnet_b4_ns")


def test_an_unknown_tag_is_answered_with_the_known_ones():
    with pytest.raises(BuildError, match=r"(?s)tagged 'a9'.*resnet18\.a1_in1k"):
        check_encoder("resnet18.a9")
