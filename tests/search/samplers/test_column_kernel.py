"""A kernel over some columns is Matern's over those."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone
from sklearn.gaussian_process.kernels import Matern

from automed.search.samplers.column_kernel import ColumnKernel

POINTS = np.random.default_rng(0).uniform(size=(9, 4))


def test_it_sees_its_columns_alone():
    kernel, plain = ColumnKernel((1, 3), 0.7), Matern(0.7, nu=2.5)
    seen = POINTS[:, [1, 3]]
    np.testing.assert_allclose(kernel(POINTS), plain(seen))
    np.testing.assert_allclose(kernel(POINTS, POINTS[:4]), plain(seen, seen[:4]))
    pairs = zip(kernel(POINTS, eval_gradient=True), plain(seen, eval_gradient=True), strict=True)
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours, theirs)
    np.testing.assert_allclose(kernel.diag(POINTS), 1.0)


def test_it_is_copied_with_its_columns_as_a_fit_copies_it():
    copied = clone(ColumnKernel((2,), 0.5, (0.1, 20.0)))
    assert copied.columns == (2,)
    np.testing.assert_allclose(copied(POINTS), ColumnKernel((2,), 0.5)(POINTS))
