"""When a training ends."""

from __future__ import annotations

from automed.training.early_stopping import EarlyStopping


def test_patience_counts_the_epochs_since_the_best_one():
    stopping = EarlyStopping(patience=2)
    better = []
    for value in (0.9, 0.5, 0.6, 0.5):  # an equal value is no better one
        assert not stopping.exhausted
        better.append(stopping.is_better(value))
    assert better == [True, True, False, False]
    assert stopping.exhausted
    assert stopping.best_epoch == 2


def test_a_later_best_resets_patience():
    stopping = EarlyStopping(patience=2)
    for value in (0.9, 1.0, 0.8, 1.0):
        stopping.is_better(value)
    assert not stopping.exhausted
    assert stopping.best_epoch == 3


def test_the_first_epoch_counts_even_if_it_is_worth_nothing():
    stopping = EarlyStopping(patience=1)
    assert stopping.is_better(float("inf"))
    assert not stopping.is_better(float("inf"))
    assert stopping.best_epoch == 1


def test_a_new_stage_has_its_own_patience_and_keeps_the_best_epoch_of_all():
    stopping = EarlyStopping(patience=2)
    assert [stopping.is_better(value) for value in (0.5, 0.6, 0.7)] == [True, False, False]
    assert stopping.exhausted
    stopping.restart()
    assert not stopping.exhausted
    better = []
    for value in (0.9, 0.8, 0.85, 0.85):  # 0.8 is the stage's best, not the training's
        assert not stopping.exhausted
        better.append(stopping.is_better(value))
    assert better == [False] * 4
    assert stopping.exhausted
    assert stopping.best_epoch == 1
    stopping.restart()
    assert stopping.is_better(0.4)
    assert stopping.best_epoch == 8
