"""A training that is put aside, in any epoch, goes on as if it had not been."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import timm
import torch
from torch import nn

from automed.domain.augment import Augment
from automed.domain.decision import Decision
from automed.domain.errors import DivergedError
from automed.domain.normalization import Normalization
from automed.domain.task import ClassificationTask, SegmentationTask
from automed.registry.tasks import load_task
from automed.training import checkpoint as checkpoint_module
from automed.training import fit as fit_module
from automed.training.evaluate import Evaluation
from automed.training.fit import fit
from automed.training.part import Part
from automed.training.recipe import Recipe

CPU = torch.device("cpu")
UNIT = Normalization(mean=(0.5,) * 3, std=(0.5,) * 3)
AUGMENT = Augment(horizontal_flip=0.5, brightness=0.2, gauss_noise=0.5)
COMMON = {"title": "", "image_size": (32, 32), "space": load_task("polyp").space,
          "augment": AUGMENT}  # fmt: skip
MASKS = SegmentationTask(name="masks", classes=("thing",), **COMMON)
CLASSES = ClassificationTask(name="classes", classes=("dark", "light"), **COMMON)
TWO_STAGES = {"epochs": 6, "frozen_share": 0.5, "freeze": "blocks.2", "layer_decay": 0.8}


class Aside(BaseException):
    """What an executor raises to put a training aside."""


@pytest.fixture(autouse=True)
def one_thread():
    """Tensors as small as these gain nothing from several, which wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def parts(task):
    source = np.random.default_rng(3)
    images = source.integers(0, 256, (10, 32, 32, 3), dtype=np.uint8)
    masks = (images[..., 0] > 128).astype(np.uint8)
    targets = np.arange(10, dtype=np.int64) % 2 if task.kind == "classification" else masks
    rows = np.arange(10)
    return Part(images, targets, rows[:6]), Part(images, targets, rows[6:])


def model_of(task):
    torch.manual_seed(0)
    if task.kind == "classification":  # dropout and stochastic depth draw from the global state
        return timm.create_model("test_efficientnet", num_classes=2, drop_rate=0.3,
                                 drop_path_rate=0.3)  # fmt: skip
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(),
                         nn.Dropout(0.2), nn.Conv2d(8, 1, 1))  # fmt: skip


class Run:
    """One call of `fit`: what it reported, returned and left in the model."""

    def __init__(self, task, path=None, *, aside=0, stop=0, seed=1, belongs_to="mine", **changes):
        self.epochs, self.heard = [], []
        self.model = model_of(task)

        def report(measurement):
            self.epochs.append(measurement.epoch)
            self.heard.append(measurement)
            if measurement.epoch == aside:
                raise Aside
            return Decision.STOP if measurement.epoch == stop else Decision.CONTINUE

        loss = "bce+dice" if task.kind == "segmentation" else "ce"
        base = {"loss": loss, "optimizer": "adamw", "learning_rate": 0.01, "weight_decay": 0.1,
                "batch_size": 3, "epochs": 5, "precision": "fp32"}  # fmt: skip
        train, val = parts(task)
        self.fitted = None
        torch.rand(len(changes))  # what others drew before does not matter
        try:
            self.fitted = fit(
                self.model, task, Recipe(**{**base, **changes}), train, val, normalization=UNIT,
                seed=seed, device=CPU, report=report, checkpoint=path, belongs_to=belongs_to,
            )  # fmt: skip
        except Aside:
            assert aside

    @property
    def numbers(self):
        return [m.metrics for m in self.heard]

    def assert_equals(self, other):
        mine, its = self.fitted, other.fitted
        assert self.numbers == other.numbers
        assert (mine.epochs, mine.best_epoch, mine.stopped) == (its.epochs, its.best_epoch,
                                                                its.stopped)  # fmt: skip
        assert (mine.best.loss, mine.best.metrics) == (its.best.loss, its.best.metrics)
        assert np.array_equal(mine.best.outputs, its.best.outputs)
        assert (mine.best.scores is None) == (its.best.scores is None)
        assert mine.best.scores is None or np.array_equal(mine.best.scores, its.best.scores)
        pairs = zip(self.model.state_dict().items(), other.model.state_dict().items(), strict=True)
        assert [a for (a, one), (b, two) in pairs if a != b or not torch.equal(one, two)] == []


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checkpoint.safetensors"


