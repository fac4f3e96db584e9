"""A copy of an image cache on the disk of the machine that trains."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

from automed.data.atomic_folder import built_aside, locked, writing
from automed.data.image_cache import whole_cache
from automed.domain.errors import WorkspaceError

NODE_CACHE = "AUTOMED_NODE_CACHE"
"""Names a folder for copies, on a disk of the machine's own."""

_log = logging.getLogger(__name__)


def near(cache: Path) -> Path:
    """The folder to read a cache from: a copy in the folder that the environment names.

    Copied by whoever asks first on a machine, while the others wait: once a machine, not once a
    trial. Where it cannot be copied, the cache is read where it is, which is logged.

    Args:
        cache: The folder of a cache that the machines of a cluster share. Its name tells its
            content.
    """
    given = os.environ.get(NODE_CACHE)
    if not given:
        return cache
    copy = Path(given).expanduser() / cache.name
    try:
        if whole_cache(copy) is None:
            _copy(cache, copy)
    except WorkspaceError as error:
        _log.warning("%s is read over the network: %s (%s)", cache, error.problem, error.found)
        return cache
    return copy


def _copy(cache: Path, copy: Path) -> None:
    with locked(copy):
        if whole_cache(copy) is None:  # somebody else may have copied it meanwhile
            with built_aside(copy) as aside, writing(copy):
                shutil.copytree(cache, aside, dirs_exist_ok=True)
