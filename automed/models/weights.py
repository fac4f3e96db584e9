"""Pretrained weights: ImageNet's, a folder's, or none. Never another than what was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch

from automed.domain.config import Config
from automed.domain.errors import WeightsError
from automed.domain.task import ClassificationTask, SegmentationTask
from automed.models.encoders import encoder_of
from automed.models.weights_check import check_file, classifier_prefixes
from automed.models.weights_donor import classifier, segmentation_encoder
from automed.models.weights_source import (
    NEXT_STEPS,
    HubUnreachableError,
    fetch,
    find_in_folder,
    repo_of,
)

__all__ = ["load_pretrained", "preflight"]


def load_pretrained(
    model: torch.nn.Module,
    config: Config,
    task: SegmentationTask | ClassificationTask,
    weights: str,
) -> None:
    """Fill a model's encoder with pretrained weights; decoder, head and classifier stay as drawn.

    A model without an encoder, such as the plain U-Net, stays as drawn altogether.

    The random state of torch is not changed.

    Args:
        model: What `build_model` made of the config and the task.
        config: Names the encoder.
        task: A task of one channel gets the first convolution summed over RGB, as timm and smp do.
        weights: ``imagenet``: downloaded, or from the hub's cache. ``none``: nothing is loaded.
            Else a folder with ``<encoder>.safetensors``, the file that timm publishes.

    Raises:
        WeightsError: The weights are not to be had, are damaged or belong to another encoder.
    """
    if weights == "none":
        return
    encoder = encoder_of(config)
    if encoder is None:  # trained from scratch, always
        return
    path = _locate(encoder, weights)
    check_file(encoder, path)
    with torch.random.fork_rng(devices=[]):  # a donor draws weights before it loads some
        if isinstance(task, SegmentationTask):
            target = model.get_submodule("encoder")
            donor = segmentation_encoder(encoder, task, path, target)
            target.load_state_dict(donor.state_dict())
        else:
            _fill_all_but_classifier(model, classifier(encoder, task.channels, path), path)


def preflight(encoders: Iterable[str], weights: str) -> None:
    """Make sure, before any training, that the weights of every encoder are there and fit.

    ImageNet weights are downloaded here, and cached.

    Raises:
        BuildError: There is no such encoder.
        WeightsError: Naming every encoder whose weights are missing, and the next steps.
    """
    if weights == "none":
        return
    problems: dict[str, WeightsError] = {}
    ask_hub = True
    for encoder in encoders:
        try:
            check_file(encoder, _locate(encoder, weights, ask_hub=ask_hub))
        except WeightsError as error:
            problems[encoder] = error
            ask_hub = ask_hub and not isinstance(error, HubUnreachableError)
    if len(problems) == 1:
        raise next(iter(problems.values()))
    if problems:
        raise _together(problems)


def _fill_all_but_classifier(model: torch.nn.Module, donor: torch.nn.Module, path: Path) -> None:
    left = model.load_state_dict(donor.state_dict(), strict=False)
    head = classifier_prefixes(model)
    wrong = [*left.unexpected_keys, *(k for k in left.missing_keys if not k.startswith(head))]
    if wrong:
        raise WeightsError(
            f"the weights {path} left parts of the model unfilled", found=", ".join(wrong[:3])
        )


def _locate(encoder: str, weights: str, *, ask_hub: bool = True) -> Path:
    if weights == "imagenet":
        return fetch(encoder, ask_hub=ask_hub)
    return find_in_folder(encoder, Path(weights))


def _together(problems: Mapping[str, WeightsError]) -> WeightsError:
    def lines(texts: Iterable[str]) -> str:
        return "\n            ".join(texts)

    return WeightsError(
        f"{len(problems)} encoders have no usable weights: {', '.join(problems)}",
        found=lines(f"{encoder}: {e.found or e.problem}" for encoder, e in problems.items()),
        expected=lines(f"{e}.safetensors: model.safetensors of {repo_of(e)}" for e in problems),
        hint=NEXT_STEPS.format(files="these files"),
    )
