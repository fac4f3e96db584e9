"""The workspace: the one folder that automed writes to."""

from __future__ import annotations

import os
import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path

from automed.domain.errors import WorkspaceError

DEFAULT = "automed-workspace"


@dataclass(frozen=True)
class Workspace:
    """Paths below the workspace folder.

    Attributes:
        root: Absolute path of the folder.
    """

    root: Path

    @classmethod
    def at(cls, path: str | Path | None = None) -> Workspace:
        """The given folder, else ``$AUTOMED_WORKSPACE``, else ``./automed-workspace``."""
        return cls(Path(path or os.environ.get("AUTOMED_WORKSPACE") or DEFAULT).absolute())

    def ensure_writable(self) -> Workspace:
        """Create the folder.

        Raises:
            WorkspaceError: It cannot be created or written to.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise WorkspaceError(
                f"the workspace {self.root} cannot be written to",
                found=error.strerror or str(error),
                expected="a folder that you may write to",
                hint="choose another one: --workspace PATH or AUTOMED_WORKSPACE=PATH",
            ) from None
        return self

    @property
    def flag(self) -> str:
        """What a command needs to find this workspace: empty where it is the default."""
        return "" if self == Workspace.at() else f" --workspace {shlex.quote(str(self.root))}"

    @property
    def studies(self) -> Path:
        """One folder a study."""
        return self.root / "studies"

    @property
    def cache(self) -> Path:
        """Decoded and resized images."""
        return self.root / "cache"

    @property
    def demo(self) -> Path:
        """Synthetic demo data."""
        return self.root / "demo"

    @property
    def datasets(self) -> Path:
        """The register of data sets, a JSON file."""
        return self.root / "datasets.json"

    @property
    def mlflow(self) -> Path:
        """MLflow's SQLite store, under the name that MLflow itself defaults to."""
        return self.root / "mlflow.db"


def trial_folder(study: Path, number: int) -> Path:
    """Where the files of a study's trial lie.

    Args:
        study: The study's folder.
        number: The trial's.
    """
    return study / "trials" / f"{number:04d}"
