"""Every value of the papers can be held with ``--fix`` and trains on real images of its kind."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import pytest

from automed.api.request import SearchRequest
from automed.data.cache import build_cache
from automed.data.dataset import Dataset, open_dataset
from automed.data.split import make_split
from automed.domain.applied import applied
from automed.domain.budget import Budget
from automed.domain.config import Config, Value
from automed.domain.data_options import DataOptions
from automed.domain.decision import Decision
from automed.domain.space import SearchSpace
from automed.domain.study_spec import DataRef, StudySpec
from automed.domain.task import AnyTask
from automed.domain.trial import Trial
from automed.pipeline.job import Job
from automed.pipeline.run import run_trial
from automed.registry.tasks import load_task

FOLDERS = {
    "polyp": "polyp/Kvasir-SEG",
    "cell": "cell/dsb2018_pairs",
    "leukemia": "leukemia/ALL_4class",
    "breast_cell": "breast_cell/BBBC021_MCF7_subset/png8_derived",
}
IMAGES = 12
SIZE = (96, 96)
CHEAP = {
    "model.architecture": "unet", "model.encoder": "tf_mobilenetv3_small_075",
    "model.decoder_width": 0.25, "model.base_width": 8, "training.batch_size": 4,
    "training.freeze": "none", "training.optimizer": "adamw", "training.learning_rate": 1e-3,
    "training.loss": "bce+dice", "data.preprocess": "raw", "model.decoder_channels": 32,
}  # fmt: skip


LARGE = (
    "vgg16", "inception_v3", "efficientnet_b3", "tf_efficientnet_lite3", "regnety_016",
    "tf_efficientnet_b4",
)  # fmt: skip
"""Encoders that take seconds to minutes."""


def cases() -> list[Any]:
    """Each choice once for each kind of task: the spaces of one kind share most of theirs."""
    found: dict[tuple[str, str, Value], str] = {}
    for name in FOLDERS:
        task = load_task(name)
        for key, parameter in task.space.parameters.items():
            for value in parameter.paper:
                found.setdefault((task.kind, key, value), name)
    first: dict[str, Value] = {}
    return [
        pytest.param(name, key, value, marks=marks(value, first.setdefault(key, value)))
        for (_, key, value), name in found.items()
    ]


def marks(value: Value, first: Value) -> list[pytest.MarkDecorator]:
    """One number says as much as another, and what small encoders train with, large ones do."""
    another = value != first and not (isinstance(value, str) and value[0].isalpha())
    return [pytest.mark.thorough] if another or value == 64 or value in LARGE else []


@dataclasses.dataclass(frozen=True)
class Bench:
    """Some real images of a task, and where their trials go."""

    dataset: Dataset
    task: AnyTask
    root: Path


@pytest.fixture(scope="module")
def bench_of(real_data: Path, tmp_path_factory: pytest.TempPathFactory):
    """A few real images of each task, linked rather than copied."""
    benches: dict[str, Bench] = {}

    def bench(name: str) -> Bench:
        if name not in benches:
            task = load_task(name).replace(image_size=SIZE)
            options = DataOptions(no_groups="a dozen images, to see that every choice trains")
            whole = open_dataset(real_data / FOLDERS[name], task, options)
            dataset = few(whole)
            if task.kind == "classification":
                task = task.replace(classes=dataset.classes)
            benches[name] = Bench(dataset, task, tmp_path_factory.mktemp(name))
        return benches[name]

    return bench


def few(whole: Dataset) -> Dataset:
    """Samples from all over the data set, and of every class alike."""
    labels = sorted({s.label or "" for s in whole.samples})
    each = IMAGES // len(labels)
    chosen = [
        sample
        for label in labels
        for sample in [s for s in whole.samples if (s.label or "") == label][:each]
    ]
    return dataclasses.replace(whole, samples=tuple(sorted(chosen, key=lambda s: s.id)))


def config_with(space: SearchSpace, key: str) -> Config:
    """A cheap config in which a parameter has an effect."""
    wanted = dict(CHEAP)
    name = key
    while space.parameters[name].when:
        parent, values = next(iter(space.parameters[name].when.items()))
        wanted[parent] = wanted[parent] if wanted.get(parent) in values else values[0]
        name = parent
    values: dict[str, Value] = {}
    for name, parameter in space.parameters.items():
        if space.is_active(name, values):
            choices = getattr(parameter, "choices", None) or (parameter.low, parameter.high)
            order = [wanted.get(name), *parameter.paper, *choices]
            values[name] = next(
                v for v in order if v is not None and parameter.problem(v) is None
                and not any(e.bars(v, values) for e in getattr(parameter, "exclude", ()))
            )  # fmt: skip
    return space.validate_config(values)


@pytest.mark.parametrize(("name", "key", "value"), cases(), ids=str)
def test_it_trains_for_two_epochs(bench_of, name: str, key: str, value: Value) -> None:
    bench = bench_of(name)
    request = SearchRequest(task=name, epochs=2, fix_values=(f"{key}={value}",))
    task = request.adapt(load_task(name)).replace(image_size=SIZE, classes=bench.task.classes)
    config = config_with(task.space, key)
    assert config[key] == value
    split = make_split(bench.dataset, task.split, seed=0)
    build_cache(bench.dataset, applied(task, config), bench.root / "cache")
    spec = StudySpec(
        name="s", task=task, split_digest=split.digest, budget=Budget(trials=1), weights="none",
        data=DataRef(
            name="few", path=str(bench.dataset.root), digest=bench.dataset.digest,
            options=bench.dataset.options,
        ), version="0",
    )  # fmt: skip
    folder = bench.root / f"{key}={str(value).replace('/', '-')}"
    job = Job(spec=spec, split=split, cache=str(bench.root / "cache"), folder=str(folder))
    heard = []

    def report(measurement):
        heard.append(measurement)
        return Decision.CONTINUE

    result = run_trial(Trial(number=0, config=config, seed=1), job, report)
    assert len(heard) == result.epochs == 2
    assert all(math.isfinite(m.metrics["train_loss"]) for m in heard)
    assert math.isfinite(result.metrics[task.guide])
