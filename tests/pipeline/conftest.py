"""A tiny data set in a real cache, and jobs on it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from automed.data.cache import build_cache, cache_key, open_cache
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
    "multiclass": {
        "model.architecture": "unet", "model.encoder": "test_efficientnet",
        "model.decoder_width": 0.25, "training.loss": "ce+dice",
    },
    "classification": {
        "model.encoder": "test_efficientnet", "model.dropout": 0.2, "training.loss": "ce",
    },
}  # fmt: skip


MASKS = {"segmentation": (255,), "multiclass": (128, 255)}
"""The values of the classes in the mask files; the second class lies inside the first."""


def small_task(kind, **changes):
    task = load_task("leukemia" if kind == "classification" else "polyp")
    if kind == "classification":
        changes["classes"] = ("Benign", "Early")
    if kind == "multiclass":
        changes |= {"classes": ("cytoplasm", "nucleus"), "mask_values": MASKS[kind]}
    training = task.training.replace(
        epochs=3, schedule="cosine", precision="fp32", monitor="guide", patience=15
    )
    return task.replace(image_size=SIZE, training=training, **changes)


def write_samples(folder, kind, task, count):
    folder.mkdir(parents=True)
    source = np.random.default_rng(0)
    samples = []
    for number in range(count):
        image = source.integers(0, 90, (*SIZE, task.channels), dtype=np.uint8)
        mask = np.zeros(SIZE, np.uint8)
        centre = int(source.integers(8, 40)), int(source.integers(8, 24))
        radius, label = int(source.integers(5, 10)), number % 2
        for place, value in enumerate(MASKS.get(kind, (255,))):
            cv2.circle(mask, centre, radius - 3 * place, value, -1)
            image[mask == value] += np.uint8(60 + 80 * (place if kind == "multiclass" else label))
        # An array holds any number of channels.
        np.save(folder / f"{number}.npy", image)
        target = {"label": task.classes[label]} if kind == "classification" else {}
        if kind != "classification":
            cv2.imwrite(str(folder / f"{number}_mask.png"), mask)
            target = {"masks": (f"{number}_mask.png",)}
        samples.append(Sample(id=f"s{number:02d}", image=f"{number}.npy", **target))
    return tuple(samples)


def make_job(root, kind, count=44, preprocess=("raw",), **task_changes):
    task = small_task(kind, **task_changes)
    dataset = Dataset(
        root=root / "data", samples=write_samples(root / "data", kind, task, count), layout="test",
        classes=task.classes, mask_values=getattr(task, "mask_values", ()),
    )  # fmt: skip
    for steps in preprocess:
        build_cache(dataset, task.replace(preprocess=steps), root / "cache")
    ids = [sample.id for sample in dataset.samples]
    # The test part is not even in the cache: reading it would fail.
    split = Split(train=tuple(ids[:32]), val=tuple(ids[32:]), test=("locked away",), seed=0,
                  grouped_by=None)  # fmt: skip
    data = DataRef(name="tiny", path=str(root / "data"), digest=dataset.digest)
    spec = StudySpec(name="tiny", task=task, data=data, split_digest=split.digest,
                     budget=Budget(trials=1), version="0")  # fmt: skip
    return Job(spec=spec, split=split, cache=str(root / "cache"),
               folder=str(root / "studies" / "tiny"), device="cpu")  # fmt: skip


def make_trial(kind, number=7, seed=5, **changes):
    changed = {key.replace("__", "."): value for key, value in changes.items()}
    return Trial(number=number, config=Config({**MODELS[kind], **TRAINING, **changed}), seed=seed)


@pytest.fixture(scope="session")
def base_jobs(tmp_path_factory):
    """A job of each kind of task, made once."""
    made = {
        "segmentation": {}, "multiclass": {}, "classification": {"preprocess": ("raw", "otsu")},
        "four channels": {"channels": 4},
    }  # fmt: skip
    return {
        name: make_job(
            tmp_path_factory.mktemp("job"), "multiclass" if "channels" in how else name, **how
        )
        for name, how in made.items()
    }


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


@pytest.fixture
def cache_of():
    """Opens the image cache of a job's task."""

    def cache(job):
        return open_cache(Path(job.cache), cache_key(job.spec.data.digest, job.spec.task))

    return cache
