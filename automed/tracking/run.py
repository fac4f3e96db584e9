"""One MLflow run of which we know what it holds, so that writing twice changes nothing."""

from __future__ import annotations

import json
import math
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from automed.tracking.limits import (
    DIGEST,
    MAX_PARAM,
    MAX_TAG,
    METRICS_A_BATCH,
    PARAMS_A_BATCH,
    TAGS_A_BATCH,
    chunks,
    clean_key,
    cut,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run as MlflowRun


class Point(NamedTuple):
    """One value of one metric."""

    key: str
    step: int
    value: float
    timestamp: int
    """Milliseconds since 1970."""


class Run:
    """A run of MLflow with a memory of its parameters, tags and metrics.

    Args:
        client: Of the store that the run is in.
        run: As MLflow returned it.
        is_new: Whether it was created just now and holds no metric yet.
    """

    def __init__(self, client: MlflowClient, run: MlflowRun, *, is_new: bool = False) -> None:
        self._client = client
        self.id: str = run.info.run_id
        self.start: int = run.info.start_time
        self.status: str = run.info.status
        self.tags: dict[str, str] = dict(run.data.tags)
        self._params: dict[str, str] = dict(run.data.params)
        self._latest: dict[str, float] = {} if is_new else dict(run.data.metrics)
        self._points: dict[str, dict[int, float]] = {}
        inputs = run.inputs.dataset_inputs if run.inputs is not None else []
        self._datasets: set[str] = {i.dataset.name for i in inputs}

    def points(self, key: str) -> Mapping[int, float]:
        """Values of a metric by step; asks MLflow once."""
        if key not in self._points:
            known = self._client.get_metric_history(self.id, key) if key in self._latest else []
            self._points[key] = {m.step: m.value for m in known}
        return self._points[key]

    def metric_names(self) -> list[str]:
        """Names of the metrics it holds."""
        return sorted({*self._latest, *self._points})

    def log_params(self, params: Mapping[str, str]) -> None:
        """Add parameters; one that is there stays as it is, for MLflow refuses to change it."""
        from mlflow.entities import Param

        cleaned = {clean_key(k): cut(v, MAX_PARAM) for k, v in params.items()}
        new = [Param(k, v) for k, v in cleaned.items() if k not in self._params]
        for part in chunks(new, PARAMS_A_BATCH):
            self._client.log_batch(self.id, params=part)
            self._params |= {p.key: p.value for p in part}

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags to these values."""
        from mlflow.entities import RunTag

        cleaned = {clean_key(k): cut(v, MAX_TAG) for k, v in tags.items()}
        new = [RunTag(k, v) for k, v in cleaned.items() if self.tags.get(k) != v]
        for part in chunks(new, TAGS_A_BATCH):
            self._client.log_batch(self.id, tags=part)
            self.tags |= {t.key: t.value for t in part}

    def log_dataset(self, name: str, digest: str, path: str) -> None:
        """Name the data: MLflow shows them in a column of their own."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        if name in self._datasets:
            return
        source = json.dumps({"uri": path})
        data = Dataset(cut(name, 500), digest[:DIGEST], "local", source)
        # The key is MLflow's; without it the UI shows the data without a word on their use.
        context = InputTag("mlflow.data.context", "training and validation")
        self._client.log_inputs(self.id, datasets=[DatasetInput(data, [context])])
        self._datasets.add(name)

    def log_points(self, points: Iterable[Point]) -> None:
        """Add the values whose step a metric does not have yet."""
        named = (p._replace(key=clean_key(p.key)) for p in points)
        self._send([p for p in named if p.step not in self.points(p.key)])

    def log_values(self, values: Mapping[str, float], timestamp: int) -> None:
        """Set metrics that have one value only, under step 0."""
        cleaned = {clean_key(k): v for k, v in values.items()}
        self._send(
            [
                Point(k, 0, v, timestamp)
                for k, v in cleaned.items()
                if not same(self._latest.get(k), v)
            ]
        )

    def _send(self, points: list[Point]) -> None:
        from mlflow.entities import Metric

        for part in chunks(points, METRICS_A_BATCH):
            self._client.log_batch(
                self.id, metrics=[Metric(p.key, p.value, p.timestamp, p.step) for p in part]
            )
            for point in part:
                self._points.setdefault(point.key, {})[point.step] = point.value
                self._latest[point.key] = point.value

    def log_file(self, path: Path) -> None:
        """Add a file, replacing one of the same name."""
        self._client.log_artifact(self.id, str(path))

    def log_text(self, name: str, text: str) -> None:
        """Add a text as a file."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_text(text, encoding="utf-8")
            self.log_file(path)

    def set_status(self, status: str, end: int | None = None) -> None:
        """RUNNING, or ended at a time in milliseconds since 1970 (default: now)."""
        if status == self.status:
            return
        if status == "RUNNING":
            self._client.update_run(self.id, status=status)
        else:
            self._client.set_terminated(self.id, status, end)
        self.status = status


def same(stored: float | None, value: float) -> bool:
    """Whether MLflow's value is this one; its databases keep infinity as the largest number."""
    if stored is None:
        return False
    if math.isnan(value):
        return math.isnan(stored)
    limit = sys.float_info.max
    return min(max(value, -limit), limit) == min(max(stored, -limit), limit)


def new_run(
    client: MlflowClient, experiment: str, name: str, tags: Mapping[str, Any], start: int
) -> Run:
    """Create a run.

    Args:
        client: Of the store.
        experiment: MLflow's id of the experiment.
        name: As the UI shows it.
        tags: To begin with; what finds it again must be among them.
        start: Milliseconds since 1970.
    """
    cleaned = {clean_key(k): cut(str(v), MAX_TAG) for k, v in tags.items()}
    run = client.create_run(experiment, start_time=start, tags=cleaned, run_name=name)
    return Run(client, run, is_new=True)
