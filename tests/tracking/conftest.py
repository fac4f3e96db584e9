"""A study to be tracked: its trials, what they leave on disk, and a store that is quick to make."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from automed.plugins.polyp import task

from automed.domain.budget import Budget
from automed.domain.config import Config
from automed.domain.cost import Cost, Quantity
from automed.domain.measurement import Measurement
from automed.domain.objective import Constraint
from automed.domain.result import Failure, Result
from automed.domain.study_spec import DataRef, StudySpec
from automed.domain.trial import Trial, TrialState
from automed.tracking import writer
from automed.tracking.mlflow_tracker import MlflowTracker

EPOCHS = 4


@dataclass
class Kit:
    """A made-up study in a workspace, with the events that a search of it sends."""

    workspace: Path
    name: str = "polyp-1"
    budget: int = 3
    data: str = "demo"
    classes: tuple[str, ...] = task.classes
    drawn: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.workspace / "studies" / self.name

    @property
    def uri(self) -> str:
        return f"sqlite:///{self.workspace / 'mlflow.db'}"

    @property
    def spec(self) -> StudySpec:
        return StudySpec(
            name=self.name, task=task.replace(classes=self.classes), version="0.1.0",
            split_digest="5" * 64, seed=3,
            data=DataRef(name=self.data, path="/data/polyps", digest="d" * 64),
            budget=Budget(trials=self.budget), weights="imagenet",
            constraints=(Constraint(metric="macs", bound=5e9),),
        )  # fmt: skip

    def tracker(self, uri: str | None = None, **options) -> MlflowTracker:
        return MlflowTracker(self.spec, self.folder, uri or self.uri, self.draw, **options)

    def draw(self, folder: Path) -> list[Path]:
        self.drawn.append(folder.name)
        folder.mkdir(parents=True, exist_ok=True)
        picture = folder / "overlays.png"
        picture.write_bytes(b"a picture of " + folder.name.encode())
        return [picture]

    def trial(self, number: int, state: TrialState = TrialState.RUNNING, **fields) -> Trial:
        cost = Cost(
            parameters=Quantity(value=1e6 * (number + 1)),
            macs=Quantity(value=0.5e9 * (number + 1)),
            size_bytes=Quantity(value=4e6 * (number + 1)),
            input_shape=(3, 288, 384),
        )
        config = {"model.encoder": "tf_efficientnet_lite3", "training.learning_rate": 1e-3}
        if state in (TrialState.COMPLETE, TrialState.PRUNED):
            fields["result"] = Result(
                metrics=self.history(number)[-1].metrics, cost=cost, epochs=EPOCHS,
                best_epoch=EPOCHS, seconds=2.0 * EPOCHS, split_digest="5" * 64,
            )  # fmt: skip
        if state is TrialState.FAIL:
            fields["failure"] = Failure(kind="DivergedError", message="the loss is not finite")
        return Trial(
            number=number, config=Config(config | {"training.batch_size": number + 1}),
            seed=10 + number, state=state, predicted=cost, **fields,
        )  # fmt: skip

    def history(self, number: int, epochs: int = EPOCHS, shift: float = 0.0) -> list[Measurement]:
        return [
            Measurement(
                epoch=e,
                metrics={"train_loss": 1 / e, "dice": 0.5 + 0.1 * number + 0.01 * e + shift},
                seconds=2.0 * e,
            )
            for e in range(1, epochs + 1)
        ]

    def write_history(self, number: int, history: Sequence[Measurement]) -> None:
        folder = self.folder / "trials" / f"{number:04d}"
        folder.mkdir(parents=True, exist_ok=True)
        lines = [m.model_dump_json() + "\n" for m in history]
        (folder / "history.jsonl").write_text("".join(lines))

    def run(
        self,
        tracker: MlflowTracker,
        number: int,
        state: TrialState = TrialState.COMPLETE,
        after_epoch: Callable[[int], None] = lambda _: None,
    ) -> Trial:
        """Train one trial, as an executor would report it."""
        running = self.trial(number)
        tracker.trial_started(running)
        history = self.history(number)
        for count, measurement in enumerate(history, start=1):
            self.write_history(number, history[:count])
            tracker.trial_measured(running, measurement)
            after_epoch(count)
        ended = self.trial(number, state)
        tracker.trial_finished(ended)
        return ended


@dataclass
class Seen:
    """What MLflow holds, read with a client of its own."""

    uri: str

    def __post_init__(self) -> None:
        from mlflow import MlflowClient

        self.client = MlflowClient(tracking_uri=self.uri)

    def runs(self) -> list:
        experiment = self.client.get_experiment_by_name("automed/polyp")
        return list(self.client.search_runs([experiment.experiment_id], max_results=1000))

    def study(self):
        (run,) = [r for r in self.runs() if r.data.tags["automed.kind"] == "study"]
        return run

    def trials(self) -> dict:
        found = [r for r in self.runs() if r.data.tags["automed.kind"] == "trial"]
        numbers = [int(r.data.tags["automed.trial"]) for r in found]
        assert len(set(numbers)) == len(numbers), f"a trial has two runs: {numbers}"
        return dict(sorted(zip(numbers, found, strict=True)))

    def curve(self, run, key: str) -> list[tuple[int, float]]:
        return [(m.step, m.value) for m in self.client.get_metric_history(run.info.run_id, key)]

    def files(self, run) -> list[str]:
        return sorted(f.path for f in self.client.list_artifacts(run.info.run_id))


@pytest.fixture
def kit(tmp_path: Path, empty_store: Path) -> Kit:
    workspace = tmp_path / "work space"
    workspace.mkdir()
    shutil.copy(empty_store, workspace / "mlflow.db")
    return Kit(workspace)


@pytest.fixture
def seen() -> type[Seen]:
    return Seen


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "PAUSE", 0.05)
    monkeypatch.setattr(writer, "FIRST_DELAY", 0.2)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
