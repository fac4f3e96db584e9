"""Classes are read from what masks store; edges, JPEG and numbers of objects are none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from automed.api.progress import silent
from automed.data.dataset import Dataset
from automed.data.proposal_classes import MaskClasses, mask_classes, spread
from automed.data.proposal_look import open_unknown
from automed.domain.data_options import DataOptions
from automed.domain.sample import Sample

Draw = Callable[[NDArray[np.uint8], int], None]


def found(folder: Path, draw: Draw, suffix: str = ".png", masks: int = 8) -> MaskClasses:
    for kind in ("images", "masks"):
        (folder / kind).mkdir()
    for number in range(masks):
        mask = np.zeros((64, 64), np.uint8)
        draw(mask, number)
        cv2.imwrite(
            str(folder / "images" / f"{number}.png"), np.full((64, 64, 3), number, np.uint8)
        )
        cv2.imwrite(str(folder / "masks" / f"{number}{suffix}"), mask)
    return mask_classes(opened(folder), silent(""))


def opened(folder: Path) -> Dataset:
    return open_unknown(folder, "mine", None, DataOptions())[0]


def square(mask: NDArray[np.uint8], value: int, at: int = 8, side: int = 24) -> None:
    mask[at : at + side, at : at + side] = value


def two_classes(mask: NDArray[np.uint8], number: int) -> None:
    square(mask, 128, side=40)
    square(mask, 255, at=16, side=16)
    mask[0, number] = 25  # a stray value


@pytest.mark.parametrize(
    ("draw", "suffix", "values", "rule"),
    [
        (lambda m, n: square(m, 255), ".png", (255,), "half"),
        (lambda m, n: square(m, 1), ".png", (1,), "half"),
        (lambda m, n: square(m, 100), ".png", (100,), "nonzero"),
        (lambda m, n: cv2.circle(m, (32, 32), 20, 255, -1), ".jpg", (255,), "half"),
        (two_classes, ".png", (128, 255), "half"),
        (two_classes, ".jpg", (128, 255), "half"),
    ],
)
def test_values_of_classes(
    tmp_path: Path, draw: Draw, suffix: str, values: tuple[int, ...], rule: str
) -> None:
    classes = found(tmp_path, draw, suffix)
    assert classes.values == values
    assert classes.rule == rule or len(values) > 1


def test_small_numbers_are_classes_of_their_own_also_rare_ones(tmp_path: Path) -> None:
    def draw(mask: NDArray[np.uint8], number: int) -> None:
        square(mask, 1, side=50)
        square(mask, 2, at=20, side=10)
        if number in (2, 5):
            mask[:] = 0
            square(mask, 4, side=3)

    assert found(tmp_path, draw).values == (1, 2, 4)


def test_grey_edges_are_no_class(tmp_path: Path) -> None:
    def draw(mask: NDArray[np.uint8], number: int) -> None:
        cv2.circle(mask, (32, 32), 20, 255, -1)
        mask[:] = cv2.GaussianBlur(mask, (5, 5), 1.2)

    assert found(tmp_path, draw).values == (255,)


def test_many_values_are_numbers_of_objects(tmp_path: Path) -> None:
    def draw(mask: NDArray[np.uint8], number: int) -> None:
        for value in range(1, 13):
            mask[value * 4 : value * 4 + 3, 4:40] = value

    classes = found(tmp_path, draw)
    assert (len(classes.values), classes.rule) == (1, "nonzero")
    assert "numbers of objects" in classes.note


def test_empty_masks_are_told(tmp_path: Path) -> None:
    classes = found(tmp_path, lambda m, n: None)
    assert "empty" in classes.note


def test_a_spread_takes_first_and_last() -> None:
    many = [Sample(id=str(i), image=f"{i}.png", label="a") for i in range(100)]
    chosen = [sample.id for sample in spread(many, 5)]
    assert (chosen[0], chosen[-1], len(chosen)) == ("0", "99", 5)
    assert spread(many[:3], 5) == many[:3]
