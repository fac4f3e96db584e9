"""A tiny data set in a real cache, and jobs on it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from automed.data.cache import build_cache
from automed.data.dataset import Dataset
from automed.domain.budget import Budget
from automed.domain.config import Config
from automed.domain.sample import Sample
from automed.domain.split import Split
from automed.domain.study_spec import DataRef, StudySpec
from automed.domain.trial import Trial
from automed.pipeline.job import Job
from automed.registry.tasks import load_task

SIZE = (32, 48)
TRAINING = {
    "training.optimizer": "adamw", "training.learning_rate": 0.02,
    "training.weight_decay": 1e-3, "training.batch_size": 8,
}  # fmt: skip
MODELS = {
    "segmentation": {
        "model.architecture": "unet", "model.encoder": "test_efficientnet",
        "model.decoder_width": 0.25, "training.loss": "bce+dice",
    },
    "classification": {
        "model.encoder": "test_efficientnet", "model.dropout": 0.2, "training.loss": "ce",
    },
}  # fmt: skip


def small_task(kind):
    task = load_task("polyp" if kind == "segmentation" else "leukemia")
    classes = task.classes if kind == "segmentation" else ("Benign", "Early")
    training = task.training.replace(epochs=3, schedule="cosine", precision="fp32")
    return task.replace(image_size=SIZE, classes=classes, training=training)


def write_samples(folder, task, count):
    folder.mkdir(parents=True)
    source = np.random.default_rng(0)
    samples = []
    for number in range(count):
        image = source.integers(0, 90, (*SIZE, 3), dtype=np.uint8)
        mask = np.zeros(SIZE, np.uint8)
        centre = int(source.integers(8, 40)), int(source.integers(8, 24))
        cv2.circle(mask, centre, int(source.integers(5, 10)), 255, -1)
        label = number % 2
        image[mask > 0] += np.uint8(60 + 80 * label)
        cv2.imwrite(str(folder / f"{number}.png"), image)
        target = {"label": task.classes[label]} if task.kind == "classification" else {}
        if task.kind == "segmentation":
            cv2.imwrite(str(folder / f"{number}_mask.png"), mask)
            target = {"masks": (f"{number}_mask.png",)}
        samples.append(Sample(id=f"s{number:02d}", image=f"{number}.png", **target))
    return tuple(samples)


def make_job(root, kind, count=44, **spec_fields):
    task = small_task(kind)
    dataset = Dataset(root=root / "data", samples=write_samples(root / "data", task, count),
                      layout="test", classes=task.classes)  # fmt: skip
    for preprocess in ("raw", "otsu"):
        build_cache(dataset, kind, 3, preprocess, SIZE, root / "cache")
    ids = [sample.id for sample in dataset.samples]
    # The test part is not even in the cache: reading it would fail.
    split = Split(train=tuple(ids[:32]), val=tuple(ids[32:]), test=("locked away",), seed=0,
                  grouped_by=None)  # fmt: skip
    data = DataRef(name="tiny", path=str(root / "data"), digest=dataset.digest)
    spec = StudySpec(name="tiny", task=task, data=data, split_digest=split.digest,
                     budget=Budget(trials=1), version="0", **spec_fields)  # fmt: skip
    return Job(spec=spec, split=split, cache=str(root / "cache"),
               folder=str(root / "studies" / "tiny"), device="cpu")  # fmt: skip


def make_trial(kind, number=7, seed=5, **changes):
    changed = {key.replace("__", "."): value for key, value in changes.items()}
    return Trial(number=number, config=Config({**MODELS[kind], **TRAINING, **changed}), seed=seed)


@pytest.fixture(scope="session")
def base_jobs(tmp_path_factory):
    """One job for each kind of task, made once."""
    kinds = ("segmentation", "classification")
    return {kind: make_job(tmp_path_factory.mktemp(kind), kind) for kind in kinds}


@pytest.fixture
def job_of(base_jobs, tmp_path):
    """A job of a kind with a study folder of its own; keyword arguments change the spec."""

    def job(kind, **spec_fields):
        base = base_jobs[kind]
        return base.replace(
            folder=str(tmp_path / "studies" / "tiny"), spec=base.spec.replace(**spec_fields)
        )

    return job


@pytest.fixture
def trial_of():
    """Makes trials: ``trial_of(kind, number=7, seed=5, training__loss="bce")``."""
    return make_trial
