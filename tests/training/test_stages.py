"""Training in stages, with parts of a pretrained encoder frozen."""

from __future__ import annotations

import copy
import itertools
import math

import numpy as np
import pytest
import timm
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from automed.domain.config import Config
from automed.domain.decision import Decision
from automed.domain.errors import TrainingError
from automed.domain.normalization import Normalization
from automed.domain.task import ClassificationTask, SegmentationTask
from automed.models.build import build_model
from automed.models.freeze import frozen, frozen_part
from automed.models.layers import encoder_in
from automed.registry.tasks import load_task
from automed.training import fit as fit_module
from automed.training import trainer as trainer_module
from automed.training.evaluate import Evaluation
from automed.training.fit import fit
from automed.training.layer_decay import parameter_groups
from automed.training.part import Part
from automed.training.recipe import Recipe
from automed.training.stages import Stage, stages_of

SPACE = load_task("polyp").space
MASKS = SegmentationTask(name="masks", title="", classes=("thing",), image_size=(32, 32),
                         space=SPACE)  # fmt: skip
CLASSES = ClassificationTask(name="classes", title="", classes=("dark", "light"),
                             image_size=(32, 32), space=SPACE)  # fmt: skip
UNIT = Normalization(mean=(0.5,) * 3, std=(0.5,) * 3)


def parts(task, samples=8):
    source = np.random.default_rng(3)
    images = source.integers(0, 256, (samples, 32, 32, 3), dtype=np.uint8)
    if task.kind == "classification":
        targets = np.arange(samples, dtype=np.int64) % 2
    else:
        targets = (images[..., 0] > 128).astype(np.uint8)
    rows = np.arange(samples)
    return Part(images, targets, rows[:6]), Part(images, targets, rows[6:])


def model_of(task):
    torch.manual_seed(0)
    if task.kind == "classification":
        return timm.create_model("test_efficientnet", num_classes=2, drop_rate=0.3,
                                 drop_path_rate=0.3)  # fmt: skip
    config = {"model.architecture": "unet", "model.encoder": "test_efficientnet",
              "model.decoder_width": 0.1}  # fmt: skip
    return build_model(Config(config), task)


def recipe(task, **changes):
    loss = "bce" if task.kind == "segmentation" else "ce"
    base = {"loss": loss, "optimizer": "adamw", "learning_rate": 0.01, "weight_decay": 0.1,
            "batch_size": 3, "epochs": 4, "precision": "fp32"}  # fmt: skip
    return Recipe(**{**base, **changes})


def run(task, model=None, **changes):
    heard = []

    def report(measurement):
        heard.append(measurement)
        return Decision.CONTINUE

    model = model or model_of(task)
    train, val = parts(task)
    fitted = fit(model, task, recipe(task, **changes), train, val, normalization=UNIT, seed=1,
                 device=torch.device("cpu"), report=report)  # fmt: skip
    return fitted, heard, model


@pytest.fixture
def optimizers(monkeypatch):
    """All optimizers that a training makes."""
    made = []

    original = trainer_module.build_optimizer

    def build(*arguments):
        made.append(original(*arguments))
        return made[-1]

    monkeypatch.setattr(trainer_module, "build_optimizer", build)
    return made


def sizes(optimizer):
    return sum(p.numel() for group in optimizer.param_groups for p in group["params"])


def trainable(model, freeze):
    with frozen(model, freeze):
        return sum(p.numel() for p in model.parameters() if p.requires_grad)


def frozen_state(model, freeze):
    """Weights and statistics of the frozen layers, by name."""
    layers = {id(m) for m in frozen_part(model, freeze).modules}
    return {
        f"{name}.{key}": tensor.clone()
        for name, module in model.named_modules() if id(module) in layers
        for key, tensor in module.state_dict().items()
    }  # fmt: skip


@pytest.mark.parametrize("task", [MASKS, CLASSES], ids=lambda task: task.kind)
@pytest.mark.parametrize("freeze", ["all", "0.5", "blocks.2", "blocks.1.0.conv_pwl"])
def test_what_is_frozen_stays_bit_for_bit(task, freeze, optimizers):
    model = model_of(task)
    before = copy.deepcopy(model.state_dict())
    kept = frozen_state(model, freeze)
    assert any("running_mean" in name for name in kept)
    run(task, model, freeze=freeze, epochs=2)
    after = frozen_state(model, freeze)
    assert all(torch.equal(after[name], tensor) for name, tensor in kept.items())
    moved = {n for n, t in model.state_dict().items() if not torch.equal(t, before[n])}
    held = {id(p) for p in frozen_part(model, freeze).parameters}
    trained = {n for n, p in model.named_parameters() if id(p) not in held}
    assert trained <= moved
    [optimizer] = optimizers
    assert sizes(optimizer) == trainable(model, freeze)
    assert len(optimizer.state) == len(trained)
    assert all(p.requires_grad for p in model.parameters())
    assert all(p.grad is None for p in model.parameters() if id(p) in held)


