"""Where a model's first weights come from, and under which licence."""

from __future__ import annotations

from automed.domain.bundle import WeightsOrigin
from automed.domain.config import Config
from automed.models.catalogue import published_weights
from automed.models.encoders import encoder_of


def weights_origin(config: Config, weights: str) -> WeightsOrigin:
    """What the training of a config began with.

    Args:
        config: Names the encoder.
        weights: As the study's settings have it: ``imagenet``, ``none`` or a folder.
    """
    encoder = encoder_of(config)
    if weights == "none" or encoder is None:
        return WeightsOrigin(source="none: trained from random weights", license="none needed")
    published = published_weights(encoder)
    if weights != "imagenet":
        return WeightsOrigin(
            source=f"{encoder}.safetensors from the folder {weights}",
            license="unknown: check where the file was published",
        )
    if published is None:
        return WeightsOrigin(source="imagenet", license="unknown: check the publisher")
    at = "" if published.revision is None else f"@{published.revision}"
    return WeightsOrigin(
        source=f"{published.repo}{at}",
        license=published.license or f"unknown: check the page of {published.repo}",
    )
