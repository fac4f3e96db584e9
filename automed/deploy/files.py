"""What a bundle consists of."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

MODEL = "model.onnx"
MANIFEST = "manifest.json"
CARD = "card.md"
SCRIPT = "predict.py"
RUNNER = "runner"
"""The folder with what the script is made of."""

NAMES = (MODEL, MANIFEST, CARD, SCRIPT, RUNNER)


def copy_code(folder: Path) -> None:
    """Copy the script and its parts, as they are, into a bundle.

    Raises:
        OSError: They cannot be written.
    """
    source = resources.files("automed.deploy.standalone")
    with resources.as_file(source) as code:
        shutil.copyfile(code / SCRIPT, folder / SCRIPT)
        (folder / RUNNER).mkdir()
        for file in sorted((code / RUNNER).glob("*.py")):
            shutil.copyfile(file, folder / RUNNER / file.name)
