"""A kernel that sees some of the columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.gaussian_process.kernels import Matern


class ColumnKernel(Matern):  # type: ignore[misc]  # scikit-learn has no types
    """A Matern kernel over some of the columns, so that a product of several has a length for each.

    Args:
        columns: Indices of those that it sees.
        length_scale: As in `Matern`, as are the others.
        length_scale_bounds: Between which it is fitted.
        nu: Smoothness.
    """

    def __init__(
        self,
        columns: Sequence[int],
        length_scale: float = 1.0,
        length_scale_bounds: tuple[float, float] = (1e-5, 1e5),
        nu: float = 2.5,
    ) -> None:
        super().__init__(length_scale, length_scale_bounds, nu)
        self.columns = columns

    def __call__(
        self,
        X: NDArray[np.float64],  # noqa: N803 - scikit-learn's name
        Y: NDArray[np.float64] | None = None,  # noqa: N803
        eval_gradient: bool = False,
    ) -> Any:  # noqa: ANN401 - one array, or two
        """As `Matern`."""
        seen = list(self.columns)
        other = None if Y is None else np.asarray(Y)[:, seen]
        return super().__call__(np.asarray(X)[:, seen], other, eval_gradient)
