"""Losses by name: formulas, the kinds of targets they serve, and what is refused."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from automed.domain.errors import TrainingError
from automed.domain.task import ClassificationTask, SegmentationTask
from automed.registry.tasks import load_task
from automed.training.losses import LOSSES, build_loss, kind_of, losses_for, read_formula

KINDS = ("binary masks", "class masks", "classes")


def batch(kind, seed=0):
    source = torch.Generator().manual_seed(seed)
    if kind == "binary masks":
        logits = torch.randn(3, 1, 8, 9, generator=source) * 2
        return logits, (torch.rand(3, 1, 8, 9, generator=source) > 0.6).float()
    shape = (3, 4, 8, 9) if kind == "class masks" else (6, 4)
    logits = torch.randn(shape, generator=source) * 2
    return logits, torch.randint(4, (shape[0], *shape[2:]), generator=source)


def fitting():
    return [(kind, name) for kind in KINDS for name in losses_for(kind)]


def test_each_kind_has_its_losses():
    regions = ["dice", "focal", "jaccard", "tversky", "lovasz"]
    assert losses_for("binary masks") == ["bce", *regions]
    assert losses_for("class masks") == [*regions, "ce"]
    assert losses_for("classes") == ["focal", "ce"]


@pytest.mark.parametrize(("kind", "first"), fitting())
def test_a_sum_is_that_of_its_terms_times_their_weights(kind, first):
    logits, targets = batch(kind)
    for second in losses_for(kind):
        if second != first:
            one, other = (build_loss(name)(logits, targets) for name in (first, second))
            assert torch.isclose(build_loss(f"{first}+{second}")(logits, targets), one + other)
            weighted = build_loss(f"0.3*{first} + .7 * {second}")(logits, targets)
            assert torch.isclose(weighted, 0.3 * one + 0.7 * other)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(1e-30, 1e30), st.sampled_from(sorted(LOSSES))),
        min_size=1, max_size=4, unique_by=lambda term: term[1],
    ),
    st.sampled_from(["+", " + ", "+ "]),
)  # fmt: skip
def test_a_formula_is_read_as_python_writes_its_weights(terms, plus):
    # repr writes exponents, such as 1e+16, whose sign is not a sum's.
    text = plus.join(f"{weight!r}*{name}" for weight, name in terms)
    assert [tuple(term) for term in read_formula(text)] == terms


def test_a_term_without_a_weight_counts_once():
    assert read_formula("bce+2*dice") == ((1.0, "bce"), (2.0, "dice"))


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("dise", r"(?s)no loss 'dise'; did you mean 'dice'.*jaccard"), ("", "no loss ''"),
        ("bce+", "no loss ''"), ("bce+hinge", "no loss 'hinge'"), ("bce+bce", "twice"),
        ("0.5*bce+0.5*bce", "twice"), ("0*bce", r"'0\*bce' whose weight"),
        ("bce+-1*dice", r"'-1\*dice' whose weight"), ("nan*bce", "whose weight"),
        ("inf*bce", "whose weight"), ("bce*0.5", r"'bce\*0.5' whose weight"),
        ("2*3*bce", "whose weight"), ("*bce", "whose weight"), ("0.5*", "no loss ''"),
        ("bce-dice", "no loss 'bce-dice'"),
    ],
)  # fmt: skip
def test_what_is_no_formula_is_named(name, complaint):
    with pytest.raises(TrainingError, match=complaint):
        build_loss(name)


@pytest.mark.parametrize(
    ("name", "kind", "complaint"),
    [
        ("ce", "binary masks", r"(?s)'ce' is not for binary masks.*bce, dice"),
        ("bce", "class masks", r"(?s)'bce' is not for class masks.*lovasz, ce"),
        ("dice", "classes", r"(?s)'dice' is not for classes.*focal, ce"),
        ("bce+focal", "classes", r"(?s)'bce\+focal' is not for classes.*focal, ce"),
        ("bce+ce", "class masks", r"'bce\+ce' is not for class masks"),
    ],
)
def test_a_loss_for_another_kind_is_refused_in_the_call(name, kind, complaint):
    with pytest.raises(TrainingError, match=complaint):
        build_loss(name)(*batch(kind))


def test_the_kind_of_a_task_is_that_of_its_targets():
    polyp = load_task("polyp")
    assert kind_of(polyp) == "binary masks"
    several = SegmentationTask(
        name="wbc", title="", classes=("cytoplasm", "nucleus"), image_size=(96, 96),
        space=polyp.space,
    )  # fmt: skip
    assert kind_of(several) == "class masks"
    assert kind_of(load_task("leukemia")) == "classes"
    assert isinstance(load_task("leukemia"), ClassificationTask)


@pytest.mark.parametrize("task", ["polyp", "cell", "leukemia", "breast_cell"])
def test_every_loss_of_the_built_in_spaces_fits_its_task(task):
    task = load_task(task)
    for name in task.space.parameters["training.loss"].choices:
        assert torch.isfinite(build_loss(name)(*batch(kind_of(task))))


@pytest.mark.parametrize(("kind", "name"), fitting())
def test_half_precision_and_autocast_change_nothing_but_the_logits(kind, name):
    logits, targets = batch(kind)
    loss = build_loss(name)
    expected = loss(logits.bfloat16().float(), targets)
    assert expected.dtype is torch.float32
    assert torch.equal(loss(logits.bfloat16(), targets), expected)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(loss(logits.bfloat16(), targets), expected)


@pytest.mark.parametrize(("kind", "name"), fitting())
def test_a_better_prediction_has_a_smaller_loss(kind, name):
    logits, targets = batch(kind)
    if kind == "binary masks":
        right, wrong = targets * 8 - 4, 4 - targets * 8
    else:
        truth = torch.nn.functional.one_hot(targets, 4).movedim(-1, 1).float()
        right, wrong = truth * 8 - 4, 4 - truth * 8
    loss = build_loss(name)
    assert loss(right, targets) < loss(logits, targets) < loss(wrong, targets)
