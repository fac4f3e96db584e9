"""Write a study down as a table that searches can be replayed against.

Run: ``python benchmarks/surrogates/record.py STUDY-FOLDER TABLE.jsonl``
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path

from automed.domain.history import HISTORY, read_history
from automed.domain.trial import TrialState
from automed.search.view import read_study

LIBRARIES = ("torch", "timm", "segmentation-models-pytorch")


def main(folder: Path, table: Path) -> None:
    """Keep each whole training's config, costs and curve."""
    study = read_study(folder)
    spec = study.spec
    about = {
        "task": spec.task.name,
        "guide": spec.task.guide,
        "epochs": spec.task.training.epochs,
        "image_size": spec.task.image_size[0],
        "space": spec.task.space.model_dump(mode="json"),
        "data": spec.data.name,
        "data_digest": spec.data.digest,
        "weights": spec.weights,
        "automed": spec.version,
        "libraries": {name: version(name) for name in LIBRARIES},
    }
    lines = [json.dumps(about)]
    for trial in study.trials:
        if trial.state is not TrialState.COMPLETE or trial.result is None:
            continue
        history = read_history(folder / "trials" / f"{trial.number:04d}" / HISTORY)
        curve = [round(m.metrics[spec.task.guide], 5) for m in history]
        if len(curve) != spec.task.training.epochs:
            raise SystemExit(f"trial {trial.number} has {len(curve)} epochs")
        row = {
            "config": dict(trial.config.items()),
            "costs": {k: v for k, v in trial.result.cost.as_metrics().items() if k != "latency_ms"},
            "curve": curve,
            "seconds": round(trial.result.seconds, 1),
        }
        lines.append(json.dumps(row))
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines) - 1} of {spec.task.space.combinations()} trainings in {table}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
