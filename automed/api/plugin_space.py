"""The search space that a new plugin names."""

from __future__ import annotations

from pathlib import Path

from automed.domain.errors import SpaceError
from automed.domain.space_file import load_space

_ARCHITECTURE = "model.architecture"
"""What every space for segmentations decides, and none for classifications."""


def check_space(name: str, kind: str) -> None:
    """Refuse a space with which no search of a kind can begin.

    Args:
        name: Of a space that ships with automed, or a file.
        kind: ``segmentation`` or ``classification``.

    Raises:
        SpaceError: It is missing, invalid, or for the other kind.
    """
    suits = "segmentation" if _ARCHITECTURE in load_space(name).parameters else "classification"
    if suits == kind:
        return
    has = "varies" if suits == "segmentation" else "has no"
    raise SpaceError(
        f"--space {name} is for {suits}, and the data are for {kind}",
        found=f"a space that {has} {_ARCHITECTURE}",
        expected=f"a space for {kind}; automed space lists all",
        hint="leave --space out, and take what is proposed",
    )


def travels(name: str, plugin: Path) -> str | None:
    """Why a space may be missing where trainings run on other machines, or None.

    Args:
        name: As in `check_space`.
        plugin: The plugin's file.
    """
    if not name.endswith(".toml") or Path(name).resolve().parent == plugin.resolve().parent:
        return None
    return (
        f"{name} does not lie beside {plugin.name}: only .toml files there reach Ray workers on "
        "other machines"
    )
