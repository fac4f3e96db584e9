"""The manifest of a bundle is strict."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from automed.domain.bundle import Bundle, Interval, Origin, WeightsOrigin
from automed.domain.config import Config
from automed.domain.cost import Cost, Quantity
from automed.domain.normalization import Normalization

QUANTITY = Quantity(value=10)
FIELDS = {
    "kind": "segmentation", "task": "polyp", "title": "Polyps", "classes": ("polyp",),
    "input_shape": (3, 32, 48), "preprocess": "crop+otsu", "threshold": 0.4,
    "normalization": Normalization(mean=(0.0,) * 3, std=(1.0,) * 3),
    "config": Config({"model.architecture": "unet"}), "metrics": {"dice": 0.8}, "guide": "dice",
    "intervals": {"dice": Interval(low=0.7, high=0.9)},
    "cost": Cost(parameters=QUANTITY, macs=QUANTITY, size_bytes=QUANTITY, input_shape=(3, 32, 48)),
    "origin": Origin(study="s", trial=1, study_digest="a", data="d", data_digest="b",
                     split_digest="c", seed=0),
    "weights": WeightsOrigin(source="none", license="none needed"), "model_sha256": "0" * 64,
    "model_bytes": 1, "versions": {"automed": "0"}, "requirements": ("numpy",),
}  # fmt: skip


def test_a_manifest_survives_json():
    bundle = Bundle(**FIELDS)
    assert Bundle.model_validate_json(bundle.model_dump_json()) == bundle
    assert bundle.name == "s trial 1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": 2},
        {"unknown": 1},
        {"model_sha256": "0" * 63},
        {"threshold": 1.0},
        {"classes": ()},
        {"classes": ("a", "b")},  # with a threshold
        {"kind": "classification", "classes": ("a", "b")},  # likewise
        {"normalization": Normalization(mean=(0.0,), std=(1.0,))},
        {"intervals": {"dice": {"low": 0.9, "high": 0.7}}},
    ],
)
def test_what_does_not_fit_is_refused(wrong):
    with pytest.raises(ValidationError):
        Bundle(**{**FIELDS, **wrong})
