"""What tells the runs of one study from those of another of the same name."""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path

FILE = "mlflow.json"


def study_uid(folder: Path) -> str:
    """The id that this study carries in MLflow; drawn once, kept in the study's folder.

    Neither name nor settings would do: two workspaces may share a server, and a study may be
    deleted and begun again.
    """
    path = folder / FILE
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["study_uid"])
    except FileNotFoundError:
        uid = uuid.uuid4().hex
    folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{FILE}.{os.getpid()}.part")
    partial.write_text(json.dumps({"study_uid": uid}) + "\n", encoding="utf-8")
    partial.replace(path)
    return uid
