"""Where pretrained weights come from: a folder of the user's, or the hub's cache and the hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import timm
from huggingface_hub import (
    get_hf_file_metadata,
    hf_hub_download,
    hf_hub_url,
    try_to_load_from_cache,
)
from huggingface_hub.errors import HfHubHTTPError
from segmentation_models_pytorch.encoders import encoders as smp_encoders

from automed.domain.errors import WeightsError
from automed.models.encoders import smp_name

_FILE = "model.safetensors"
_ANSWER_SECONDS = 10.0
"""The hub library retries for 46 s an encoder; one unanswered question is enough for us."""

_PICKLES = (".bin", ".pth", ".pt", ".ckpt", ".tar")

NEXT_STEPS = (
    "put {files} into a folder and pass --weights FOLDER, or train from random weights with "
    "--no-pretrained"
)


class HubUnreachableError(WeightsError):
    """The Hugging Face hub does not answer."""


@dataclass(frozen=True)
class HubFile:
    """A weights file on the Hugging Face hub.

    Attributes:
        repo: Such as ``timm/regnety_016.tv2_in1k``.
        revision: The commit that the library pins; None: the newest.
    """

    repo: str
    revision: str | None


def hub_file(encoder: str) -> HubFile:
    """Where an encoder's ImageNet weights lie, according to the library that builds it.

    Raises:
        BuildError: There is no such encoder.
        WeightsError: No weights of it are published.
    """
    name = smp_name(encoder)
    if name in smp_encoders:
        pinned = smp_encoders[name]["pretrained_settings"]["imagenet"]
        return HubFile(pinned["repo_id"], pinned["revision"])
    published = timm.get_pretrained_cfg(encoder)
    if published is None or not published.hf_hub_id:
        raise WeightsError(
            f"no ImageNet weights of the encoder {encoder!r} are published on timm's hub",
            hint=NEXT_STEPS.format(files=f"{encoder}.safetensors"),
        )
    repo, _, revision = str(published.hf_hub_id).partition("@")
    return HubFile(repo, revision or None)


def find_in_folder(encoder: str, folder: Path) -> Path:
    """The file ``<encoder>.safetensors`` in a folder.

    Raises:
        WeightsError: It is not there, or only as a pickle.
    """
    path = folder / f"{encoder}.safetensors"
    if path.is_file():
        return path
    if not folder.is_dir():
        raise WeightsError(
            f"--weights {folder}: there is no such folder",
            expected=f"a folder with {path.name}",
        )
    pickles = [p.name for p in sorted(folder.glob(f"{encoder}.*")) if p.suffix in _PICKLES]
    if pickles:
        raise WeightsError(
            f"{folder / pickles[0]} is a pickle, which may run code when it is opened",
            expected=f"{path.name}: {_FILE} of {repo_of(encoder)}, renamed",
        )
    names = sorted(p.name for p in folder.iterdir())
    raise WeightsError(
        f"the folder {folder} has no weights for the encoder {encoder!r}",
        found=f"only {', '.join(names[:8])}" if names else "an empty folder",
        expected=f"{path.name}: {_FILE} of {repo_of(encoder)}, renamed",
        hint="add the file, or train from random weights with --no-pretrained",
    )


def fetch(encoder: str, *, ask_hub: bool = True) -> Path:
    """An encoder's ImageNet weights on this machine, downloaded where they are not cached yet.

    Fails within about 10 s where the hub does not answer; nothing is retried before it did.

    Args:
        encoder: timm's name.
        ask_hub: False: look into the hub's cache only.

    Raises:
        BuildError: There is no such encoder.
        HubUnreachableError: The weights are not cached, and the hub does not answer.
        WeightsError: The weights are not published, or the hub refuses them.
    """
    source = hub_file(encoder)
    cached = try_to_load_from_cache(source.repo, _FILE, revision=source.revision)
    if isinstance(cached, str):
        return Path(cached)
    if not ask_hub:
        raise _unavailable(
            encoder, source, ConnectionError("not asked: the hub did not answer before")
        )
    try:
        url = hf_hub_url(source.repo, _FILE, revision=source.revision)
        get_hf_file_metadata(url, timeout=_ANSWER_SECONDS)
        return Path(hf_hub_download(source.repo, _FILE, revision=source.revision))
    except Exception as error:
        raise _unavailable(encoder, source, error) from error


def _unavailable(encoder: str, source: HubFile, error: Exception) -> WeightsError:
    kind = WeightsError if isinstance(error, HfHubHTTPError) else HubUnreachableError
    return kind(
        f"the ImageNet weights of the encoder {encoder!r} cannot be downloaded",
        found=f"{type(error).__name__}: {error}".splitlines()[0],
        expected=f"{_FILE} of {source.repo} on the Hugging Face hub, or in its cache here",
        hint=NEXT_STEPS.format(files=f"it as {encoder}.safetensors"),
    )


def repo_of(encoder: str) -> str:
    """The name of the repository that publishes an encoder's weights."""
    try:
        return hub_file(encoder).repo
    except WeightsError:
        return "timm's hub page of the encoder"
