"""A trial's bundle as one file to download, built where nothing of the workspace is touched."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from automed.domain.workspace import Workspace


@dataclass(frozen=True, eq=False)
class ZippedBundle:
    """A bundle in a temporary folder, which goes when this is forgotten.

    Attributes:
        path: Of the zip file.
        folder: Holds it.
    """

    path: Path
    folder: TemporaryDirectory[str]

    @property
    def size(self) -> int:
        """Bytes."""
        return self.path.stat().st_size


def zip_bundle(study: str, number: int, workspace: Workspace) -> ZippedBundle:
    """Build the bundle of a trial, and zip it.

    Raises:
        AutomedError: As `automed.api.bundles.export_bundle` does.
    """
    # Here, as it needs torch: pages that build no bundle do without.
    from automed.api.bundles import export_bundle

    place = TemporaryDirectory(prefix="automed-bundle-")
    name = f"{study}-trial-{number}"
    root = Path(place.name)
    try:
        export_bundle(study, workspace, trial=number, output=root / name)
        # Stored below its name: unpacking does not spill files into the current folder.
        archive = shutil.make_archive(str(root / name), "zip", root, name)
        shutil.rmtree(root / name)
    except BaseException:
        place.cleanup()
        raise
    return ZippedBundle(Path(archive), place)
