"""Finding a study in MLflow again: its experiment, its run and the runs of its trials."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from automed.tracking import entries
from automed.tracking.run import Run

if TYPE_CHECKING:
    from mlflow import MlflowClient


class StoreError(RuntimeError):
    """MLflow answers, but the study cannot be written to it."""


@dataclass
class Runs:
    """The runs of one study.

    Attributes:
        study: The parent run; None where there is none yet.
        trials: The nested runs by trial number.
    """

    study: Run | None = None
    trials: dict[int, Run] = field(default_factory=dict)


def find_experiment(client: MlflowClient, name: str, location: str | None) -> str:
    """MLflow's id of an experiment, which is created if need be.

    Args:
        client: Of the store.
        name: Of the experiment.
        location: Where a new one keeps its files; None: where the server says.

    Raises:
        StoreError: The experiment was deleted.
    """
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            tags = {"mlflow.experimentKind": "custom_model_development"}  # not its LLM views
            created = client.create_experiment(name, artifact_location=location, tags=tags)
            return str(created)
        except MlflowException:
            found = client.get_experiment_by_name(name)  # another study was faster
            if found is None:
                raise
    if found.lifecycle_stage != "active":
        raise StoreError(
            f"the MLflow experiment {name!r} was deleted; bring it back with: "
            f"mlflow experiments restore -x {found.experiment_id}"
        )
    return str(found.experiment_id)


def find_runs(client: MlflowClient, experiment: str, uid: str) -> Runs:
    """The runs that carry a study's id; of two for one trial the more complete is kept.

    A server that answers too late may obey a request that was given up and repeated: the second
    run is then moved to MLflow's trash.
    """
    runs = Runs()
    token = None
    while True:
        page = client.search_runs(
            [experiment], f"tags.`{entries.UID}` = '{uid}'",
            order_by=["attributes.start_time ASC"], max_results=1000, page_token=token,
        )  # fmt: skip
        for found in page:
            extra = _place(runs, Run(client, found))
            if extra is not None:
                client.delete_run(extra.id)
        token = page.token
        if not token:
            return runs


def _place(runs: Runs, run: Run) -> Run | None:
    if run.tags[entries.KIND] == "study":
        if runs.study is not None:
            return run
        runs.study = run
        return None
    number = int(run.tags[entries.NUMBER])
    other = runs.trials.get(number)
    keep, extra = (run, other) if entries.WRITTEN in run.tags else (other or run, run)
    runs.trials[number] = keep
    return extra if other is not None else None
