"""Encoders by timm's names, and what segmentation_models_pytorch calls them."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import timm

from automed.domain.component import Model
from automed.domain.config import Config
from automed.models.build_error import BuildError
from automed.registry.components import declared

SMP_NAMES = {
    "tf_mobilenetv3_small_075": "tu-tf_mobilenetv3_small_075",
    "tf_mobilenetv3_large_075": "tu-tf_mobilenetv3_large_075",
    "regnety_016": "tu-regnety_016",
    # smp's own EfficientNets keep the head convolution and cut the stages elsewhere than timm's
    # feature extractor: their costs are those of paper 2's tables, the `tu-` ones are not.
    "tf_efficientnet_lite3": "timm-tf_efficientnet_lite3",
    "efficientnet_b3": "timm-efficientnet-b3",
}
"""Encoders whose costs equal the papers'. Any other name of timm is built as ``tu-NAME``."""

_FULL_DEPTH = 5

_NASNET_MOBILE = ("nasnetamobile", "nasnet_mobile", "nasnetmobile", "nasnet_a_mobile")
"""Names of an encoder of paper 5 that no maintained library has."""


def encoder_of(config: Config) -> str | None:
    """The encoder that a config names; None: its architecture has none, or it names none."""
    encoder = config.get("model.encoder")
    return None if encoder is None else str(encoder)


def smp_name(encoder: str, depth: int = 5) -> str:
    """The name under which segmentation_models_pytorch builds an encoder.

    Args:
        encoder: timm's name.
        depth: Times that the encoder halves the image. Below 5 all are timm's, because smp's own
            would keep the stages that are never called.

    Raises:
        BuildError: timm knows no model of that name.
    """
    check_encoder(encoder)
    if depth < _FULL_DEPTH:
        return f"tu-{encoder}"
    return SMP_NAMES.get(encoder, f"tu-{encoder}")


def check_encoder(encoder: str) -> None:
    """Refuse names that timm does not know, or knows under a newer name.

    Raises:
        BuildError: Naming the encoders that are spelled alike.
    """
    if encoder in SMP_NAMES:
        return
    if encoder.lower() in _NASNET_MOBILE:
        raise BuildError(
            f"there is no encoder {encoder!r}: no maintained library has NASNet Mobile",
            found="neither timm nor torchvision; pretrainedmodels has it and is no longer kept",
            hint="take another that architecture search found: mnasnet_100 or "
            "tf_mobilenetv3_large_100",
        )
    deprecated = timm.models.get_deprecated_models()
    if encoder in deprecated:
        raise BuildError(
            f"timm gave the encoder {encoder!r} up",
            hint=f"write {deprecated[encoder]!r} instead" if deprecated[encoder] else None,
        )
    if not timm.is_model(encoder):
        declared(Model)  # a plugin, which is loaded by now, may register encoders with timm
    if not timm.is_model(encoder):
        close = difflib.get_close_matches(encoder, timm.list_models(), n=3, cutoff=0.5)
        raise BuildError(
            f"there is no encoder {encoder!r}",
            expected=f"a model of timm, such as {', '.join(close or SMP_NAMES)}",
        )
    _check_tag(encoder)


def _check_tag(encoder: str) -> None:
    try:
        timm.get_pretrained_cfg(encoder)
    except RuntimeError:
        architecture = encoder.partition(".")[0]
        known = [str(n) for n in timm.list_pretrained(f"{architecture}.*")]
        raise BuildError(
            f"the encoder {architecture!r} has no weights tagged {encoder.partition('.')[2]!r}",
            expected=", ".join([architecture, *known]),
        ) from None


@contextmanager
def quiet_smp() -> Iterator[None]:
    """Silences smp's advice to replace its ``timm-`` encoders by ``tu-``: their costs differ."""
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="`timm-` encoders are deprecated", category=DeprecationWarning
        )
        yield
