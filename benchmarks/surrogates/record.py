"""Write studies down as one table that searches can be replayed against.

Run: ``python benchmarks/surrogates/record.py STUDY-FOLDER [...] TABLE.jsonl``
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from automed.domain.config import Config
from automed.domain.history import HISTORY, read_history
from automed.domain.result import Result
from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial, TrialState
from automed.search.view import read_study

LIBRARIES = ("torch", "timm", "segmentation-models-pytorch")


def main(folders: list[Path], table: Path) -> None:
    """Keep each whole training's config, costs and curve; studies of one space make one table."""
    rows: dict[Config, dict[str, Any]] = {}
    abouts = []
    for folder in folders:
        study = read_study(folder)
        abouts.append(_about(study.spec))
        for trial in study.trials:
            if trial.state is not TrialState.COMPLETE or trial.result is None:
                continue
            row = _row(folder, study.spec, trial, trial.result)
            known = rows.setdefault(trial.config, row)
            if known["curve"] != row["curve"]:
                raise SystemExit(f"two trainings of {trial.config} differ: {folder}")
    if any(about != abouts[0] for about in abouts):
        raise SystemExit(f"the studies differ in their settings: {abouts}")
    lines = [json.dumps(abouts[0]), *map(json.dumps, rows.values())]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(rows)} of {study.spec.task.space.combinations()} trainings in {table}")


def _about(spec: StudySpec) -> dict[str, Any]:
    return {
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


def _row(folder: Path, spec: StudySpec, trial: Trial, result: Result) -> dict[str, Any]:
    history = read_history(folder / "trials" / f"{trial.number:04d}" / HISTORY)
    curve = [round(m.metrics[spec.task.guide], 5) for m in history]
    if len(curve) != spec.task.training.epochs:
        raise SystemExit(f"trial {trial.number} has {len(curve)} epochs")
    return {
        "config": dict(trial.config.items()),
        "costs": {k: v for k, v in result.cost.as_metrics().items() if k != "latency_ms"},
        "curve": curve,
        "seconds": round(result.seconds, 1),
    }


if __name__ == "__main__":
    *studies, target = map(Path, sys.argv[1:])
    main(studies, target)
