"""Balanced class weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from automed.training.class_weights import balanced_weights


@given(st.lists(st.integers(0, 3), min_size=4, max_size=40))
def test_they_are_scikit_learns(labels):
    labels = np.array([*labels, 0, 1, 2, 3])
    expected = compute_class_weight("balanced", classes=np.arange(4), y=labels)
    assert balanced_weights(labels, 4).tolist() == pytest.approx(expected.tolist())


def test_an_absent_class_weighs_nothing():
    assert balanced_weights(np.array([0, 0, 2]), 3).tolist() == pytest.approx([0.5, 0.0, 1.0])
