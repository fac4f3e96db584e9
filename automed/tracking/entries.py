"""What is written of a study and of a trial, under which names."""

from __future__ import annotations

from collections.abc import Sequence

from automed.domain.cost import Cost
from automed.domain.front import Front
from automed.domain.objective import Constraint, Objective
from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial, TrialState

UID = "automed.study_uid"
KIND = "automed.kind"
NUMBER = "automed.trial"
WRITTEN = "automed.written"
"""Set last, to the trial's digest: a run that carries it is complete."""

STATUS = {
    TrialState.RUNNING: "RUNNING",
    TrialState.COMPLETE: "FINISHED",
    TrialState.PRUNED: "FINISHED",
    TrialState.FAIL: "FAILED",
}
"""MLflow's status; stopped trials are finished runs whose tag ``state`` is ``stopped``."""


def study_params(spec: StudySpec) -> dict[str, str]:
    """The settings of a study."""
    task, training = spec.task, spec.task.training
    height, width = task.image_size
    return {
        "task": task.name,
        "dataset": spec.data.name,
        "data.path": spec.data.path,
        "data.digest": spec.data.digest,
        "split.digest": spec.split_digest,
        "seed": str(spec.seed),
        "budget": str(spec.budget.trials),
        "sampler": spec.sampler,
        "weights": spec.weights,
        "image_size": f"{height}x{width}",
        "channels": str(task.channels),
        "objectives": ", ".join(f"{o.direction} {o.metric}" for o in task.objectives),
        "constraints": ", ".join(map(Constraint.describe, spec.constraints)) or "none",
        "space": f"{task.space.name} v{task.space.version} ({task.space.digest[:12]})",
        "training.epochs": str(training.epochs),
        "training.patience": str(training.patience),
        "training.schedule": training.schedule,
        "training.precision": training.precision,
        "automed.version": spec.version,
    }


def study_tags(spec: StudySpec, uid: str) -> dict[str, str]:
    """Tags of a study's run; those that may change while it runs are among them."""
    return {
        "mlflow.note.content": _note(spec),
        "mlflow.source.name": f"automed search {spec.task.name}",
        "task": spec.task.name,
        "dataset": spec.data.name,
        "budget": str(spec.budget.trials),
        UID: uid,
        KIND: "study",
    }


def _note(spec: StudySpec) -> str:
    lines = [f"**{spec.task.title}**: study `{spec.name}`."]
    if spec.data.is_demo:
        lines.append("**Synthetic demo data: the figures say nothing about patients.**")
    lines.append(f"Data: `{spec.data.path}`. Metrics are of the validation part.")
    lines.append(f"`automed front {spec.name}` prints the front.")
    return "\n\n".join(lines)


def trial_params(trial: Trial) -> dict[str, str]:
    """The config of a trial under its own keys, and the trial's seed."""
    return {**{key: str(value) for key, value in trial.config.items()}, "seed": str(trial.seed)}


def trial_tags(spec: StudySpec, trial: Trial, uid: str, parent: str) -> dict[str, str]:
    """Tags of a trial's run."""
    tags = {
        "mlflow.parentRunId": parent,
        "mlflow.source.name": f"automed search {spec.task.name}",
        "study": spec.name,
        "task": spec.task.name,
        "dataset": spec.data.name,
        "origin": trial.origin,
        "state": trial.label,
        UID: uid,
        KIND: "trial",
        NUMBER: str(trial.number),
    }
    if trial.failure is not None:
        tags["failure"] = f"{trial.failure.kind}: {trial.failure.message}"
    if trial.result is not None:
        tags["device"] = trial.result.device
        if trial.result.artifact is not None:
            tags["weights_file"] = trial.result.artifact
    return tags


def trial_values(trial: Trial) -> dict[str, float]:
    """The figures of a trial that do not belong to an epoch: costs and, at the end, the best."""
    result = trial.result
    cost = result.cost if result is not None else trial.predicted
    values = _cost_values(cost) if cost is not None else {}
    if result is not None:
        values |= {f"best_{name}": value for name, value in result.metrics.items()}
        values |= {
            "epochs": float(result.epochs),
            "best_epoch": float(result.best_epoch),
            "seconds": result.seconds,
        }
    return values


def _cost_values(cost: Cost) -> dict[str, float]:
    return {
        "parameters": cost.parameters.value, "gmacs": cost.gmacs, "size_mb": cost.megabytes,
    }  # fmt: skip


def front_values(front: Front, quality: Objective, rejected: int) -> dict[str, float]:
    """How far a study has come: curves of the study's run over its trials."""
    found = [t.result.metrics[quality.metric] for t in front.trials if t.result is not None]
    values = {
        "hypervolume": front.hypervolume,
        "front_trials": float(len(front.trials)),
        "rejected_configs": float(rejected),
    }
    # Empty until a trial keeps the study's constraints.
    return values | ({f"best_{quality.metric}": min(found, key=quality.loss)} if found else {})


def front_table(trials: Sequence[Trial], guide: str) -> dict[str, list[object]]:
    """The front as MLflow shows tables: column names and rows."""
    keys = sorted({key for trial in trials for key in trial.config})
    rows: list[object] = []
    for trial in trials:
        assert trial.result is not None
        cost = _cost_values(trial.result.cost)
        rows.append(
            [trial.number, trial.result.metrics[guide], *cost.values(), trial.origin]
            + [trial.config.get(key, "") for key in keys]
        )
    costs = ["parameters", "gmacs", "size_mb"]
    return {"columns": ["trial", guide, *costs, "origin", *keys], "data": rows}