def test_a_frozen_part_computes_in_training_as_in_validation():
    model = model_of(CLASSES)
    outputs = {True: [], False: []}  # by whether the model trains
    model.blocks[3].register_forward_hook(
        lambda module, given, output: outputs[model.training].append(output.detach().clone())
    )
    images = torch.rand(4, 3, 32, 32)
    part = frozen_part(model, "blocks.3")
    assert any(isinstance(m, timm.layers.DropPath) for m in part.modules)
    part.train(model)
    for _ in range(2):
        model(images)
    model.eval()
    model(images)
    assert all(torch.equal(output, outputs[False][0]) for output in outputs[True])
    model.train()
    model(images)
    assert not torch.equal(outputs[True][-1], outputs[False][0])


@given(st.integers(1, 300), st.floats(0, 0.999))
def test_the_epochs_are_shared_out_among_the_stages(epochs, share):
    stages = stages_of(recipe(MASKS, epochs=epochs, frozen_share=share, freeze="blocks.2"))
    assert sum(stage.epochs for stage in stages) == epochs
    assert stages[-1].freeze == "blocks.2"
    if share == 0 or epochs == 1:
        assert len(stages) == 1
    else:
        first, second = stages
        assert first.freeze == "all"
        assert min(first.epochs, second.epochs) >= 1
        assert abs(first.epochs - share * epochs) <= 1


def test_paper_3_trains_50_epochs_and_then_30():
    settings = {"epochs": 80, "frozen_share": 0.625, "freeze": "blocks.5.6.conv_pw"}
    assert stages_of(recipe(CLASSES, **settings)) == (
        Stage("all", 50),
        Stage("blocks.5.6.conv_pw", 30),
    )
    # An encoder that is never trained leaves nothing to wait for.
    assert stages_of(recipe(CLASSES, epochs=8, frozen_share=0.5, freeze="all")) == (
        Stage("all", 8),
    )


@pytest.mark.parametrize("task", [MASKS, CLASSES], ids=lambda task: task.kind)
def test_two_stages_have_optimizers_and_schedules_of_their_own(task, optimizers):
    _, heard, model = run(task, epochs=6, frozen_share=0.5, freeze="blocks.2")
    assert [sizes(o) for o in optimizers] == [trainable(model, f) for f in ("all", "blocks.2")]
    assert sizes(optimizers[0]) < sizes(optimizers[1])
    assert [m.epoch for m in heard] == [1, 2, 3, 4, 5, 6]
    rates = [m.metrics["lr"] for m in heard]
    assert rates[:3] == rates[3:]  # a cosine each
    assert rates[0] == 0.01 > rates[1] > rates[2]
    seconds = [m.seconds for m in heard]
    assert seconds == sorted(seconds)


