"""The training loop, on data small enough to learn in seconds."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from automed.domain.decision import Decision
from automed.domain.errors import DivergedError, TrainingError
from automed.domain.normalization import Normalization
from automed.domain.task import ClassificationTask, SegmentationTask
from automed.registry.tasks import load_task
from automed.training import fit as fit_module
from automed.training.evaluate import Evaluation, evaluate, foreground
from automed.training.fit import fit
from automed.training.forward import Forward
from automed.training.losses import build_loss
from automed.training.metrics.classification import classification_metrics
from automed.training.metrics.segmentation import segmentation_metrics
from automed.training.part import Part
from automed.training.recipe import Recipe

CPU = torch.device("cpu")
UNIT = Normalization(mean=(0.0,) * 3, std=(1.0,) * 3)
SPACE = load_task("polyp").space
MASKS = SegmentationTask(name="masks", title="", classes=("thing",), image_size=(16, 16),
                         space=SPACE, normalize="symmetric")  # fmt: skip
CLASSES = ClassificationTask(name="classes", title="", classes=("dark", "light"),
                             image_size=(16, 16), space=SPACE, normalize="unit")  # fmt: skip


def data(task, samples=24, seed=0):
    """Bright squares to segment, or bright images to tell from dark ones."""
    source = np.random.default_rng(seed)
    images = source.integers(0, 80, (samples, 16, 16, 3), dtype=np.uint8)
    if task.kind == "classification":
        targets = np.arange(samples, dtype=np.int64) % 2
        images[targets == 1] += 150
        return images, targets
    targets = np.zeros((samples, 16, 16), dtype=np.uint8)
    for mask in targets:
        top, left = source.integers(0, 9, 2)
        mask[top : top + 7, left : left + 7] = 1
    images[targets == 1] += 150
    return images, targets


def parts(task, train=18):
    images, targets = data(task)
    rows = np.arange(len(images))
    return Part(images, targets, rows[:train]), Part(images, targets, rows[18:])


def network(task, seed=0, dropout=0.0):
    torch.manual_seed(seed)
    body = [nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(dropout)]
    head = [nn.Conv2d(8, 1, 1)]
    if task.kind == "classification":
        head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2)]
    return nn.Sequential(*body, *head)


def recipe(task, **changes):
    loss = "bce+dice" if task.kind == "segmentation" else "ce"
    base = {"loss": loss, "optimizer": "adamw", "learning_rate": 0.05, "batch_size": 4,
            "epochs": 6, "precision": "fp32"}  # fmt: skip
    return Recipe(**{**base, **changes})


def run(task, model=None, *, seed=1, answers=None, train=18, **changes):
    heard = []

    def report(measurement):
        heard.append(measurement)
        return answers(measurement) if answers else Decision.CONTINUE

    model = model or network(task, dropout=0.2)
    train_part, val = parts(task, train)
    fitted = fit(model, task, recipe(task, **changes), train_part, val, normalization=UNIT,
                 seed=seed, device=CPU, report=report)  # fmt: skip
    return fitted, heard, model


def numbers(heard):
    return [measurement.metrics for measurement in heard]


@pytest.mark.parametrize(("task", "metric"), [(MASKS, "dice"), (CLASSES, "f1_macro")])
def test_it_learns_and_tells_what_it_measured(task, metric):
    fitted, heard, _ = run(task)
    assert fitted.best.metrics[metric] > 0.9
    assert fitted.best.metrics == {
        k: v for k, v in heard[fitted.best_epoch - 1].metrics.items() if k in fitted.best.metrics
    }
    assert [m.epoch for m in heard] == [1, 2, 3, 4, 5, 6]
    assert all({"train_loss", "loss", "lr", metric} <= set(m.metrics) for m in heard)
    assert heard[-1].metrics["train_loss"] < heard[0].metrics["train_loss"]
    assert [m.seconds for m in heard] == sorted(m.seconds for m in heard)
    assert fitted.epochs == 6


def test_several_foreground_classes_are_learned():
    task = MASKS.replace(classes=("white", "cyan"))
    images, targets = data(MASKS)
    targets[12:] *= 2
    images[targets == 2, 0] -= 140  # another colour
    rows = np.random.default_rng(0).permutation(24)
    train, val = (Part(images, targets, part, classes=2) for part in (rows[:18], rows[18:]))
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(),
                          nn.Conv2d(8, 3, 1))  # fmt: skip
    settings = {"loss": "ce+dice", "class_weights": True, "label_smoothing": 0.05, "epochs": 12}
    fitted = fit(model, task, recipe(task, **settings), train, val, normalization=UNIT, seed=0,
                 device=CPU, report=lambda m: Decision.CONTINUE)  # fmt: skip
    assert fitted.best.metrics["dice"] > 0.8


@pytest.mark.parametrize("task", [MASKS, CLASSES], ids=lambda task: task.kind)
def test_two_runs_are_equal_whatever_happened_between_them(task):
    augmented = task.replace(augment=load_task("breast_cell").augment)
    first, heard, model = run(augmented)
    torch.manual_seed(99)
    torch.rand(7)
    np.random.default_rng().random()
    second, again, twin = run(augmented)
    assert numbers(heard) == numbers(again)
    assert np.array_equal(first.best.outputs, second.best.outputs)
    assert all(torch.equal(a, b) for a, b in zip(
        model.state_dict().values(), twin.state_dict().values(), strict=True))  # fmt: skip


def test_another_seed_trains_otherwise():
    _, first, _ = run(MASKS, seed=1)
    _, second, _ = run(MASKS, seed=2)
    assert numbers(first) != numbers(second)


def test_the_rate_follows_the_schedule():
    _, heard, _ = run(MASKS, schedule="cosine")
    rates = [m.metrics["lr"] for m in heard]
    assert rates[0] == 0.05
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.01
    _, heard, _ = run(MASKS, schedule="constant")
    assert {m.metrics["lr"] for m in heard} == {0.05}


def scripted(values, models):
    """Stands in for `evaluate`: the guide metric as written, the model as it was then."""

    def evaluation(forward, loss, task, part, epoch):
        models.append(copy.deepcopy(forward.model.state_dict()))
        return Evaluation(0.1, {"dice": values[epoch - 1]}, np.zeros((len(part), 4)))

    return evaluation


def test_the_best_epoch_is_restored_and_patience_ends_the_training(monkeypatch):
    models = []
    monkeypatch.setattr(fit_module, "evaluate", scripted([0.1, 0.5, 0.5, 0.4, 0.9], models))
    fitted, heard, model = run(MASKS, epochs=5, patience=2)
    assert (fitted.epochs, fitted.best_epoch) == (4, 2)
    assert fitted.best.metrics == {"dice": 0.5}
    assert len(heard) == 4
    restored = model.state_dict()
    assert all(torch.equal(restored[k], v) for k, v in models[1].items())
    assert not all(torch.equal(restored[k], v) for k, v in models[3].items())


def test_the_validation_loss_may_decide_instead_of_the_guide_metric(monkeypatch):
    dice, losses = [0.5, 0.4, 0.9, 0.3, 0.2], [0.5, 0.3, 0.4, 0.4, 0.1]

    def evaluation(forward, loss, task, part, epoch):
        return Evaluation(losses[epoch - 1], {"dice": dice[epoch - 1]}, np.zeros((len(part), 4)))

    monkeypatch.setattr(fit_module, "evaluate", evaluation)
    by_loss, _, _ = run(MASKS, epochs=5, patience=2, monitor="loss")
    by_guide, _, _ = run(MASKS, epochs=5, patience=2, monitor="guide")
    assert (by_loss.best_epoch, by_loss.epochs) == (2, 4)
    assert (by_guide.best_epoch, by_guide.epochs) == (3, 5)


def test_the_plateau_schedule_watches_the_validation_loss(monkeypatch):
    monkeypatch.setattr(fit_module, "evaluate", scripted([0.1 * n for n in range(9)], []))
    _, heard, _ = run(MASKS, epochs=9, schedule="plateau")
    # The scripted loss never falls: after 1 + 5 + 1 epochs the rate is a tenth.
    assert [m.metrics["lr"] for m in heard] == pytest.approx([0.05] * 7 + [0.005] * 2)


def test_a_report_may_stop_the_training():
    fitted, heard, _ = run(
        MASKS, answers=lambda m: Decision.STOP if m.epoch == 2 else Decision.CONTINUE
    )
    assert len(heard) == fitted.epochs == 2
    assert fitted.best_epoch in (1, 2)


def test_an_interrupt_passes_through():
    def interrupt(measurement):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(MASKS, answers=interrupt)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_training_that_explodes_names_the_epoch(optimizer):
    with pytest.raises(DivergedError, match=r"diverged in epoch \d") as caught:
        run(MASKS, optimizer=optimizer, learning_rate=1e30, epochs=20)
    assert caught.value.epoch >= 1


def test_a_loss_that_is_nan_is_noticed_in_its_epoch():
    class Poison(nn.Module):
        """Gives NaN from the tenth batch on: with five batches an epoch, in the second."""

        calls = 0

        def forward(self, images):
            self.calls += self.training
            return images * (float("nan") if self.calls >= 7 else 1.0)

    model = nn.Sequential(Poison(), network(MASKS))
    with pytest.raises(DivergedError) as caught:
        run(MASKS, model, epochs=5)
    assert (caught.value.epoch, caught.value.what) == (2, "the training loss")


def test_weights_and_outputs_that_are_not_finite_are_told_apart(monkeypatch):
    model = network(MASKS)
    model[0].register_buffer("unused", torch.tensor(float("inf")))
    with pytest.raises(DivergedError, match="a weight"):
        run(MASKS, model)

    class Overflow(nn.Module):
        def forward(self, logits):
            return logits if self.training else logits / 0

    with pytest.raises(DivergedError, match="output on the validation part"):
        run(MASKS, nn.Sequential(network(MASKS), Overflow()))


@pytest.mark.parametrize(("train", "batch_size"), [(18, 64), (17, 4), (5, 4), (1, 4), (3, 1)])
def test_any_number_of_samples_makes_an_epoch(train, batch_size):
    fitted, _, _ = run(MASKS, train=train, batch_size=batch_size, epochs=2)
    assert fitted.epochs == 2


def test_single_samples_that_batch_norm_cannot_train_on_are_explained():
    def pooled():
        return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(3), nn.Flatten(),
                             nn.Linear(3, 2))  # fmt: skip

    run(CLASSES, pooled(), train=17, batch_size=4, epochs=1)
    with pytest.raises(TrainingError, match="cannot train on a batch of one sample"):
        run(CLASSES, pooled(), train=4, batch_size=1, epochs=1)


def test_class_weights_reach_the_loss():
    _, plain, _ = run(CLASSES, epochs=1, train=5)
    _, weighted, _ = run(CLASSES, epochs=1, train=5, class_weights=True)
    assert plain[0].metrics["train_loss"] != weighted[0].metrics["train_loss"]
    _, plain, _ = run(MASKS, epochs=1, loss="bce")
    _, weighted, _ = run(MASKS, epochs=1, loss="bce", class_weights=True)
    assert plain[0].metrics["train_loss"] != weighted[0].metrics["train_loss"]


def test_the_gradient_is_clipped():
    model = network(MASKS)
    before = [p.detach().clone() for p in model.parameters()]
    run(MASKS, model, optimizer="sgd", learning_rate=1.0, clip_norm=1e-9, epochs=1)
    moved = max((p - b).abs().max() for p, b in zip(model.parameters(), before, strict=True))
    assert 0 < moved < 1e-7


def test_bf16_trains_too():
    fitted, _, model = run(MASKS, precision="bf16")
    assert fitted.best.metrics["dice"] > 0.8
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_a_guide_metric_that_is_not_defined_is_explained():
    task = CLASSES.replace(objectives=[{"metric": "roc_auc"}])
    images, targets = data(task)
    one_class = Part(images, targets, np.arange(0, 24, 2))
    with pytest.raises(TrainingError, match="roc_auc is not defined on the validation part"):
        fit(network(task), task, recipe(task), one_class, one_class, normalization=UNIT, seed=0,
            device=CPU, report=lambda m: Decision.CONTINUE)  # fmt: skip


@pytest.mark.parametrize("task", [MASKS, CLASSES], ids=lambda task: task.kind)
def test_an_evaluation_is_that_of_all_samples_at_once(task):
    _, val = parts(task)
    everything = Part(val.images, val.targets, np.arange(24))  # more than one batch
    model = network(task).eval()
    forward = Forward(model, UNIT, CPU, "fp32")
    loss = build_loss("bce" if task.kind == "segmentation" else "ce")
    seen = evaluate(forward, loss, task, everything, 1)
    images, targets = everything.batch(np.arange(24), CPU)
    with torch.no_grad():
        logits = forward(images)
    assert seen.loss == pytest.approx(loss(logits, targets).item(), rel=1e-5)
    if task.kind == "segmentation":
        hit = (foreground(logits) & (targets > 0.5)).sum((1, 2, 3))
        assert np.array_equal(seen.outputs[:, 0], hit.numpy())
        assert segmentation_metrics(seen.outputs).items() <= seen.metrics.items()
    else:
        expected = torch.softmax(logits, 1).numpy()
        np.testing.assert_allclose(seen.outputs, expected, rtol=1e-6)
        assert seen.metrics == classification_metrics(everything.labels, seen.outputs, task.classes)


def test_a_batch_has_the_pixels_of_its_rows():
    images, targets = data(MASKS)
    part = Part(images, targets, np.array([5, 3, 9]))
    batch, masks = part.batch(np.array([2, 0]), CPU)
    assert batch.shape == (2, 3, 16, 16)
    assert batch.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(batch[0, 1], torch.from_numpy(images[9, :, :, 1] / np.float32(255)))
    assert torch.equal(masks[1, 0], torch.from_numpy(targets[5]).float())


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("task", [MASKS, CLASSES], ids=lambda task: task.kind)
def test_it_trains_on_a_gpu(task):
    train, val = parts(task)
    fitted = fit(network(task), task, recipe(task, precision="auto"), train, val,
                 normalization=UNIT, seed=0, device=torch.device("cuda"),
                 report=lambda m: Decision.CONTINUE)  # fmt: skip
    assert fitted.best.metrics[task.guide] > 0.8
