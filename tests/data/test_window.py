"""Windows: presets, CENTRE/WIDTH, and the line from black to white."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.pixels import apply_windowing

from automed.data.window import WINDOWS, Window, read_window, windowed
from automed.domain.errors import DataError


def test_presets_and_numbers_are_read() -> None:
    assert read_window("lung") == (-600, 1500)
    assert read_window("brain") == WINDOWS["brain"] == (40, 80)
    assert read_window("-600.5/1500") == (-600.5, 1500)
    assert read_window("auto") is None


@pytest.mark.parametrize("text", ["lungs", "40", "40/0", "40/-3", "a/b", ""])
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="no window") as caught:
        read_window(text)
    assert "CENTRE/WIDTH" in str(caught.value)
    assert "mediastinum" in str(caught.value)


@given(st.integers(-1200, 600), st.integers(2, 3000))
@settings(max_examples=60, deadline=None)
def test_the_line_is_that_of_dicom(centre: int, width: int) -> None:
    """Against pydicom, whose output has 16 bits and so is finer."""
    header = Dataset()
    header.WindowCenter, header.WindowWidth = centre, width
    header.PhotometricInterpretation = "MONOCHROME2"
    header.BitsStored, header.PixelRepresentation = 16, 1
    header.RescaleSlope, header.RescaleIntercept = 1, 0
    values = np.arange(-2000, 2500, 7, dtype=np.int16)
    theirs = apply_windowing(values, header)
    grey = (theirs + 2**15) / (2**16 - 1) * 255
    np.testing.assert_allclose(windowed(values, Window(centre, width)), grey, atol=0.51)


def test_values_that_are_not_finite_are_black() -> None:
    values = np.array([np.nan, np.inf, -np.inf, 40.0, 900.0])
    assert windowed(values, Window(40, 400)).tolist() == [0, 0, 0, 128, 255]