def test_two_stages_are_a_function_of_the_seed():
    settings = {"epochs": 4, "frozen_share": 0.5, "freeze": "0.3", "layer_decay": 0.8}
    _, heard, model = run(CLASSES, **settings)
    torch.rand(5)
    _, again, twin = run(CLASSES, **settings)
    assert [m.metrics for m in heard] == [m.metrics for m in again]
    for one, other in zip(model.state_dict().values(), twin.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def scripted(monkeypatch, losses, weights):
    """Stands in for `evaluate`: the validation loss as written; the model as it was then."""

    def evaluation(forward, loss, task, part, epoch):
        weights.append(copy.deepcopy(forward.model.state_dict()))
        return Evaluation(losses[epoch - 1], {"dice": 0.5}, np.zeros((len(part), 4)))

    monkeypatch.setattr(fit_module, "evaluate", evaluation)


def starts(monkeypatch, model):
    """The weights with which each stage begins."""
    seen = []
    original = fit_module.Trainer

    def trainer(*arguments):
        seen.append(copy.deepcopy(model.state_dict()))
        return original(*arguments)

    monkeypatch.setattr(fit_module, "Trainer", trainer)
    return seen


def equal(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def test_a_stage_out_of_patience_hands_its_best_weights_on(monkeypatch):
    weights, model = [], model_of(MASKS)
    # Stage 1 of 5 epochs is best in its second; stage 2 starts badly and ends as the best.
    scripted(monkeypatch, [0.5, 0.3, 0.4, 0.4, 0.9, 0.8, 0.25, 0.6, 0.6], weights)
    began = starts(monkeypatch, model)
    fitted, heard, _ = run(MASKS, model, epochs=10, frozen_share=0.5, patience=2, monitor="loss")
    assert len(began) == 2
    assert equal(began[1], weights[1])
    assert not equal(began[1], weights[3])
    assert [m.epoch for m in heard] == list(range(1, 10))
    assert (fitted.epochs, fitted.best_epoch, fitted.best.loss) == (9, 7, 0.25)
    assert equal(model.state_dict(), weights[6])
    rates = [m.metrics["lr"] for m in heard]
    assert rates[4] == rates[0]


def test_the_first_stage_may_keep_the_best_epoch(monkeypatch):
    weights, model = [], model_of(MASKS)
    scripted(monkeypatch, [0.5, 0.3, 0.4, 0.7, 0.6, 0.6], weights)
    fitted, _, _ = run(MASKS, model, epochs=6, frozen_share=0.5, patience=3, monitor="loss")
    assert (fitted.epochs, fitted.best_epoch, fitted.best.loss) == (6, 2, 0.3)
    assert equal(model.state_dict(), weights[1])


def test_a_stop_in_the_first_stage_ends_the_training():
    train, val = parts(MASKS)
    heard = []

    def report(measurement):
        heard.append(measurement)
        return Decision.STOP

    model = model_of(MASKS)
    fitted = fit(model, MASKS, recipe(MASKS, frozen_share=0.5), train, val, normalization=UNIT,
                 seed=1, device=torch.device("cpu"), report=report)  # fmt: skip
    assert len(heard) == fitted.epochs == fitted.best_epoch == 1
    assert all(p.requires_grad for p in model.parameters())


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "ranger", "signmomentum"])
@pytest.mark.parametrize("task", [MASKS, CLASSES], ids=lambda task: task.kind)
def test_rates_fall_from_the_head_to_the_first_layer(task, optimizer, optimizers):
    _, heard, model = run(task, epochs=2, layer_decay=0.5, schedule="constant", freeze="conv_stem",
                          optimizer=optimizer)  # fmt: skip
    groups = optimizers[0].param_groups
    rates = [group["lr"] for group in groups]
    assert len(rates) > 4
    assert rates == pytest.approx([0.01 * 0.5**n for n in reversed(range(len(rates)))])
    assert heard[0].metrics["lr"] == 0.01
    encoder = encoder_in(model)
    inside = {id(p): i for i, (_, p) in enumerate(encoder.named_parameters())}
    assert not any(id(p) in inside for p in groups[-1]["params"])
    order = [inside[id(p)] for group in groups[:-1] for p in group["params"]]
    assert order == sorted(order)


def test_all_groups_follow_the_schedule_in_their_ratios(optimizers):
    run(MASKS, epochs=3, layer_decay=0.5, schedule="cosine", warmup=0.3)
    rates = [group["lr"] for group in optimizers[0].param_groups]
    assert rates[-1] == pytest.approx(0.01 * 0.01)
    assert all(math.isclose(b / a, 2) for a, b in itertools.pairwise(rates))


def test_without_decay_there_is_one_group_and_it_trains_alike():
    model = model_of(MASKS)
    assert all(isinstance(p, nn.Parameter) for p in parameter_groups(model, recipe(MASKS)))
    almost = parameter_groups(model, recipe(MASKS, layer_decay=0.999))
    assert sum(len(group["params"]) for group in almost) == len(list(model.parameters()))
    with frozen(model, "all"):
        [only] = parameter_groups(model, recipe(MASKS, layer_decay=0.5))
    assert only["lr"] == 0.01
    assert len(only["params"]) < len(list(model.parameters()))


@pytest.mark.parametrize("change", [{"freeze": "all"}, {"frozen_share": 0.5}, {"layer_decay": 0.9}])
def test_a_model_without_encoder_says_so(change):
    model = build_model(Config({"model.architecture": "plain_unet", "model.base_width": 2}), MASKS)
    with pytest.raises(TrainingError, match="PlainUnet has no encoder"):
        run(MASKS, model, **change)