@pytest.mark.parametrize("task", [MASKS, CLASSES], ids=lambda task: task.kind)
@pytest.mark.parametrize("epoch", [1, 3, 5])
def test_it_goes_on_bit_for_bit(task, epoch, path):
    whole = Run(task)
    aside = Run(task, path, aside=epoch)
    assert aside.epochs == list(range(1, epoch + 1))
    again = Run(task, path)
    assert again.epochs == [1, 2, 3, 4, 5]  # those before are reported again
    assert again.heard[:epoch] == aside.heard
    again.assert_equals(whole)
    seconds = [m.seconds for m in again.heard]
    assert seconds == sorted(seconds)
    assert again.fitted.seconds >= seconds[-1] >= aside.heard[-1].seconds


@pytest.mark.parametrize("epoch", [2, 3, 4])
def test_two_stages_go_on_in_either(epoch, path):
    whole = Run(CLASSES, **TWO_STAGES)
    Run(CLASSES, path, aside=epoch, **TWO_STAGES)
    Run(CLASSES, path, **TWO_STAGES).assert_equals(whole)


def scripted(monkeypatch, losses):
    """The validation losses as written, so that patience ends where it should."""

    def evaluation(forward, loss, task, part, epoch):
        return Evaluation(losses[epoch - 1], {"dice": 0.5, "f1_macro": 0.5}, np.zeros((4, 4)))

    monkeypatch.setattr(fit_module, "evaluate", evaluation)


@pytest.mark.parametrize("epoch", range(1, 8))
def test_a_stage_out_of_patience_stays_so(monkeypatch, path, epoch):
    # The first stage of 4 is best in its first epoch, and out of patience after its third.
    scripted(monkeypatch, [0.3, 0.4, 0.4, 0.9, 0.2, 0.6, 0.6])
    settings = {**TWO_STAGES, "epochs": 8, "patience": 2, "monitor": "loss"}
    whole = Run(CLASSES, **settings)
    assert (whole.fitted.epochs, whole.fitted.best_epoch) == (7, 5)
    Run(CLASSES, path, aside=epoch, **settings)
    Run(CLASSES, path, **settings).assert_equals(whole)


def after_each_epoch(monkeypatch):
    monkeypatch.setattr(checkpoint_module, "EVERY", 0.0)
    monkeypatch.setattr(checkpoint_module, "TIMES", 0.0)


def test_it_may_be_put_aside_again_and_again(path, monkeypatch):
    whole = Run(MASKS)
    for epoch in (1, 2, 4):
        Run(MASKS, path, aside=epoch)
    # One that is put aside while its epochs are reported again is where it was.
    assert Run(MASKS, path, aside=2).epochs == [1, 2]
    trained = []
    original = fit_module.Trainer.train

    def counted(self, epoch):
        trained.append(epoch)
        return original(self, epoch)

    monkeypatch.setattr(fit_module.Trainer, "train", counted)
    Run(MASKS, path).assert_equals(whole)
    assert trained == [5]


def test_a_checkpoint_may_be_older_than_the_last_epoch(path, monkeypatch):
    whole = Run(MASKS)
    Run(MASKS, path, aside=2)
    before = path.read_bytes()
    Run(MASKS, path, aside=4)
    path.write_bytes(before)  # as if the process had been killed in epoch 5
    Run(MASKS, path).assert_equals(whole)


# Writing that takes long is done less often: 2 s of it follow on 40 s of training.
@pytest.mark.parametrize(("takes", "expected"), [(0.0, [27.0, 54.0]), (2.0, [27.0, 74.0])])
def test_one_is_written_when_its_time_has_come(path, monkeypatch, takes, expected):
    now = [0.0]
    monkeypatch.setattr(checkpoint_module.time, "monotonic", lambda: now[0])
    written = []

    def write(*given):
        written.append(now[0])
        now[0] += takes

    monkeypatch.setattr(checkpoint_module, "write_state", write)
    scripted(monkeypatch, [0.5] * 8)
    train = fit_module.Trainer.train

    def slowly(self, epoch):
        now[0] += 9.0
        return train(self, epoch)

    monkeypatch.setattr(fit_module.Trainer, "train", slowly)
    Run(MASKS, path, epochs=8)
    assert written == expected


def test_without_a_path_nothing_is_written(tmp_path, monkeypatch):
    after_each_epoch(monkeypatch)
    monkeypatch.chdir(tmp_path)
    Run(MASKS, aside=2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "change",
    [{"seed": 2}, {"belongs_to": "yours"}, {"learning_rate": 0.02}, {"epochs": 4}],
    ids=lambda change: next(iter(change)),
)
def test_another_training_begins_anew(path, change, caplog):
    Run(MASKS, path, aside=3)
    other = Run(MASKS, path, **change)
    assert "another training" in caplog.text
    other.assert_equals(Run(MASKS, **change))


