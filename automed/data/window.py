"""Windows: which intensities of a CT become black and white."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from automed.domain.errors import DataError
from automed.domain.suggestion import suggestion

AUTO = "auto"


class Window(NamedTuple):
    """A range of intensities, in Hounsfield units for CT."""

    centre: float
    width: float


WINDOWS: dict[str, Window] = {
    "lung": Window(-600, 1500),
    "mediastinum": Window(40, 400),
    "soft": Window(40, 400),
    "bone": Window(400, 1800),
    "brain": Window(40, 80),
}
"""Usual settings of radiology workstations, by name."""

_NUMBER = r"([+-]?\d+(?:\.\d+)?)"
_PAIR = re.compile(rf"{_NUMBER}/{_NUMBER}")


def read_window(text: str) -> Window | None:
    """The window that ``data.window`` names: a preset or ``CENTRE/WIDTH``; None for ``auto``.

    Raises:
        DataError: It is neither, or the width is not above 1.
    """
    if text == AUTO:
        return None
    if text in WINDOWS:
        return WINDOWS[text]
    pair = _PAIR.fullmatch(text)
    window = Window(float(pair[1]), float(pair[2])) if pair else None
    if window is None or window.width <= 1:
        raise DataError(
            f"there is no window {text!r}{suggestion(text, [AUTO, *WINDOWS])}",
            found=f"data.window = {text!r}",
            expected=f"{AUTO}, {', '.join(WINDOWS)}, or CENTRE/WIDTH in Hounsfield units with a "
            "width above 1, such as -600/1500",
        )
    return window


def windowed(values: NDArray[Any], window: Window) -> NDArray[np.uint8]:
    """Map values to 0..255 through a window: DICOM's LINEAR function (PS3.3 C.11.2.1.2).

    ``centre - 0.5 - (width - 1) / 2`` and below become 0, and ``centre - 0.5 + (width - 1) / 2``
    and above 255. Values that are not finite become 0.
    """
    middle, span = window.centre - 0.5, max(window.width - 1, 1e-6)
    return stretched(values, middle - span / 2, middle + span / 2)


def stretched(values: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """Map values to 0..255 by the line from ``low`` to ``high``; what is not finite becomes 0."""
    scaled = values.astype(np.float32) - np.float32(low)
    scaled *= np.float32(255 / (high - low) if high > low else 0)
    if values.dtype.kind == "f":
        scaled[~np.isfinite(values)] = 0
    return scaled.round().clip(0, 255).astype(np.uint8)
