"""What quality to expect of configs that were not trained."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

Array = NDArray[np.float64]

MOST = 200
"""Trainings that the regression should see, the latest: its time grows with their cube."""

WHISKER = 1.5
"""Interquartile ranges below the first quartile where Tukey's box plot begins its outliers."""


class QualityModel:
    """A Gaussian process over configs and their costs, of scikit-learn.

    Qualities far below the rest are lifted to Tukey's lower whisker: how badly a training that
    learned nothing failed says nothing about its neighbours, and would flatten all the rest.

    Args:
        points: Shape (n, columns); no more than `MOST` should be given.
        quality: Shape (n,), larger is better.
    """

    def __init__(self, points: Array, quality: Array) -> None:
        lower, upper = np.quantile(quality, [0.25, 0.75])
        lifted = np.maximum(quality, lower - WHISKER * (upper - lower))
        self._mean, self._scale = float(lifted.mean()), float(lifted.std()) or 1.0
        kernel = ConstantKernel(1.0, (0.1, 10.0)) * Matern(1.0, (0.1, 20.0), nu=2.5)
        # Seeds alone move a quality by some share of what configs do.
        kernel += WhiteKernel(0.05, (1e-3, 0.5))
        self._process = GaussianProcessRegressor(kernel, random_state=0)
        with warnings.catch_warnings():
            # A length at its bound means that little is known yet, not that the fit failed.
            warnings.simplefilter("ignore", ConvergenceWarning)
            self._process.fit(points, (lifted - self._mean) / self._scale)

    def predict(self, points: Array) -> tuple[Array, Array]:
        """Mean and standard deviation of each point's quality, noise included."""
        mean, std = self._process.predict(points, return_std=True)
        return mean * self._scale + self._mean, np.maximum(std * self._scale, 1e-9)
