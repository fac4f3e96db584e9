"""What is written of a study and of a trial, under which names."""

from __future__ import annotations

from collections.abc import Sequence

from automed.domain.budget import Budget
from automed.domain.compression import compression_of
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
        "budget": _budget(spec.budget),
        "sampler": spec.sampler,
        "weights": spec.weights,
        "compress": ",".join(map(str, spec.compress)) or "none",
        "artifact": spec.artifact,
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


def _budget(budget: Budget) -> str:
    # Trainings alone stay a bare number, as earlier versions wrote them: no parameter may change.
    return str(budget.trials) if set(budget.given) == {"trials"} else budget.describe()


def study_tags(spec: StudySpec, uid: str) -> dict[str, str]:
    """Tags of a study's run; those that may change while it runs are among them."""
    return {
        "mlflow.note.content": _note(spec),
        "mlflow.source.name": f"automed search {spec.task.name}",
        "task": spec.task.name,
        "dataset": spec.data.name,
        "budget": _budget(spec.budget),
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


def trial_name(trial: Trial) -> str:
    """What the run of a trial is called."""
    compression = None if trial.parent is None else compression_of(trial.config)
    return f"trial {trial.number}" + (f": {compression}" if compression is not None else "")


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
        files = {"weights_file": trial.result.weights, "artifact": trial.result.artifact}
        tags |= {name: file for name, file in files.items() if file is not None}
        if trial.result.remarks:
            tags["remarks"] = "; ".join(trial.result.remarks)
        tags |= {f"compression.{name}": str(value) for name, value in trial.result.details.items()}
    if trial.parent is not None:
        tags["parent_trial"] = str(trial.parent)
    return tags


def trial_values(trial: Trial) -> dict[str, float]:
    """The figures of a trial that do not belong to an epoch: costs and, at the end, the best."""
    result = trial.result
    cost = result.cost if result is not None else trial.predicted
    values = {} if cost is None else _cost_values(cost) | _more_cost_values(cost)
    if result is not None:
        values |= {f"best_{name}": value for name, value in result.metrics.items()}
        values |= {
            "epochs": float(result.epochs),
            "best_epoch": float(result.best_epoch),
            "seconds": result.seconds,
        }
        if result.parity is not None:
            values |= {
                "parity_max_difference": result.parity.max_difference,
                "parity_snr_db": result.parity.snr_db,
            }
    return values


def _cost_values(cost: Cost) -> dict[str, float]:
    return {
        "parameters": cost.parameters.value, "gmacs": cost.gmacs, "size_mb": cost.megabytes,
    }  # fmt: skip


def _more_cost_values(cost: Cost) -> dict[str, float]:
    """What is measured of files alone."""
    values = {}
    if cost.zipped_bytes is not None:
        values["zipped_mb"] = cost.zipped_bytes.value / 1e6
    if cost.latency is not None:
        values |= {"latency_p50_ms": cost.latency.p50_ms, "latency_p95_ms": cost.latency.p95_ms}
    return values


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