def test_another_version_of_a_library_is_another_training(path, monkeypatch, caplog):
    Run(MASKS, path, aside=3)
    monkeypatch.setattr(checkpoint_module, "version", lambda library: "0.0.1")
    Run(MASKS, path).assert_equals(Run(MASKS))
    assert "another training" in caplog.text


def test_after_a_damaged_one_it_begins_anew(path, caplog):
    Run(MASKS, path, aside=3)
    path.write_bytes(path.read_bytes()[:-5])
    Run(MASKS, path).assert_equals(Run(MASKS))
    assert "starts anew" in caplog.text


def test_a_full_disk_does_not_end_it(path, monkeypatch, caplog, files_no_larger_than):
    Run(MASKS, path, aside=1)
    after_each_epoch(monkeypatch)
    before = path.read_bytes()
    with files_no_larger_than(1000), caplog.at_level(logging.WARNING):
        full = Run(MASKS, path)
    full.assert_equals(Run(MASKS))
    [record] = caplog.records
    assert "goes on without" in record.getMessage()
    assert "File too large" in record.getMessage()
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
    with files_no_larger_than(1000):
        assert Run(MASKS, path, aside=3).fitted is None  # what report raised is what comes out


def test_nothing_else_is_swallowed(path, monkeypatch):
    def write(*given):
        raise ValueError("no disk's fault")

    after_each_epoch(monkeypatch)
    monkeypatch.setattr(checkpoint_module, "write_state", write)
    with pytest.raises(ValueError, match="no disk's fault"):
        Run(MASKS, path)


def test_what_the_training_itself_raises_writes_nothing(path):
    with pytest.raises(DivergedError):
        Run(MASKS, path, learning_rate=1e30, optimizer="sgd")
    assert not path.exists()


@pytest.mark.parametrize("stop", [2, 4])
def test_a_stop_on_an_epoch_reported_again_ends_it_there(path, monkeypatch, stop):
    losses = [0.5, 0.3, 0.4, 0.4, 0.4]
    scripted(monkeypatch, losses)
    whole = Run(MASKS, stop=stop, monitor="loss")
    assert (whole.fitted.stopped, whole.fitted.epochs, whole.fitted.best_epoch) == (True, stop, 2)
    Run(MASKS, path, aside=4, monitor="loss")
    monkeypatch.delattr(fit_module.Trainer, "train")  # nothing is trained any more
    again = Run(MASKS, path, stop=stop, monitor="loss")
    again.assert_equals(whole)
    assert again.epochs == list(range(1, stop + 1))


def test_a_stop_before_the_best_epoch_has_the_best_until_there(path, monkeypatch):
    scripted(monkeypatch, [0.5, 0.3, 0.4, 0.2, 0.4])
    whole = Run(MASKS, stop=3, monitor="loss")
    Run(MASKS, path, aside=4, monitor="loss")
    again = Run(MASKS, path, stop=3, monitor="loss")
    again.assert_equals(whole)
    assert again.epochs == [1, 2, 3]  # each once, though they were trained once more


def test_a_training_that_was_not_stopped_says_so():
    assert Run(MASKS, epochs=1).fitted.stopped is False
    assert Run(MASKS, epochs=1, stop=1).fitted.stopped is True


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("optimizer", ["adamw", "nadam", "ranger"])
def test_on_a_gpu_the_state_lies_where_it_lay(path, optimizer):
    cuda = torch.device("cuda")
    train, val = parts(CLASSES)
    recipe = Recipe(loss="ce", optimizer=optimizer, learning_rate=0.01, batch_size=3, epochs=4,
                    precision="fp32")  # fmt: skip

    def run(file, aside):
        heard = []

        def report(measurement):
            heard.append(measurement.metrics)
            if measurement.epoch == aside:
                raise Aside
            return Decision.CONTINUE

        model = model_of(CLASSES)
        try:
            fit(model, CLASSES, recipe, train, val, normalization=UNIT, seed=1, device=cuda,
                report=report, checkpoint=file)  # fmt: skip
        except Aside:
            assert aside
        return heard, model

    whole, model = run(None, 0)
    run(path, 2)
    again, twin = run(path, 0)
    assert again == whole
    for one, other in zip(model.state_dict().values(), twin.state_dict().values(), strict=True):
        assert torch.equal(one, other)
