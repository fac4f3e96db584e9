"""Whether pretrained weights can be had: the hub's answer, and what its cache holds here.

Of the libraries that build encoders none is imported: that takes longer than the question.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError

_ASKED_FOR = ("timm/tf_mobilenetv3_small_075.in1k", "model.safetensors")
"""A file that searches of the shipped spaces download."""


@dataclass(frozen=True)
class HubView:
    """Where weights can come from.

    Attributes:
        endpoint: The hub's address, or its mirror's.
        cached: Weight files in the cache.
        cache: The cache's folder.
        problem: Why the hub does not answer; None: it does.
    """

    endpoint: str
    cached: int
    cache: Path
    problem: str | None


def view_hub(seconds: float) -> HubView:
    """Ask the hub for the size of one file, and count the files in its cache.

    Args:
        seconds: How long to wait for an answer.
    """
    cache = Path(constants.HF_HUB_CACHE)
    files = cache.glob("models--*/snapshots/*/model.safetensors")
    # A repository may be cached at several commits.
    cached = len({file.parent.parent.parent.name for file in files})
    return HubView(constants.ENDPOINT, cached, cache, _problem(seconds))


def _problem(seconds: float) -> str | None:
    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    try:
        get_hf_file_metadata(hf_hub_url(*_ASKED_FOR), timeout=seconds)
    except HfHubHTTPError as error:
        # Even a refusal is an answer, but with it no file comes.
        return f"{constants.ENDPOINT} answers: {str(error).strip().splitlines()[0]}"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is no answer
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        return f"{constants.ENDPOINT} does not answer: {first}"
    return None
